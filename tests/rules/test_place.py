from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.place import picture_box, position, subject_key, subject_of
from vidette.models import EventType, Evidence, Label, PathPoint, State
from vidette.rows import EntityRow, EventRow, TrackRow

AT = datetime(2026, 3, 2, tzinfo=UTC)
BOX = (0.1, 0.2, 0.3, 0.4)


def track(*points):
    path = tuple(PathPoint(pts_s=at, box=box) for at, box in points)
    return TrackRow(id="t", stream="s", label=Label.OBJECT, start=AT, start_s=0, confidence=1, path=path, entity="e")


def event(*entities, box=None):
    picture = Evidence(kind="snapshot", sha256="a", uri="a", pts_s=0, box=box)
    return EventRow(
        id="e",
        type=EventType.OBJECT_REMOVED,
        stream="s",
        start=AT,
        start_s=0,
        confidence=1,
        caption="",
        state=State.CLOSED,
        entities=tuple(EntityRow(id=key, label=Label.OBJECT, role=role) for key, role in entities),
        evidence=(picture,),
    )


UNIT = st.floats(0, 1)
POINTS = st.lists(st.tuples(st.floats(0, 100), st.tuples(UNIT, UNIT, UNIT, UNIT)), min_size=1, unique_by=lambda p: p[0])


@given(POINTS, st.floats(-10, 110))
def test_a_position_lies_between_the_points_round_it(points, at):
    points = sorted(points)
    found = position(track(*points), at)
    before = [box for pts, box in points if pts <= at][-1:]
    after = [box for pts, box in points if pts > at][:1]
    for i, side in enumerate(found):
        sides = [box[i] for box in before + after]
        assert min(sides) - 1e-9 <= side <= max(sides) + 1e-9


@given(POINTS)
def test_at_a_point_it_is_there(points):
    for pts, box in points:
        assert position(track(*sorted(points)), pts) == pytest.approx(box)


def test_a_track_without_path_is_nowhere():
    assert position(track(), 3.0) is None


def test_half_way():
    assert position(track((0, (0, 0, 0.2, 0.2)), (10, (0.4, 0, 0.6, 0.2))), 5) == pytest.approx((0.2, 0, 0.4, 0.2))


def test_the_subject_is_the_entity_the_place_or_the_stream():
    assert subject_key(event(("taker", "taker"), ("bag", "subject"))) == "bag"
    assert subject_of(event(("taker", "taker"), box=BOX)) is None
    assert subject_key(event(("taker", "taker"), box=BOX)) == "place 3,4"
    assert subject_key(event()) == "stream"
    assert picture_box(event(box=BOX)) == BOX
