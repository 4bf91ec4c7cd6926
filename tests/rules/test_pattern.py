"""Conditions over time against a slow, obvious reading of what they say: every moment asked one by one."""

from dataclasses import replace
from itertools import pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.known import Known
from rules.pattern import Weighing
from rules.tree import Absence, All, Count, InOrder, Leaf, Rate
from vidette.ids import make_id
from vidette.matches import Match

LAST = 40  # seconds in which anything happens; all times are whole seconds, moments between them are half ones
HALVES = range(-40, 4 * LAST)
NEVER = float("inf")


def ms(seconds):
    return round(seconds * 1000)


def happening(id_, start, end=None, *, seen=None, subject="", streams=("yard",), zones=()):
    return Match(
        id=id_,
        start=ms(start),
        end=None if end is None else ms(end),
        seen=None if seen is None else ms(seen),
        subject=subject,
        streams=streams,
        zones=zones,
        events=(id_,),
    )


ALWAYS = Known(runs=((ms(-10), ms(2 * LAST)),))


# The reference ------------------------------------------------------------------------------------------------------


def holds(one, half):
    return one.start <= half * 500 <= one.until


def lasting(found, for_s):
    for one in found:
        start = one.start + ms(for_s)
        if one.until >= start:
            yield start, one.end, one


def told(node, leaf_matches, known):
    """(start, end or None, subject) of every match, each as often as there is one."""
    return sorted(((a, b, c) for a, b, c, *_ in _told(node, leaf_matches, known)), key=str)


def _told(node, given_, known):
    match node:
        case Leaf():
            return [(a, b, one.subject, one.id) for a, b, one in lasting(given_.get(node.number, ()), node.for_s)]
        case InOrder(parts=parts, within_s=within_s):
            return _orders([given_.get(part.number, ()) for part in parts], ms(within_s))
        case All():
            return _alls(node, given_, known)
        case Count(part=part, at_least=at_least, at_most=at_most, within_s=within_s, for_s=for_s):
            found = given_.get(part.number, ())
            if at_least is not None:
                return [
                    (a + ms(for_s), b, "", "")
                    for a, b, reach in _enough(found, at_least, within_s)
                    if reach >= a + ms(for_s)
                ]
            return _fews(found, at_most, within_s, for_s, known)
        case Absence(part=part, for_s=for_s):
            return _fews(given_.get(part.number, ()), 0, 0, for_s, known)


def _orders(parts, within):
    best = {}
    for chain in product(*parts):
        places = [(one.start, one.id) for one in chain]
        if all(a < b for a, b in pairwise(places)) and places[-1][0] - places[0][0] <= within:
            last = chain[-1].id
            best[last] = max(best.get(last, []), places)
    subjects = {one.id: one.subject for one in parts[-1]}
    return [(places[-1][0], places[-1][0], subjects[last], tuple(places)) for last, places in best.items()]


def _alls(node, given_, known):
    """Every choice of one match a part; of those with one last part, the one with the nearest others."""
    within = ms(node.within_s)
    found = [given_.get(part.number, ()) for part in node.parts]
    best = {}
    for choice in product(*found):
        places = [(one.start, i, one.id) for i, one in enumerate(choice)]
        last = max(places)
        if all(one.until >= last[0] - within for one in choice):
            best[last] = max(best.get(last, ([],)), (places, choice), key=lambda pair: pair[0])
    out = []
    for (at, _, id_), (_, choice) in best.items():
        against = [one for part in node.none for one in given_.get(part.number, ())]
        if node.none:
            if any(one.start <= at + within and (one.end is None or one.end >= at - within) for one in against):
                continue
            if at + within > known.now or not any(a <= at - within and at + within <= b for a, b in known.runs):
                continue
        start = at + (within if node.none else 0)
        reach = min(one.until for one in choice)
        end = (
            None
            if any(one.end is None and one.until == reach for one in choice)
            and not any(one.end is not None and one.end == reach for one in choice)
            else reach
        )
        if end is not None:
            end = max(start, end)
        elif reach < start and any(one.end is not None and one.end <= start for one in choice):
            end = None
        subject = next(one.subject for one in choice if one.id == id_)
        out.append((start, end, subject, id_))
    return out


def _count(found, half, within_s, *, without_end_at=NEVER):
    at = half * 500
    if within_s:
        return len({one.id for one in found if at - ms(within_s) < one.start <= at})
    return len({one.subject or one.id for one in found if holds(one, half) and one.end != without_end_at})


def going_on(one, known):
    """What goes on holds until somebody says otherwise; where nobody will, as far as it was seen."""
    if one.end is not None:
        return one
    over = all(not after < one.seen + 1 < before for after, before in known.open)
    return replace(one, end=one.seen) if over else replace(one, seen=None)


def _runs_of_truth(truths):
    """Longest stretches of neighbours that are true."""
    out = []
    for half, true in zip(HALVES, truths, strict=True):
        if true and out and out[-1][1] == half - 1:
            out[-1][1] = half
        elif true:
            out.append([half, half])
    return out


def _enough(found, least, within_s):
    truths = [_count(found, half, within_s) >= least for half in HALVES]
    for first, last in _runs_of_truth(truths):
        if last == HALVES[-1]:
            yield first * 500, None, NEVER
        elif within_s:
            yield first * 500, (last + 1) * 500, (last + 1) * 500
        else:
            known = _count(found, last, 0, without_end_at=last * 500) < least
            yield first * 500, last * 500 if known else None, last * 500


def _fews(found, most, within_s, for_s, known):
    found = [going_on(one, known) for one in found]
    few = [_count(found, half, within_s) <= most for half in HALVES]
    out = []
    for first, last in _runs_of_truth(few):
        for begin, end in known.runs:
            start = -NEVER if first == HALVES[0] else (first if within_s else first - 1) * 500
            over = NEVER if last == HALVES[-1] else (last + 1) * 500
            began = max(start, begin + ms(within_s)) + ms(for_s)
            upto = min(over, end)
            if began <= upto and not (over <= end and began - ms(for_s) == over):
                out.append((began, int(over) if over <= end else None, "", ""))
    return out


# What is asked ------------------------------------------------------------------------------------------------------


def leaf(number, **more):
    return Leaf(number=number, **more)


def one_leaf_matches(number):
    def made(start, long, subject, n):
        return happening(f"{number}-{n}-{start}", start, start + long, subject=subject, zones=("gate",))

    return st.lists(
        st.builds(
            made, st.integers(0, LAST), st.integers(0, 12), st.sampled_from(["", "ann", "bob"]), st.integers(0, 3)
        ),
        max_size=6,
        unique_by=lambda one: one.id,
    )


def opened(one, seen):
    return replace(one, end=None, seen=one.start + seen * 1000)


def open_or_not(number):
    return st.tuples(one_leaf_matches(number), st.lists(st.integers(-1, 15), min_size=6, max_size=6)).map(
        lambda pair: [
            opened(one, seen) if seen >= 0 and seen % 3 == 0 else one for one, seen in zip(*pair, strict=False)
        ]
    )


GIVEN = st.tuples(open_or_not(0), open_or_not(1), open_or_not(2)).map(lambda some: dict(enumerate(some)))
SECONDS = st.integers(0, 15).map(float)
POSITIVE = st.integers(1, 15).map(float)
RUNS = st.lists(st.integers(-2, LAST + 5), unique=True, min_size=0, max_size=6).map(
    lambda ends: tuple((ms(a), ms(b)) for a, b in zip(*[iter(sorted(ends))] * 2, strict=False))
)
QUICK = settings(max_examples=150, deadline=None)


def found(node, given_, known=ALWAYS):
    return sorted(((one.start, one.end, one.subject) for one in Weighing(given_, lambda *_: known).of(node)), key=str)


@QUICK
@given(GIVEN, SECONDS)
def test_a_leaf_that_lasts(given_, for_s):
    assert found(leaf(0, for_s=for_s), given_) == told(leaf(0, for_s=for_s), given_, ALWAYS)


@QUICK
@given(GIVEN, POSITIVE, st.integers(2, 3))
def test_in_order_is_each_last_after_the_nearest_chain(given_, within_s, length):
    node = InOrder(parts=tuple(leaf(i) for i in range(length)), within_s=within_s)
    assert found(node, given_) == told(node, given_, ALWAYS)
    chains = {places[-1][1]: [id_ for _, id_ in places] for *_, places in _told(node, given_, ALWAYS)}
    for one in Weighing(given_, lambda *_: ALWAYS).of(node):
        assert list(one.events) == chains[one.events[-1]]
        assert one.id == make_id("in order", one.events[-1])


@QUICK
@given(GIVEN, SECONDS, st.booleans(), RUNS)
def test_all_is_each_that_began_last_where_the_others_hold(given_, within_s, denied, runs):
    known = Known(runs=runs, now=runs[-1][1] if runs else 0)
    if denied:  # what goes on holds on: then whether it may have ended is not asked
        given_[2] = [one for one in given_[2] if one.end is not None]
    node = All(parts=(leaf(0), leaf(1)), none=(leaf(2),) if denied else (), within_s=within_s)
    mine, theirs = found(node, given_, known), told(node, given_, known)
    assert [(a, c) for a, _, c in mine] == [(a, c) for a, _, c in theirs]
    sure = {i: [one for one in some if one.end is not None] for i, some in given_.items()}
    assert found(node, sure, known) == told(node, sure, known)


@QUICK
@given(GIVEN, st.integers(1, 4), SECONDS, SECONDS)
def test_count_at_least(given_, least, within_s, for_s):
    node = Count(part=leaf(0), at_least=float(least), at_most=None, within_s=within_s, for_s=for_s)
    assert found(node, given_) == told(node, given_, ALWAYS)


@QUICK
@given(GIVEN, st.integers(0, 3), SECONDS, SECONDS, RUNS, st.integers(0, LAST))
def test_count_at_most_only_where_somebody_looked(given_, most, within_s, for_s, runs, still):
    known = Known(runs=runs, open=((ms(still), NEVER),))
    node = Count(part=leaf(0), at_least=None, at_most=float(most), within_s=within_s, for_s=for_s)
    assert found(node, given_, known) == told(node, given_, known)


@QUICK
@given(GIVEN, POSITIVE, RUNS, st.integers(0, LAST))
def test_absence(given_, for_s, runs, still):
    known = Known(runs=runs, open=((ms(still), NEVER),))
    node = Absence(part=leaf(0), for_s=for_s)
    assert found(node, given_, known) == told(node, given_, known)


@QUICK
@given(GIVEN, st.integers(1, 6), POSITIVE)
def test_rate_is_a_count(given_, times, within_s):
    rate = Rate(part=leaf(0), per_s=60.0, at_least=times * 60.0 / within_s, at_most=None, within_s=within_s)
    count = Count(part=leaf(0), at_least=float(times), at_most=None, within_s=within_s)
    weighing = Weighing(given_, lambda *_: ALWAYS)
    assert weighing.of(rate) == weighing.of(count)
