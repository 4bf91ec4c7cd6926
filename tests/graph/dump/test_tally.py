from hypothesis import given
from hypothesis import strategies as st

from graph.dump.records import KINDS
from graph.dump.tally import Tally, present

LINES = st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=20)), max_size=20)


def tallied(lines):
    tally = Tally()
    for kind, line in lines:
        tally.add(kind, line)
    return tally


@given(LINES, st.randoms(use_true_random=False))
def test_no_order_matters(lines, random):
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert tallied(lines).digests == tallied(shuffled).digests
    assert not list(tallied(lines).differ(tallied(shuffled)))


@given(LINES, st.sampled_from(KINDS), st.binary(max_size=20))
def test_one_record_more_or_another_one_shows(lines, kind, line):
    more = tallied([*lines, (kind, line)])
    assert list(more.differ(tallied(lines))) == [f"{kind}: {more.counts[kind]} and {more.counts[kind] - 1}"]
    other = tallied([*lines, (kind, line + b"!")])
    assert list(more.differ(other)) == [f"{kind}: {more.counts[kind]} each, not all the same"]


def test_the_same_record_twice_is_not_none():
    assert tallied([("run", b"x")] * 2).digests != tallied([]).digests
    assert present(tallied([("run", b"x")] * 2).counts) == {"run": 2}
