"""The fast look as a whole: nothing comes of nothing, spans change nothing, coverage tiles the time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.perception.fast import fast_look, fast_run
from ingest.media import MemoryMedia
from tests.looking import line, tiles, watch, zone
from tests.pictures import (
    Drawing,
    box,
    clock,
    court,
    outline,
    patch,
    rain,
    shadow,
    stay,
    then,
    walk,
)
from vidette.models import DeepState, EventType, FastState
from vidette.settings import FastSettings, SegmentSettings, Settings, StreamSettings
from vidette.streams import Stream
from vidette.vision_settings import VlmSettings

RED, BLUE, DARK = (200, 60, 50), (50, 70, 190), (40, 40, 45)

NOTHING = {
    "empty": lambda: Drawing(12),
    "noise": lambda: Drawing(12, noise=9),
    "ramp to half": lambda: Drawing(20, light=lambda t: 1 - 0.5 * t / 20),
    "ramp to double": lambda: Drawing(20, light=lambda t: 0.5 + 0.5 * t / 20),
    "flicker": lambda: Drawing(12, light=lambda t: 1 + 0.15 * (round(t * 5) % 2)),
    "light goes down": lambda: Drawing(14, light=lambda t: 1.0 if t < 8 else 0.6),
    "light goes up": lambda: Drawing(14, light=lambda t: 0.6 if t < 8 else 1.0),
    "rain": lambda: Drawing(10, [rain(80)]),
    "downpour": lambda: Drawing(2, [rain(250)]),
    "shadow": lambda: Drawing(30, [shadow(20)]),
    "clock": lambda: Drawing(16, [clock]),
    "drawn-in box": lambda: Drawing(16, [outline(5, 11)]),
    "one frame": lambda: Drawing(0.2),
}
UNASKED = {"empty", "noise", "ramp to half", "flicker", "light goes down", "clock"}  # no vision model need look


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_comes_of_nothing(name):
    source = NOTHING[name]()
    watched = watch(source)
    assert watched.tracks == []
    assert watched.events() == []
    assert tiles(watched.coverage, source.seconds)
    assert {row.state for row in watched.coverage} == {FastState.WATCHED}
    if name in UNASKED:
        assert {row.deep for row in watched.coverage} <= {DeepState.GATED, DeepState.HEARTBEAT}
        assert not any(segment.keyframes for segment in watched.segments)


def crossing():
    return Drawing(16, [box(RED, walk(3, 13, (-10, 180), (490, 190)))])


def bag(began_s, taken_s, seconds):
    """One brings a bag and goes; another comes for it."""
    put_s, away_s = began_s + 4, taken_s + 4
    return Drawing(
        seconds,
        [
            box(DARK, stay(put_s, away_s, (240, 215)), size=(26, 22)),
            box(
                RED,
                then(walk(began_s, put_s, (-10, 180), (240, 190)), walk(put_s, put_s + 4, (240, 190), (490, 190))),
            ),
            box(
                BLUE,
                then(walk(taken_s, away_s, (-10, 180), (240, 190)), walk(away_s, away_s + 4, (240, 190), (490, 190))),
            ),
        ],
    )


def standing():
    place = then(walk(3, 7, (-40, 170), (240, 170)), stay(7, 24, (240, 170)), walk(24, 28, (240, 170), (520, 170)))
    return Drawing(32, [box(BLUE, place, size=(80, 190))])


def troubled():
    """A cut, then a covered lens, then a frozen picture, with people about."""

    def cover(picture, t):
        if 14 <= t < 19:
            picture[:] = 60

    draws = [box(RED, walk(2, 7, (-10, 180), (490, 190))), box(BLUE, walk(20, 26, (490, 200), (-10, 180))), cover]
    return Drawing(30, draws, cuts={9: court()})


SCENES = {
    "crossing": (crossing, [3.7]),
    "a bag left just before a border and taken just after it": (lambda: bag(10.6, 16.4, 28), [3.7, 5.0, 20.0]),
    "standing": (standing, [5.0]),
    "rain": (lambda: Drawing(8, [rain(60)]), [3.7]),
    "troubled": (troubled, [3.7]),
}
BAG = "a bag left just before a border and taken just after it"
MEDIA = MemoryMedia()


@cache
def whole(name):
    return watch(SCENES[name][0](), media=MEDIA)


@pytest.mark.parametrize("name", SCENES)
def test_spans_change_nothing(name):
    scene, spans = SCENES[name]
    source = scene()
    assert tiles(whole(name).coverage, source.seconds)
    for span_s in spans:
        watched = watch(source, media=MEDIA, span_s=span_s)
        assert watched.said() == whole(name).said(), span_s
        assert max(watched.largest_carry, whole(name).largest_carry) < 300_000
        said = [one.id for seen in watched.observations for one in seen.assertions]
        assert len(said) == len(set(said))


def test_the_bag_of_the_border_is_left_before_it_and_taken_after_it():
    (left,) = whole(BAG).events(EventType.OBJECT_LEFT)
    (removed,) = whole(BAG).events(EventType.OBJECT_REMOVED)
    assert 14.2 <= left.start_s < 15.0
    assert 20.0 <= removed.start_s < 20.8
    assert left.end_s == pytest.approx(removed.start_s)


def test_the_same_input_says_the_same_to_the_byte():
    first, second = whole("crossing").observations, watch(crossing(), media=MemoryMedia()).observations
    assert first == second
    assert [one.carry for one in first] == [one.carry for one in second]


def test_observations_are_numbered_join_and_end_with_a_final_one():
    observations = whole(BAG).observations
    assert [one.sequence for one in observations] == list(range(len(observations)))
    assert [one.final for one in observations] == [False] * (len(observations) - 1) + [True]
    assert len({one.id for one in observations}) == len(observations)
    assert len({one.id for seen in observations for one in seen.assertions}) == sum(
        len(one.assertions) for one in observations
    )
    for before, after in pairwise(observations):
        assert before.watermark_s <= after.watermark_s
        assert after.watermark_s - before.watermark_s <= 10.0 + 0.2
    assert observations[-1].end_s == 28


def test_the_run_changes_with_what_changes_the_outcome_and_only_then():
    plain = fast_run(Settings())
    assert plain == fast_run(Settings(db="elsewhere.db", log="debug"))
    others = [
        Settings(sample="2"),
        Settings(fast=FastSettings(stopped_s=9)),
        Settings(segments=SegmentSettings(max_s=9)),
    ]
    assert len({plain.id, *(fast_run(one).id for one in others)}) == 4


def test_a_walkers_time_is_examined_and_the_rest_is_not():
    watched = whole("crossing")
    examined = [row for row in watched.coverage if row.deep is DeepState.EXAMINED]
    assert len(examined) == 1
    assert examined[0].start_s == pytest.approx(2.8, abs=0.4)
    assert examined[0].end_s == pytest.approx(13.6, abs=0.6)
    assert {row.deep for row in watched.coverage} == {DeepState.HEARTBEAT, DeepState.GATED, DeepState.EXAMINED}


def test_what_a_vision_model_may_still_look_at_is_pending():
    watched, plain = watch(crossing(), deep=True, media=MEDIA), whole("crossing")
    assert DeepState.EXAMINED not in {row.deep for row in watched.coverage}
    assert [(row.start_s, row.end_s) for row in watched.coverage if row.deep is DeepState.PENDING] == [
        (row.start_s, row.end_s) for row in plain.coverage if row.deep is DeepState.EXAMINED
    ]
    assert watched.events() == plain.events()


def test_segments_tile_what_was_watched_and_only_active_ones_have_keyframes():
    watched = watch(crossing(), settings=Settings(segments=SegmentSettings(max_s=4, keyframes=3)))
    segments = watched.segments
    assert segments[0].start_s == 0
    assert segments[-1].end_s == 16
    for before, after in pairwise(segments):
        assert before.end_s == after.start_s
    for segment in segments:
        quiet = segment.caption == "Nothing moved."
        assert quiet == (not segment.keyframes) == segment.gated
        assert quiet or segment.end_s - segment.start_s <= 4.2
        assert len(segment.keyframes) <= 3
        assert all(segment.start_s <= shot.pts_s < segment.end_s for shot in segment.keyframes)
        assert all(shot.segment_id == segment.id for shot in segment.keyframes)


@pytest.mark.parametrize("span_s", [None, 4.1])
def test_quiet_segments_that_are_drawn_to_audit_the_gate_have_pictures_too(span_s):
    source = Drawing(34, [box(RED, walk(14, 22, (-10, 180), (490, 190)))])
    watched = watch(source, settings=Settings(vlm=VlmSettings(audit=1.0)), span_s=span_s)
    quiet = [segment for segment in watched.segments if segment.gated]
    assert len(quiet) == 2
    for segment in quiet:
        times = [shot.pts_s for shot in segment.keyframes]
        assert 1 <= len(times) <= 4
        assert all(segment.start_s <= at < segment.end_s for at in times)
        assert all(b - a >= 10 for a, b in pairwise(times))
    assert [segment.gated for segment in watched.segments] == [True, False, True]
    assert watched.said()["coverage"] == watch(source).said()["coverage"]
    assert watched.segments == watch(source, settings=Settings(vlm=VlmSettings(audit=1.0))).segments


def test_pictures_that_are_cited_are_kept():
    watched = whole(BAG)
    cited = [picture for event in watched.events() for picture in event.evidence]
    cited += [shot for segment in watched.segments for shot in segment.keyframes]
    assert len(cited) > 5
    assert all(MEDIA.get(one.sha256).startswith(b"\xff\xd8") for one in cited)
    assert all(one.uri.startswith("media:") for one in cited)


@dataclass(frozen=True)
class Torn:
    """A stretch of a source that could not be read."""

    start_s: float
    end_s: float
    reason: str = "broken"


class Damaged:
    """A source without the frames of some stretches; it knows of them once it has got there."""

    def __init__(self, source, *torn):
        self.source, self.torn, self.damage = source, torn, ()
        self.duration_s, self.close = source.duration_s, source.close

    def frames(self, start_s=0.0, end_s=None):
        for frame in self.source.frames(start_s, end_s):
            self.damage = tuple(torn for torn in self.torn if torn.end_s <= frame.pts_s)
            if not any(torn.start_s <= frame.pts_s < torn.end_s for torn in self.torn):
                yield frame


@pytest.mark.parametrize("span_s", [None, 3.7])
def test_damage_is_failed_for_good(span_s):
    watched = watch(Damaged(crossing(), Torn(0.4, 1.2), Torn(6.0, 7.6)), span_s=span_s)
    failed = [row for row in watched.coverage if row.state is FastState.FAILED]
    assert [(row.start_s, row.end_s, row.deep, row.reason) for row in failed] == [
        (0.4, 1.2, DeepState.FAILED, "broken"),
        (6.0, 7.6, DeepState.FAILED, "broken"),
    ]
    assert tiles(watched.coverage, 16)


def test_a_gap_in_the_frames_does_not_break_a_track():
    watched = watch(Damaged(crossing(), Torn(6.0, 7.6)))
    (track,) = watched.tracks
    assert (track.start_s, track.end_s) == (pytest.approx(3.0, abs=0.5), pytest.approx(12.8, abs=0.5))


def test_masks_are_not_looked_at():
    everything = [(0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)]
    masked = Settings(streams=[StreamSettings(name="yard", masks=[everything])])
    watched = watch(crossing(), settings=masked)
    assert watched.tracks == []
    elsewhere = Settings(streams=[StreamSettings(name="other", masks=[everything])])
    assert watch(crossing(), settings=elsewhere, media=MEDIA).tracks == whole("crossing").tracks


def test_zones_and_lines_are_told_through_the_whole_look():
    zones = [zone("door", (0.4, 0.5), (0.6, 0.5), (0.6, 1.0), (0.4, 1.0))]
    lines = [line("gate", (0.5, 1.0), (0.5, 0.3)), line("back", (0.5, 0.3), (0.5, 1.0))]
    watched = watch(crossing(), zones=zones, lines=lines)
    (entered,) = watched.events(EventType.ZONE_ENTERED)
    (left,) = watched.events(EventType.ZONE_EXITED)
    assert (entered.zone, left.zone) == ("door", "door")
    assert entered.start_s == pytest.approx(7.0, abs=0.4)
    assert left.start_s == pytest.approx(9.0, abs=0.4)
    ways = {one.line: one.attributes["direction"] for one in watched.events(EventType.LINE_CROSSED)}
    assert ways == {"gate": "forward", "back": "backward"}


@st.composite
def schedules(draw):
    """Up to three walkers at times and heights of their own, some of whom stop for a while."""
    draws = []
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, 40)) / 5
        y, size = draw(st.integers(60, 220)), draw(st.sampled_from([(20, 50), (30, 20), (50, 110)]))
        ends = [(-20, y), (500, y)]
        if draw(st.booleans()):
            ends.reverse()
        colour = draw(st.sampled_from([RED, BLUE, DARK]))
        draws.append(box(colour, walk(begin, begin + draw(st.integers(15, 40)) / 5, *ends), size=size))
    if draw(st.booleans()):
        draws.append(patch(3, 6, ((300, 150), (360, 220))))
    return Drawing(draw(st.integers(3, 12)) / 1.5, draws, fps=draw(st.sampled_from([2.5, 5.0])))


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(schedules(), st.floats(0.7, 9.0), st.booleans())
def test_coverage_tiles_any_watch_however_it_is_cut(source, span_s, deep):
    media = MemoryMedia()
    whole = watch(source, media=media, deep=deep)
    spans = watch(source, media=media, deep=deep, span_s=span_s)
    end_s = max(source.duration_s, len(list(source.frames())) / source.fps)
    assert tiles(whole.coverage, round(end_s, 3))
    assert spans.said() == whole.said()
    for track in whole.tracks:
        assert track.end_s is not None
        assert 0 <= track.start_s <= track.end_s <= end_s
        assert [point.pts_s for point in track.path] == sorted({point.pts_s for point in track.path})
    assert all(event.end_s is not None for event in whole.events())


def test_a_source_without_frames_says_nothing():
    (observation,) = watch(Drawing(0)).observations
    assert observation.final
    assert (observation.tracks, observation.assertions, observation.coverage, observation.segments) == ((),) * 4


def test_a_stretch_of_a_source_is_watched_alone():
    looked = list(_look(crossing(), 5.0, 9.0))
    assert not looked[-1].final
    rows = [row for one in looked for row in one.coverage]
    assert min(row.start_s for row in rows) == pytest.approx(5.0)
    assert max(row.end_s for row in rows) <= 9.0


def _look(source, start_s, end_s):
    stream = Stream(id="s", name="yard", kind="file", uri="drawn", start=datetime(2026, 1, 1, tzinfo=UTC))
    return fast_look(source, stream, settings=Settings(), media=MemoryMedia(), start_s=start_s, end_s=end_s)


def test_tracks_that_a_cut_ends_are_told_with_their_ends():
    watched = watch(Drawing(16, [box(RED, walk(3, 13, (-10, 180), (490, 190)))], cuts={8: court()}))
    assert [event.start_s for event in watched.events(EventType.SCENE_CHANGED)] == [8.0]
    assert [(track.start_s, track.end_s) for track in watched.tracks] == [(3.0, 7.8), (8.0, 12.8)]
    named = {role.track_id for event in watched.events() for role in event.roles}
    assert named <= set(watched.by_track)
