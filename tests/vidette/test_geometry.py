import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vidette import geometry
from vidette.geometry import Box, Point

UNIT = st.floats(0, 1, width=32)
POINT = st.tuples(UNIT, UNIT)
BOX = st.tuples(UNIT, UNIT, UNIT, UNIT).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
HOOK = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 1.0), (0.8, 0.2), (0.0, 0.2))


@given(BOX, BOX)
def test_iou_is_a_share_and_has_no_sides(a: Box, b: Box) -> None:
    assert 0 <= geometry.iou(a, b) <= 1 + 1e-9
    assert geometry.iou(a, b) == pytest.approx(geometry.iou(b, a))
    assert geometry.iou(a, a) == (pytest.approx(1) if geometry.area(a) > 0 else 0)


@given(BOX, BOX)
def test_the_shared_part_lies_in_both(a: Box, b: Box) -> None:
    shared = geometry.intersection(a, b)
    assert shared <= min(geometry.area(a), geometry.area(b)) + 1e-9
    assert 0 <= geometry.inside_share(a, b) <= 1 + 1e-9
    assert shared == 0 or geometry.gap(a, b) == 0


@given(BOX, BOX)
def test_the_hull_holds_both(a: Box, b: Box) -> None:
    both = geometry.hull(a, b)
    for one in (a, b):
        assert both[0] <= one[0]
        assert both[1] <= one[1]
        assert both[2] >= one[2]
        assert both[3] >= one[3]


@given(BOX, st.floats(0, 2))
def test_grown_boxes_stay_in_the_picture(box: Box, margin: float) -> None:
    grown = geometry.grow(box, margin)
    assert 0 <= grown[0] <= box[0]
    assert box[3] <= grown[3] <= 1


@given(BOX, BOX)
def test_the_gap_is_the_shortest_way(a: Box, b: Box) -> None:
    assert geometry.gap(a, b) <= geometry.distance(geometry.centre(a), geometry.centre(b)) + 1e-9
    assert geometry.gap(a, b) == geometry.gap(b, a)


@given(POINT)
def test_a_polygon_holds_what_is_between_its_sides(point: Point) -> None:
    x, y = point
    if all(abs(value - border) > 1e-6 for value in point for border in (0.2, 0.8)):
        assert geometry.contains(SQUARE, point) == (0.2 < x < 0.8 and 0.2 < y < 0.8)


@pytest.mark.parametrize(
    ("point", "inside"), [((0.5, 0.1), True), ((0.9, 0.9), True), ((0.5, 0.5), False), ((0.1, 0.9), False)]
)
def test_a_polygon_may_bend_inwards(point: Point, inside: bool) -> None:
    assert geometry.contains(HOOK, point) is inside


@given(POINT, POINT, POINT, POINT)
def test_the_way_back_crosses_the_other_way(a: Point, b: Point, before: Point, after: Point) -> None:
    sides = [
        geometry.side(a, b, before),
        geometry.side(a, b, after),
        geometry.side(before, after, a),
        geometry.side(before, after, b),
    ]
    assume(all(abs(side) > 1e-9 for side in sides))  # what stands exactly on a line counts as left of it
    there, back = geometry.crossing(a, b, before, after), geometry.crossing(a, b, after, before)
    assert there == -back
    assert there == -geometry.crossing(b, a, before, after)


def test_forward_is_from_left_to_right_of_the_line() -> None:
    up, down = (0.5, 1.0), (0.5, 0.0)  # y grows downwards: this line points up the picture, its left is x < 0.5
    assert geometry.crossing(up, down, (0.4, 0.5), (0.6, 0.5)) == 1
    assert geometry.crossing(up, down, (0.6, 0.5), (0.4, 0.5)) == -1
    assert geometry.crossing(up, down, (0.1, 0.5), (0.4, 0.5)) == 0
    assert geometry.crossing((0.5, 0.4), (0.5, 0.0), (0.4, 0.9), (0.6, 0.9)) == 0


def test_places_on_a_box() -> None:
    box = (0.25, 0.5, 0.75, 1.0)
    assert (geometry.centre(box), geometry.foot(box)) == ((0.5, 0.75), (0.5, 1.0))
    assert geometry.area((0.5, 0.5, 0.25, 0.75)) == 0
    assert geometry.gap((0.0, 0.0, 0.1, 0.1), (0.4, 0.5, 0.6, 0.6)) == pytest.approx(math.hypot(0.3, 0.4))
