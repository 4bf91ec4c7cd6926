"""Coverage between commits: rows never overlap, damage is never overwritten, what may come is pending."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.perception.covering import Covering
from tests.pictures import Drawing
from vidette import intervals
from vidette.models import DeepState, FastState


class Torn:
    start_s, end_s, reason = 2.0, 4.0, "broken"


def said(rows):
    return [(row.start_s, row.end_s, row.state.value, row.deep.value, row.reason) for row in rows]


def test_what_deserves_a_deep_look_is_pending_where_one_may_come():
    for deep, word in ((True, "pending"), (False, "examined")):
        covering = Covering("s", deep=deep)
        covering.watched(0, 2, DeepState.EXAMINED)
        covering.watched(2, 5, DeepState.GATED)
        assert said(covering.drain()) == [(0, 2, "watched", word, ""), (2, 5, "watched", "gated", "")]
        assert covering.drain() == ()


def test_what_nothing_can_be_shown_of_is_dropped_and_not_pending_for_ever():
    for deep, told in ((True, ("dropped", "no picture of it")), (False, ("examined", ""))):
        covering = Covering("s", deep=deep)
        covering.watched(0, 1, DeepState.EXAMINED)  # told while the segment was open
        covering.watched(0, 2, DeepState.EXAMINED, shown=False)
        assert said(covering.drain()) == [(0, 2, "watched", *told)]


def test_damage_and_blindness_outlast_what_is_said_of_their_time():
    covering = Covering("s", deep=False)
    source = Drawing(10, damage=(Torn(),))
    covering.watched(0, 6, DeepState.EXAMINED)
    covering.damaged(source, 6.0)
    covering.blind(5.0, 5.5, "dark")
    failed = (2, 4, "failed", "failed", "broken")
    assert failed in said(covering.drain())
    covering.watched(0, 8, DeepState.GATED)
    covering.damaged(source, 8.0)
    rows = said(covering.drain())
    assert failed in rows
    assert (5.0, 5.5, "blind", "off", "dark") in rows


def test_damage_is_told_up_to_where_the_watch_has_come():
    covering = Covering("s", deep=False)
    source = Drawing(10, damage=(Torn(),))
    covering.damaged(source, 1.0)
    assert covering.drain() == ()
    covering.damaged(source, 3.0)
    assert said(covering.drain()) == [(2, 3, "failed", "failed", "broken")]
    covering.damaged(source, 6.0)
    assert said(covering.drain()) == [(2, 4, "failed", "failed", "broken")]


def test_what_lies_wholly_before_the_open_segment_is_told_no_more():
    covering = Covering("s", deep=False)
    covering.blind(1.0, 2.0, "dark")
    covering.forget(1.5)
    assert len(covering.drain()) == 1
    covering.forget(2.0)
    assert covering.drain() == ()


moments = st.floats(0, 20).map(lambda value: round(value, 2))
spans = st.tuples(moments, moments).map(lambda pair: tuple(sorted(pair)))
told = st.lists(st.tuples(spans, st.sampled_from(["gated", "heartbeat", "examined", "blind", "commit"])), max_size=15)


@given(told)
def test_rows_never_overlap_and_blank_stretches_stay_blank(calls):
    covering, merged, blank = Covering("s", deep=False), [], []
    for (start_s, end_s), what in calls:
        if what == "commit":
            merged = intervals.merge(merged, covering.drain())
        elif what == "blind":
            covering.blind(start_s, end_s, "dark")
            blank.append((start_s, end_s))
        else:
            covering.watched(start_s, end_s, DeepState(what))
    rows = intervals.merge(merged, covering.drain())
    assert all(a.end_s <= b.start_s for a, b in pairwise(rows))
    unseen = [(row.start_s, row.end_s) for row in rows if row.state is FastState.BLIND]
    assert intervals.union(unseen) == intervals.union(blank)
