"""What tracked things do: zones with inertia, lines both ways, loitering, crowds, counts, running."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.ledger import Ledger
from agent.perception.presence import Presence, Seen
from tests.looking import line, zone
from vidette.models import EventType, Evidence, Label, State
from vidette.settings import FastSettings
from vidette.streams import Stream

DOOR = zone("door", (0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0))
FPS = 5.0


@dataclass
class Stage:
    """Presence with hand-made tracks: `walk` moves one to a foot point each frame."""

    zones: tuple = (DOOR,)
    lines: tuple = ()
    settings: FastSettings = field(default_factory=FastSettings)
    asked: list = field(default_factory=list)

    def __post_init__(self):
        start = datetime(2026, 3, 11, tzinfo=UTC)
        stream = Stream(id="s", name="yard", kind="file", uri="-", start=start, zones=self.zones, lines=self.lines)
        self.ledger = Ledger("s", "r")
        self.presence = Presence(stream, self.settings, self.ledger, self.snapshot)
        self.paths = {}

    def snapshot(self, number, text):
        self.asked.append((number, text))
        return (Evidence(kind="snapshot", sha256=f"{number}", uri="media:-", pts_s=0.0),)

    def seen(self, number, **other):
        path = self.paths[number]
        known = {
            "number": number,
            "id": f"t{number}",
            "label": Label.OBJECT,
            "colour": "red",
            "origin": "border",
            "birth_s": path[0][0],
            "seen_s": path[-1][0],
            "put_s": path[-1][0],
            "still_s": 0.0,
            "confidence": 0.9,
            "path": path,
        }
        return Seen(**(known | other))

    def frame(self, index, feet, in_view=None, *, height=0.2, **other):
        """One frame: `feet` maps a track's number to where it stands."""
        at_s = index / FPS
        for number, (x, y) in feet.items():
            box = (x - 0.02, y - height, x + 0.02, y)
            self.paths.setdefault(number, []).append((at_s, box))
        tracks = [self.seen(number, **other) for number in feet]
        self.presence.step(at_s, tracks, len(feet) if in_view is None else in_view)

    def walk(self, feet, number=1, **other):
        for index, foot in enumerate(feet):
            self.frame(index, {number: foot}, **other)

    def said(self, *types):
        return [one for one in self.ledger.drain() if not types or one.type in types]


def xs(*values):
    return [(x, 0.5) for x in values]


def test_a_zone_is_entered_and_left_from_the_first_frame_of_two():
    stage = Stage()
    stage.walk(xs(0.3, 0.35, 0.45, 0.5, 0.55, 0.65, 0.7))
    entered, left = stage.said(EventType.ZONE_ENTERED, EventType.ZONE_EXITED)
    assert (entered.type, entered.zone, entered.start_s) == (EventType.ZONE_ENTERED, "door", pytest.approx(0.4))
    assert (left.type, left.zone, left.start_s) == (EventType.ZONE_EXITED, "door", pytest.approx(1.0))
    assert entered.caption == "A red object entered door."
    assert left.caption == "A red object left door."
    assert entered.roles[0].track_id == "t1"


def test_a_single_frame_in_or_out_of_a_zone_is_no_visit():
    stage = Stage()
    stage.walk(xs(0.3, 0.45, 0.3, 0.45, 0.3))
    assert stage.said(EventType.ZONE_ENTERED, EventType.ZONE_EXITED) == []
    stage = Stage()
    stage.walk(xs(0.45, 0.5, 0.7, 0.5, 0.7, 0.5))
    assert [one.type for one in stage.said()] == [EventType.ZONE_ENTERED]


def test_who_ends_in_a_zone_has_left_it():
    stage = Stage()
    stage.walk(xs(0.45, 0.5, 0.5))
    stage.presence.ended(stage.seen(1), exited=True)
    types = [one.type for one in stage.said()]
    assert types == [EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.OBJECT_EXITED]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.lists(st.integers(0, 39), max_size=3))
def test_zone_events_alternate_for_any_path_however_it_is_cut(path, cuts):
    def played(cuts):
        stage = Stage(zones=(DOOR, zone("left", (0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))))
        said = []
        for index, x in enumerate(path):
            stage.frame(index, {1: (x, 0.5)})
            if index in cuts:
                said += stage.said()
                state = stage.presence.state()
                fresh = Presence(stage.presence.stream, stage.settings, stage.ledger, stage.snapshot)
                fresh.restore(state)
                stage.presence = fresh
        stage.presence.ended(stage.seen(1), exited=False)
        return said + stage.said()

    said = played(())
    for name in ("door", "left"):
        visits = [one for one in said if one.zone == name]
        kinds = [one.type for one in visits]
        assert kinds == [EventType.ZONE_ENTERED, EventType.ZONE_EXITED] * (len(kinds) // 2)
        assert all(a.start_s <= b.start_s for a, b in pairwise(visits))
    assert played(cuts) == said


def test_a_line_has_two_directions():
    up = line("gate", (0.5, 1.0), (0.5, 0.0))
    there, back = Stage(lines=(up,), zones=()), Stage(lines=(up,), zones=())
    there.walk(xs(0.3, 0.45, 0.55, 0.7))
    back.walk(xs(0.7, 0.55, 0.45, 0.3))
    (forth,), (home,) = there.said(EventType.LINE_CROSSED), back.said(EventType.LINE_CROSSED)
    assert (forth.line, forth.attributes, forth.start_s) == ("gate", {"direction": "forward"}, pytest.approx(0.4))
    assert (home.line, home.attributes) == ("gate", {"direction": "backward"})
    assert forth.caption == "A red object crossed gate (forward)."


def test_beside_a_line_nothing_is_crossed():
    stage = Stage(lines=(line("gate", (0.5, 1.0), (0.5, 0.8)),), zones=())
    stage.walk(xs(0.3, 0.45, 0.55, 0.7))
    assert stage.said(EventType.LINE_CROSSED) == []


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_crossings_alternate_and_add_up_for_any_path(path):
    stage = Stage(lines=(line("gate", (0.5, 1.0), (0.5, 0.0)),), zones=())
    stage.walk(xs(*path))
    ways = [one.attributes["direction"] for one in stage.said(EventType.LINE_CROSSED)]
    assert all(a != b for a, b in pairwise(ways))
    moved = (path[-1] > 0.5) - (path[0] > 0.5)
    assert ways.count("forward") - ways.count("backward") == moved


def test_loitering_in_view_goes_on_from_the_first_sight_to_the_end():
    stage = Stage(zones=(), settings=FastSettings(loiter_s=2))
    stage.walk(xs(*[0.1 + 0.01 * index for index in range(15)]))
    (opened,) = stage.said(EventType.LOITERING)
    assert (opened.start_s, opened.end_s, opened.state) == (0.0, None, State.OPEN)
    stage.presence.ended(stage.seen(1), exited=True)
    (closed,) = stage.said(EventType.LOITERING)
    assert (closed.of, closed.end_s) == (opened.id, pytest.approx(2.8))


def test_loitering_in_a_zone_is_told_apart_from_loitering_in_view():
    stage = Stage(settings=FastSettings(loiter_s=2))
    stage.walk(xs(*[0.2] * 5, *[0.5] * 12, *[0.8] * 3))
    by_zone = {one.zone: one for one in stage.said(EventType.LOITERING)}
    assert set(by_zone) == {None, "door"}
    assert by_zone["door"].start_s == pytest.approx(1.0)
    assert by_zone["door"].end_s == pytest.approx(3.4)
    assert by_zone["door"].caption == "A red object loiters in door."
    assert by_zone[None].end_s is None


def test_who_passes_through_does_not_loiter():
    stage = Stage(settings=FastSettings(loiter_s=4))
    stage.walk(xs(*[0.5] * 15))
    assert stage.said(EventType.LOITERING) == []


def test_stopping_and_moving_off():
    stage = Stage(zones=())
    stage.frame(0, {1: (0.5, 0.5)}, put_s=0.0, still_s=4.9)
    assert stage.said() == []
    stage.frame(1, {1: (0.5, 0.5)}, put_s=0.0, still_s=5.1)
    (stopped,) = stage.said()
    assert (stopped.type, stopped.start_s, stopped.end_s) == (EventType.OBJECT_STOPPED, 0.0, None)
    stage.frame(2, {1: (0.6, 0.5)}, put_s=0.4, still_s=0.0)
    closed, off = stage.said()
    assert (closed.of, closed.end_s) == (stopped.id, pytest.approx(0.4))
    assert (off.type, off.start_s) == (EventType.OBJECT_MOVED_OFF, pytest.approx(0.4))


@pytest.mark.parametrize(("label", "runs"), [(Label.PERSON, True), (Label.OBJECT, False)])
def test_only_a_person_runs(label, runs):
    stage = Stage(zones=())
    stage.walk(xs(*[0.05 + 0.06 * index for index in range(12)]), height=0.1, label=label)
    said = stage.said(EventType.RUNNING)
    assert bool(said) == runs
    if runs:
        assert said[0].caption == "A person in red runs, left to right."


def test_a_person_who_walks_does_not_run_and_who_slows_down_ran_until_then():
    stage = Stage(zones=())
    stage.walk(xs(*[0.1 + 0.016 * index for index in range(20)]), height=0.1, label=Label.PERSON)
    assert stage.said(EventType.RUNNING) == []
    stage = Stage(zones=())
    fast = [0.05 + 0.06 * index for index in range(10)]
    stage.walk(xs(*fast, *[fast[-1]] * 8), height=0.1, label=Label.PERSON)
    (ran,) = stage.said(EventType.RUNNING)
    assert ran.state is State.CLOSED
    assert 1.8 < ran.end_s < 3.0


def crowd(stage, counts, start=0):
    for index, count in enumerate(counts, start=start):
        stage.frame(index, {}, in_view=count)


def test_a_crowd_forms_and_dissolves():
    stage = Stage(settings=FastSettings(crowd=4))
    crowd(stage, [1] * 5 + [4] * 10)
    (formed,) = stage.said(EventType.CROWD_FORMED)
    assert (formed.start_s, formed.end_s, formed.attributes) == (1.0, None, {"count": 4})
    crowd(stage, [3] * 5, start=15)
    assert stage.said(EventType.CROWD_FORMED) == []
    crowd(stage, [2], start=20)
    (dissolved,) = stage.said(EventType.CROWD_FORMED)
    assert (dissolved.of, dissolved.end_s) == (formed.id, pytest.approx(4.0))


def test_many_for_a_moment_are_no_crowd_and_the_end_ends_one():
    stage = Stage(settings=FastSettings(crowd=4))
    crowd(stage, ([4] * 6 + [1]) * 5)
    assert stage.said(EventType.CROWD_FORMED) == []
    stage = Stage(settings=FastSettings(crowd=4))
    crowd(stage, [5] * 20)
    stage.presence.finish(4.0)
    (formed,) = stage.said(EventType.CROWD_FORMED)
    assert (formed.start_s, formed.end_s) == (0.0, 4.0)


def test_a_count_is_told_once_it_is_steady_from_when_it_became_so():
    stage = Stage()
    crowd(stage, [0] * 20 + [2] * 30 + [2, 1, 2, 1] * 5 + [1] * 30)
    first, second = stage.said(EventType.COUNT_CHANGED)
    assert (first.start_s, first.attributes) == (pytest.approx(4.0, abs=0.7), {"count": 2, "before": 0})
    assert (second.start_s, second.attributes) == (pytest.approx(14.0, abs=0.7), {"count": 1, "before": 2})


@given(st.lists(st.integers(0, 3), max_size=120))
def test_counts_follow_one_another(counts):
    stage = Stage()
    crowd(stage, counts)
    said = [one.attributes for one in stage.said(EventType.COUNT_CHANGED)]
    assert all(one["count"] != one["before"] for one in said)
    assert [one["before"] for one in said] == [0, *(one["count"] for one in said)][: len(said)]


def test_coming_and_going_are_shown_by_the_things_own_picture():
    stage = Stage(zones=())
    stage.walk(xs(0.02, 0.1, 0.2))
    stage.presence.entered(stage.seen(1), moved_off=False)
    (entered,) = stage.said()
    assert entered.evidence[0].sha256 == "1"
    assert stage.asked == [(1, entered.caption)]
    stage.presence.entered(stage.seen(1), moved_off=True)
    (off,) = stage.said()
    assert (off.type, off.start_s) == (EventType.OBJECT_MOVED_OFF, 0.0)
