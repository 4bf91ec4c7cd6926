"""Against a clock that ticks: times are small integers, so that every moment can be asked."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vidette.intervals import clipped, complement, deepened, join, merge, stronger, strongest, total, union
from vidette.models import Coverage, DeepState, FastState

SPAN = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (float(pair[0]), float(pair[1])))
STATES = st.tuples(st.sampled_from(FastState), st.sampled_from(DeepState), st.sampled_from(["", "why", "because"]))


def row(start: float, end: float, state: FastState, deep: DeepState, reason: str = "") -> Coverage:
    return Coverage(stream_id="s", start_s=start, end_s=end, state=state, deep=deep, reason=reason)


@st.composite
def tiled(draw: st.DrawFn) -> list[Coverage]:
    """Rows that do not overlap, with gaps."""
    borders = sorted(draw(st.lists(st.integers(0, 20), unique=True, max_size=9)))
    out = [row(start, end, *draw(STATES)) for start, end in pairwise(borders) if draw(st.booleans())]
    return draw(st.permutations(out))


def ticks(spans: list[tuple[float, float]]) -> set[int]:
    return {at for start, end in spans for at in range(int(start), int(end))}


def said(rows: list[Coverage]) -> dict[int, tuple[object, ...]]:
    return {at: (one.state, one.deep, one.reason) for one in rows for at in range(int(one.start_s), int(one.end_s))}


@given(st.lists(SPAN))
def test_union_is_the_same_time_apart_and_in_order(spans: list[tuple[float, float]]) -> None:
    joined = union(spans)
    assert ticks(joined) == ticks(spans)
    assert all(a[1] < b[0] for a, b in pairwise(joined))
    assert total(spans) == len(ticks(spans))
    assert union(joined) == joined


@given(tiled(), SPAN)
def test_clipped_is_what_both_share(rows: list[Coverage], within: tuple[float, float]) -> None:
    inside = said([clipped(one, *within) for one in rows])
    assert inside == {at: what for at, what in said(rows).items() if at in ticks([within])}


@given(st.lists(SPAN), SPAN)
def test_complement_is_what_is_left(spans: list[tuple[float, float]], within: tuple[float, float]) -> None:
    left = complement(spans, within)
    assert ticks(left) == ticks([within]) - ticks(spans)
    assert union(left) == left


@given(tiled(), tiled())
def test_merge_tiles_what_either_said(old: list[Coverage], new: list[Coverage]) -> None:
    merged = merge(old, new)
    before, after, now = said(old), said(new), said(merged)
    assert now.keys() == before.keys() | after.keys()
    assert all(a.end_s <= b.start_s for a, b in pairwise(merged))
    assert join(merged) == merged
    rank = list(DeepState).index
    for at, (state, deep, _) in now.items():
        assert state == after.get(at, before.get(at))[0]
        assert rank(deep) == max(rank(rows[at][1]) for rows in (before, after) if at in rows)


@given(tiled(), tiled())
def test_merging_the_same_again_changes_nothing(old: list[Coverage], new: list[Coverage]) -> None:
    once = merge(old, new)
    assert merge(once, new) == once


@given(tiled(), tiled(), tiled())
def test_deep_rows_merge_in_any_order(a: list[Coverage], b: list[Coverage], c: list[Coverage]) -> None:
    left = merge(merge(a, b, strongest), c, strongest)
    assert left == merge(a, merge(c, b, strongest), strongest)
    assert merge(left, b, strongest) == left


@given(tiled(), tiled())
def test_a_deep_lane_over_a_fast_one_keeps_what_was_watched(fast: list[Coverage], deep: list[Coverage]) -> None:
    laid = said(merge(fast, deep, deepened))
    rank = list(DeepState).index
    for at, (state, told, _) in said(fast).items():
        assert laid[at][0] is state
        assert rank(laid[at][1]) == max(rank(told), rank(said(deep).get(at, (None, told))[1]))


def test_of_two_looks_the_whole_one_counts() -> None:
    less, whole = (row(0, 1, FastState.WATCHED, DeepState.EXAMINED, why) for why in ("fewer pictures", ""))
    assert strongest(less, whole) == strongest(whole, less) == whole
    assert deepened(whole, less) == less  # the fast look only says that one would be worth it


def test_the_reason_follows_what_it_explains() -> None:
    fast = row(0, 1, FastState.WATCHED, DeepState.GATED, "quiet")
    assert deepened(fast, row(0, 1, FastState.NOT_RUNNING, DeepState.FAILED, "broke")) == fast
    assert deepened(fast, row(0, 1, FastState.NOT_RUNNING, DeepState.EXAMINED)).reason == "quiet"
    assert stronger(fast, row(0, 1, FastState.BLIND, DeepState.PENDING, "dark")).reason == "dark"


def test_neighbours_join_only_where_they_say_the_same() -> None:
    first, second = row(0, 1, FastState.WATCHED, DeepState.GATED), row(1, 2, FastState.WATCHED, DeepState.GATED)
    apart, other = row(3, 4, FastState.WATCHED, DeepState.GATED), row(4, 5, FastState.WATCHED, DeepState.GATED, "why")
    assert join([first, second, apart, other]) == [row(0, 2, FastState.WATCHED, DeepState.GATED), apart, other]
