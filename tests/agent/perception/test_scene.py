"""People and things in one scene: one is one track, over its whole way; what is left, and by whom."""

import pytest

from tests.looking import watch
from tests.pictures import HEIGHT, WIDTH, Drawing, box, patch, stay, then, van, walk
from vidette.models import EventType
from vidette.settings import FastSettings, Settings

RED, BLUE, DARK, WHITE = (200, 60, 50), (50, 70, 190), (40, 40, 45), (235, 235, 235)
COMING = (EventType.OBJECT_ENTERED, EventType.OBJECT_EXITED)
THINGS = (EventType.OBJECT_LEFT, EventType.OBJECT_ABANDONED, EventType.OBJECT_REMOVED)
WAYS = {
    "left": ((-10, 180), (490, 190)),
    "right": ((490, 180), (-10, 170)),
    "top": ((240, -28), (250, 300)),
    "bottom": ((240, 300), (230, -28)),
}
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


def roles(event):
    return {role.role: role.track_id for role in event.roles}


@pytest.mark.parametrize("side", WAYS)
def test_one_walker_is_one_track_from_border_to_border(side):
    watched = watch(Drawing(9, [box(RED, walk(1, 7, *WAYS[side]))]))
    (track,) = watched.tracks
    assert track.start_s == pytest.approx(1.0, abs=0.5)
    assert track.end_s == pytest.approx(7.0, abs=0.5)
    assert (track.path[0].pts_s, track.path[-1].pts_s) == (track.start_s, track.end_s)
    assert track.confidence > 0.9
    assert track.attributes["colour"] == "red"
    entered, exited = watched.events(*COMING)
    assert (entered.type, entered.start_s, entered.end_s) == (EventType.OBJECT_ENTERED, track.start_s, track.start_s)
    assert (exited.type, exited.start_s, exited.end_s) == (EventType.OBJECT_EXITED, track.end_s, track.end_s)
    assert entered.caption == f"A red object entered from the {side}."
    assert exited.caption == f"A red object went out at the {OPPOSITE[side]} after 6 s."
    assert roles(entered) == roles(exited) == {"subject": track.id}


def test_a_path_goes_where_the_walker_went():
    place = walk(2, 10, *WAYS["left"])
    (track,) = watch(Drawing(12, [box(RED, place)])).tracks
    inside = [point for point in track.path if point.box[0] > 0.06 and point.box[2] < 0.94]
    assert len(inside) >= 30
    for point in inside:
        x, y = place(point.pts_s)
        assert (point.box[0] + point.box[2]) / 2 * WIDTH == pytest.approx(x, abs=6)
        assert point.box[3] * HEIGHT == pytest.approx(y + 30, abs=7)
        assert (point.box[2] - point.box[0]) * WIDTH == pytest.approx(24, abs=9)


def test_two_that_pass_each_other_stay_two_over_their_whole_way():
    draws = [box(RED, walk(2, 12, (-10, 180), (490, 190))), box(BLUE, walk(2, 12, (490, 175), (-10, 185)))]
    watched = watch(Drawing(14, draws))
    assert sorted(track.attributes["colour"] for track in watched.tracks) == ["blue", "red"]
    for track in watched.tracks:
        ahead = track.attributes["colour"] == "red"
        assert track.attributes["heading"] == ("left to right" if ahead else "right to left")
        assert track.start_s == pytest.approx(2.0, abs=0.5)
        assert track.end_s == pytest.approx(12.0, abs=0.5)
    assert len(watched.events(*COMING)) == 4


def test_two_side_by_side_are_two():
    draws = [box(RED, walk(2, 10, (-10, 120), (490, 130))), box(BLUE, walk(2, 10, (-10, 220), (490, 230)))]
    watched = watch(Drawing(12, draws))
    assert len(watched.tracks) == 2
    assert {track.attributes["colour"] for track in watched.tracks} == {"red", "blue"}


def test_someone_large_who_stands_for_half_a_minute_is_one_track():
    place = then(walk(3, 7, (-40, 170), (240, 170)), stay(7, 40, (240, 170)), walk(40, 44, (240, 170), (520, 170)))
    watched = watch(Drawing(48, [box(BLUE, place, size=(80, 190))]))
    (track,) = watched.tracks
    assert track.start_s == pytest.approx(3.0, abs=0.5)
    assert track.end_s == pytest.approx(44.0, abs=0.5)
    (stopped,) = watched.events(EventType.OBJECT_STOPPED)
    (moved_off,) = watched.events(EventType.OBJECT_MOVED_OFF)
    assert stopped.start_s == pytest.approx(7.0, abs=0.6)
    assert stopped.end_s == moved_off.start_s == pytest.approx(40.4, abs=0.6)
    assert roles(stopped) == roles(moved_off) == {"subject": track.id}
    assert watched.events(*THINGS) == []


def post(picture, _t):
    picture[:, 225:255] = (90.0, 60.0, 40.0)


def test_behind_a_post_the_track_keeps_its_id():
    (track,) = watch(Drawing(16, [box(RED, walk(2, 14, (-10, 180), (490, 180)), size=(20, 60)), post])).tracks
    assert track.start_s == pytest.approx(2.0, abs=0.5)
    assert track.end_s == pytest.approx(14.0, abs=0.5)
    unseen = [b.pts_s - a.pts_s for a, b in zip(track.path, track.path[1:], strict=False)]
    assert max(unseen) < 2.0


def test_who_was_gone_for_longer_than_a_track_may_be_hidden_comes_back_as_another():
    draws = [box(RED, then(walk(2, 5, (-10, 180), (200, 180)), walk(10, 13, (200, 180), (490, 180))))]
    watched = watch(Drawing(16, draws), settings=Settings(fast=FastSettings(lost_s=1.0)))
    assert len(watched.walkers) == 2
    first, second = watched.walkers
    assert first.end_s == pytest.approx(5.0, abs=0.6)
    assert second.start_s == pytest.approx(10.0, abs=0.6)


def test_what_was_part_of_the_scene_and_sets_off_moved_off():
    place = then(stay(0, 25, (150, 170)), walk(25, 30, (150, 170), (500, 170)))
    watched = watch(Drawing(34, [van(place)]))
    (track,) = watched.walkers
    (moved_off,) = watched.events(EventType.OBJECT_MOVED_OFF)
    # For a second the van and its bared place are one region; only then is there a thing that moves.
    assert moved_off.start_s == track.start_s == pytest.approx(25.6, abs=0.8)
    assert track.end_s == pytest.approx(29.8, abs=0.6)
    assert watched.events(EventType.OBJECT_ENTERED, *THINGS) == []


def with_bag(seconds=52, taken_s=36.0, size=(26, 22)):
    red = then(walk(3, 7, (-10, 180), (240, 190)), walk(7, 11, (240, 190), (490, 190)))
    blue = then(
        walk(taken_s, taken_s + 4, (-10, 180), (240, 190)), walk(taken_s + 4, taken_s + 8, (240, 190), (490, 190))
    )
    return Drawing(seconds, [box(DARK, stay(7, taken_s + 4, (240, 215)), size=size), box(RED, red), box(BLUE, blue)])


@pytest.fixture(scope="module")
def bag():
    """Red brings a bag and goes; half a minute later blue takes it."""
    return watch(with_bag(), settings=Settings(fast=FastSettings(abandoned_s=20)))


def test_a_bag_is_left_abandoned_and_removed_once_each(bag):
    left, abandoned, removed = bag.events(*THINGS)
    assert [left.type, abandoned.type, removed.type] == list(THINGS)
    assert left.start_s == pytest.approx(7.2, abs=0.5)
    assert removed.start_s == removed.end_s == pytest.approx(40.2, abs=0.5)
    assert left.end_s == removed.start_s
    assert {one.state for one in (left, abandoned, removed)} == {"closed"}


def test_a_bag_is_abandoned_from_when_its_bringer_was_gone(bag):
    (abandoned,) = bag.events(EventType.OBJECT_ABANDONED)
    red = next(track for track in bag.walkers if track.attributes["colour"] == "red")
    assert red.end_s <= abandoned.start_s <= red.end_s + 1.2
    assert abandoned.end_s == abandoned.start_s


def test_one_entity_links_left_abandoned_and_removed(bag):
    still = [track for track in bag.tracks if track.attributes.get("still")]
    (thing,) = still
    left, abandoned, removed = bag.events(*THINGS)
    assert {roles(one)["subject"] for one in (left, abandoned, removed)} == {thing.id}
    assert (thing.start_s, thing.end_s) == (pytest.approx(left.start_s), pytest.approx(removed.start_s))
    assert thing.attributes["colour"] == "black"
    assert thing.entity_id


def test_the_roles_name_who_brought_and_who_took(bag):
    who = {track.attributes["colour"]: track.id for track in bag.walkers}
    assert set(who) == {"red", "blue"}
    left, abandoned, removed = bag.events(*THINGS)
    assert roles(left)["bringer"] == roles(abandoned)["bringer"] == who["red"]
    assert roles(removed)["taker"] == who["blue"]


def test_bringer_and_taker_are_tracked_over_their_whole_way(bag):
    red, blue = sorted(bag.walkers, key=lambda track: track.start_s)
    assert (red.start_s, red.end_s) == (pytest.approx(3.0, abs=0.5), pytest.approx(11.0, abs=0.5))
    assert (blue.start_s, blue.end_s) == (pytest.approx(36.0, abs=0.5), pytest.approx(44.0, abs=0.5))


def test_who_comes_back_in_time_has_not_abandoned_it():
    watched = watch(with_bag(30, 14), settings=Settings(fast=FastSettings(abandoned_s=10)))
    assert [one.type for one in watched.events(*THINGS)] == [EventType.OBJECT_LEFT, EventType.OBJECT_REMOVED]


def test_a_bag_that_is_still_there_at_the_end_was_left_until_then():
    watched = watch(with_bag(30, 60))
    (left,) = watched.events(EventType.OBJECT_LEFT)
    assert left.end_s == pytest.approx(29.8)
    assert watched.events(EventType.OBJECT_REMOVED) == []


def test_a_thing_that_was_always_there_is_removed_once():
    red = then(walk(24, 27, (-10, 180), (240, 190)), walk(27, 30, (240, 190), (490, 190)))
    watched = watch(Drawing(36, [box(WHITE, stay(0, 27, (240, 220)), size=(30, 26)), box(RED, red)]))
    (removed,) = watched.events(*THINGS)
    assert removed.type is EventType.OBJECT_REMOVED
    assert removed.start_s == pytest.approx(27.2, abs=0.6)
    (walker,) = watched.walkers
    assert roles(removed) == {"taker": walker.id}


def test_light_that_falls_on_a_wall_for_a_while_is_nothing():
    watched = watch(Drawing(24, [patch(6, 16, ((180, 120), (260, 190)), 1.35)]))
    assert watched.events(*THINGS) == []
    assert watched.tracks == []


def test_somebody_who_stands_is_not_left():
    place = then(walk(2, 5, (-10, 180), (240, 180)), stay(5, 17, (240, 180)), walk(17, 20, (240, 180), (490, 180)))
    watched = watch(Drawing(22, [box(RED, place)]))
    assert watched.events(*THINGS) == []
    assert len(watched.tracks) == 1


def test_a_track_that_is_open_at_a_commit_has_no_end_yet():
    observations = watch(with_bag(20, 60)).observations
    early = [track for seen in observations[:1] for track in seen.tracks]
    assert [track.end_s for track in early] == [None] * len(early)
    last = {track.id: track.end_s for seen in observations for track in seen.tracks}
    assert None not in last.values()
