"""Detections of several pictures as things."""

from hypothesis import given
from hypothesis import strategies as st

from agent.perception.detect.linking import SAME, things
from vidette.geometry import iou
from vidette.models import Label, PathPoint, Track
from vidette.vision import Detection

STAYS, PASSES = (0.1, 0.1, 0.3, 0.5), (0.6, 0.1, 0.8, 0.5)


def found(box, label=Label.PERSON, kind="person", confidence=0.5, polygon=()):
    return Detection(label=label, kind=kind, box=box, confidence=confidence, polygon=polygon)


def track(id_, *points):
    path = tuple(PathPoint(pts_s=at, box=box) for at, box in points)
    return Track(id=id_, stream_id="cam", label=Label.OBJECT, start_s=0, end_s=9, confidence=1, path=path)


def moved(box, dx):
    return box[0] + dx, box[1], box[2] + dx, box[3]


def test_a_track_is_what_overlaps_it_where_it_is_at_that_time():
    walks = track("t", (0.0, STAYS), (10.0, moved(STAYS, 0.5)))
    (thing,) = things([(5.0, [found(moved(STAYS, 0.25))])], [walks])
    assert (thing.track_id, thing.label, thing.at_s) == ("t", Label.PERSON, 5.0)
    (other,) = things([(0.0, [found(moved(STAYS, 0.25))])], [walks])
    assert other.track_id is None


def test_just_before_and_after_it_was_followed_a_track_is_where_it_was():
    walks = track("t", (4.0, STAYS), (6.0, PASSES))
    for at, box, named in ((3.6, STAYS, "t"), (6.5, PASSES, "t"), (3.4, STAYS, None), (6.6, PASSES, None)):
        (thing,) = things([(at, [found(box)])], [walks])
        assert thing.track_id == named
    assert things([(5.0, [found(STAYS)])], [track("none")])[0].track_id is None


def test_most_pictures_decide_what_a_track_is():
    cars = [(at, [found(STAYS, Label.VEHICLE, kind, 0.4)]) for at, kind in ((1.0, "car"), (2.0, "van"))]
    people = [(3.0, [found(STAYS, confidence=0.99)])]
    (thing,) = things([*cars, *people], [track("t", (0.0, STAYS), (9.0, STAYS))])
    assert thing.label is Label.VEHICLE
    assert thing.attributes["kind"] in {"car", "van"}


def test_where_they_are_even_what_overlaps_more_decides():
    loose = (0.1, 0.1, 0.3, 0.3)
    pictures = [(1.0, [found(loose, Label.VEHICLE, "car", 0.9)]), (2.0, [found(STAYS, confidence=0.3)])]
    (thing,) = things(pictures, [track("t", (0.0, STAYS), (9.0, STAYS))])
    assert thing.label is Label.PERSON


def test_each_track_has_one_detection_of_a_picture_and_each_detection_one_track():
    near = moved(STAYS, 0.04)
    tracks = [track("a", (0.0, STAYS), (9.0, STAYS)), track("b", (0.0, near), (9.0, near))]
    found_ = [found(near, Label.BAG, "bag"), found(STAYS, Label.PERSON)]
    by_track = {one.track_id: one.label for one in things([(1.0, found_)], tracks)}
    assert by_track == {"a": Label.PERSON, "b": Label.BAG}


def test_what_no_track_covers_is_told_once_over_all_pictures():
    pictures = [(at, [found(moved(PASSES, 0.01 * at), Label.BAG, "suitcase", 0.1 * at)]) for at in (1.0, 2.0, 3.0)]
    (thing,) = things(pictures, [])
    assert (thing.track_id, thing.label, thing.at_s) == (None, Label.BAG, 3.0)
    assert thing.attributes == {"kind": "suitcase", "confidence": 0.3}
    assert thing.box == pictures[2][1][0].box


def test_two_alike_in_one_picture_are_two():
    assert len(things([(1.0, [found(STAYS), found(moved(STAYS, 0.01))])], [])) == 2
    assert len(things([(1.0, [found(STAYS)]), (2.0, [found(STAYS, Label.BAG)])], [])) == 2


def test_of_crowds_that_nobody_follows_so_many_are_told():
    crowd = [(float(at), [found((i / 200, 0.0, i / 200 + 0.004, 0.1)) for i in range(150)]) for at in range(3)]
    told = things(crowd, [])
    assert len(told) == 128
    assert {one.at_s for one in told} == {0.0}


def test_what_is_sure_and_outlined_is_kept_and_what_says_nothing_new_is_not():
    corners = ((0.1, 0.1), (0.3, 0.1), (0.2, 0.5))
    (thing,) = things([(1.0, [found(STAYS, confidence=None, polygon=corners)])], [])
    assert thing.attributes == {}
    assert thing.polygon == corners


BOXES = st.tuples(*[st.floats(0, 0.45)] * 2, *[st.floats(0.55, 1)] * 2)
FOUND = st.builds(
    found,
    box=BOXES,
    label=st.sampled_from(Label),
    kind=st.sampled_from(["", "car"]),
    confidence=st.none() | st.floats(0, 1),
)
PICTURES = st.lists(st.tuples(st.floats(0, 9), st.lists(FOUND, max_size=5)), max_size=5, unique_by=lambda one: one[0])


@given(pictures=PICTURES, places=st.lists(BOXES, max_size=4))
def test_nothing_is_lost_and_nothing_made_up(pictures, places):
    pictures.sort(key=lambda one: one[0])
    tracks = [track(f"t{i}", (0.0, box), (9.0, box)) for i, box in enumerate(places)]
    told = things(pictures, tracks)
    all_ = [one for _, some in pictures for one in some]
    assert len(told) <= len(all_)
    assert bool(told) == bool(all_)
    named = [one.track_id for one in told if one.track_id]
    assert len(named) == len(set(named))
    for one in told:
        assert any((one.label, one.box) == (each.label, each.box) for each in all_)
        if one.track_id:
            assert iou(one.box, places[int(one.track_id[1:])]) >= SAME
    assert things(pictures, tracks) == told
