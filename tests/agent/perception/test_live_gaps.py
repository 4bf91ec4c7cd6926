"""The live look where pictures are missing: losses are said, a restart is a gap and no more, all time is covered."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.media import MemoryMedia
from tests.agent.perception.drawn_feeds import MEDIA, RED, SIGNAL, bag, crossing, plain, resumed, rows, whole
from tests.feeds import Played, commit_of, later, look, lost, outage, playing, tick
from tests.looking import Watched
from tests.pictures import Drawing, Picture, box, court, walk
from vidette import intervals
from vidette.feeds import CAUSES, Cause
from vidette.models import DeepState, EventType, FastState
from vidette.settings import FastSettings, LiveSettings, Settings
from vidette.signals import Signal


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (FastState.STALLED, Cause.STALLED),
        (FastState.OFFLINE, Cause.REFUSED),
        (FastState.FAILED, Cause.UNREADABLE),
    ],
)
def test_a_loss_is_an_event_from_the_last_picture_to_the_next_and_a_row_of_coverage(state, cause):
    watched = look(playing(crossing(), (14, 19), state=state, cause=cause), media=MEDIA)
    gone, back = watched.events(*SIGNAL)
    assert (gone.type, gone.start_s, gone.end_s) == (EventType.SIGNAL_LOST, 13.8, 19.0)
    assert CAUSES[cause] in gone.caption
    assert gone.attributes == {"cause": cause}
    assert (back.type, back.start_s, back.end_s) == (EventType.SIGNAL_RESTORED, 19.0, 19.0)
    assert (14.0, 19.0, state.value, CAUSES[cause]) in rows(watched)
    assert {one.type for one in watched.events()} > set(SIGNAL)


def test_a_loss_is_told_while_the_background_is_learned_and_once_it_lasts():
    feed, watched = Played(playing(crossing(16, 2), (8, 16))), Watched()
    look(feed, media=MEDIA, watched=watched)
    first = next(one for one in watched.observations if one.assertions)
    assert EventType.SIGNAL_LOST not in {said.type for said in first.assertions}  # what came before it is told first
    (gone,) = watched.events(EventType.SIGNAL_LOST)
    assert (gone.start_s, gone.end_s) == (7.8, None)
    assert rows(watched)[-1] == (8.0, 15.5, "stalled", CAUSES[Cause.STALLED])


@pytest.mark.parametrize("until_s", [14.8, 16.4])
def test_a_short_loss_is_coverage_only(until_s):
    watched = look(playing(crossing(), (14, until_s)), media=MEDIA)
    assert watched.events(*SIGNAL) == []
    assert (14.0, until_s, "stalled", CAUSES[Cause.STALLED]) in rows(watched)


@pytest.mark.parametrize(
    ("state", "cause"), [(FastState.OFFLINE, Cause.NETWORK), (FastState.NOT_RUNNING, Cause.SCHEDULE)]
)
def test_what_is_told_elsewhere_or_was_meant_is_coverage_only(state, cause):
    watched = look(playing(crossing(), (14, 20), state=state, cause=cause), media=MEDIA)
    assert watched.events(*SIGNAL) == []
    assert (14.0, 20.0, state.value, CAUSES[cause]) in rows(watched)


def test_a_signal_that_flickers_is_lost_once():
    one, other = playing(crossing(), (14, 19), (19.4, 23)), playing(crossing(), (14, 19), (22, 26))
    assert [(e.type, e.start_s) for e in look(one, media=MEDIA).events(*SIGNAL)] == [
        (EventType.SIGNAL_LOST, 13.8),
        (EventType.SIGNAL_RESTORED, 23.0),
    ]
    assert len(look(other, media=MEDIA).events(*SIGNAL)) == 4


def test_the_cause_may_change_while_it_lasts():
    frames = [frame for frame in plain() if frame.pts_s < 14 or frame.pts_s >= 20]
    signals = outage(14, 16) + [lost(16, at, FastState.OFFLINE, Cause.UNREACHABLE) for at in (17, 18, 19)]
    watched = look(sorted(frames + signals, key=lambda item: item.pts_s), media=MEDIA)
    assert [row for row in rows(watched) if row[2] != "watched"] == [
        (14.0, 16.0, "stalled", CAUSES[Cause.STALLED]),
        (16.0, 20.0, "offline", CAUSES[Cause.UNREACHABLE]),
    ]
    assert len(watched.events(*SIGNAL)) == 2


def test_what_was_skipped_is_dropped_and_no_loss():
    frames = [frame for frame in plain() if not 14 <= frame.pts_s < 18]
    skipped = lost(14, 17.9, FastState.DROPPED, Cause.BACKLOG, over=True)
    watched = look(sorted([*frames, skipped], key=lambda item: item.pts_s), media=MEDIA)
    assert watched.events(*SIGNAL) == []
    (dropped,) = [row for row in watched.coverage if row.state is FastState.DROPPED]
    assert (dropped.start_s, dropped.end_s, dropped.deep) == (14.0, 18.0, DeepState.DROPPED)


def test_who_walks_through_a_short_loss_is_one_track_and_through_a_long_one_two():
    short, long = (look(playing(crossing(32, 18), (21, until)), media=MEDIA) for until in (22, 24))
    assert len(short.tracks) == 1
    first, second = long.tracks
    assert first.end_s == 20.8
    assert second.start_s == pytest.approx(24.0, abs=0.6)
    entered = long.events(EventType.OBJECT_ENTERED)
    assert [one.start_s for one in entered] == [18.0]  # who was there when the pictures came back did not enter then


@pytest.mark.parametrize("until_s", [23.0, 200.0])
def test_what_was_left_is_known_after_a_loss_and_missed_if_it_is_gone(until_s):
    for gone_s in (until_s - 1, 1e9):
        watched = look(playing(bag(gone_s, until_s + 8), (18, until_s)), media=MEDIA)
        (left,) = watched.events(EventType.OBJECT_LEFT)
        removed = watched.events(EventType.OBJECT_REMOVED)
        assert len(removed) == (gone_s < 1e9)
        assert (left.end_s is not None) == bool(removed)
        assert all(one.start_s == pytest.approx(until_s, abs=1.0) for one in removed)


def test_another_scene_after_a_loss_is_a_cut_and_nothing_of_the_first_goes_on():
    source = Drawing(30, cuts={12: court()})
    watched = look(playing(source, (10, 15)), media=MEDIA)
    (cut,) = watched.events(EventType.SCENE_CHANGED)
    assert cut.start_s == 15.0
    assert watched.tracks == []


def test_after_hours_without_pictures_the_scene_is_learned_anew():
    begin = list(Drawing(6).frames())
    again = later(list(Drawing(34, [box(RED, walk(3, 11, (-10, 180), (490, 190)))]).frames()), 8000)
    feed = Played([*begin, *outage(6, 8000, every_s=60), *again])
    watched = look(feed, media=MEDIA)
    assert [one.feed.state for one in watched.observations if one.end_s > 7000].count("learning") >= 5
    (track,) = watched.tracks
    assert track.start_s == pytest.approx(8003, abs=0.5)


def test_handed_over_to_one_that_is_connected_already_nothing_is_missing_or_seen_twice():
    frames = list(crossing(56, 34, 46).frames())
    watched = look([one for one in frames if one.pts_s < 37], media=MEDIA)
    after = [one for one in frames if one.pts_s >= 36]
    look(after, media=MEDIA, commit=commit_of(watched), watched=watched, since_s=36.0)
    assert {state for _, _, state, _ in rows(watched)} == {"watched"}
    assert all(one[1] == two[0] for one, two in pairwise(rows(watched)))
    plain = look(frames, media=MEDIA)
    assert [(one.start_s, one.end_s) for one in watched.tracks] == [(one.start_s, one.end_s) for one in plain.tracks]
    assert [one.id for one in watched.tracks] == [one.id for one in plain.tracks]


def test_who_is_connected_too_late_says_what_is_missing():
    frames = list(crossing(56, 34, 46).frames())
    watched = look([one for one in frames if one.pts_s < 37], media=MEDIA)
    after = [one for one in frames if one.pts_s >= 39]
    look(after, media=MEDIA, commit=commit_of(watched), watched=watched, since_s=39.0)
    (gap,) = [row for row in rows(watched) if row[2] != "watched"]
    assert gap == (36.8, pytest.approx(39.0, abs=0.21), "not_running", "Vidette was not running")


def test_a_restart_is_a_gap_that_was_not_running_and_nothing_doubles():
    frames = list(crossing(56, 34, 46).frames())
    watched = resumed([one for one in frames if one.pts_s < 37], [one for one in frames if one.pts_s >= 44])
    ids = [one.id for seen in watched.observations for one in seen.assertions]
    assert len(ids) == len(set(ids))
    assert (36.8, 44.0, "not_running", "Vidette was not running") in rows(watched)
    assert [one.sequence for one in watched.observations] == list(range(len(watched.observations)))
    first, second = watched.tracks
    assert (first.start_s, first.end_s) == (34.0, 36.8)
    assert second.start_s == 46.0
    assert watched.events(*SIGNAL) == []


def test_after_a_restart_the_first_word_is_that_nothing_watched_until_now():
    watched = whole()
    feed = Played([])
    feed.now_s = 90.0
    again = look(feed, media=MEDIA, commit=commit_of(watched))
    assert rows(again) == [(31.8, 90.0, "not_running", "Vidette was not running")]


def test_who_knows_why_nothing_watched_is_believed():
    frames = list(crossing(56, 34, 46).frames())
    watched = look([one for one in frames if one.pts_s < 36], media=MEDIA)
    crashed = lost(35.9, 46.0, FastState.FAILED, Cause.CRASHED, over=True)
    feed = Played([crashed, *(one for one in frames if one.pts_s >= 46.2)])
    feed.now_s = 46.0
    look(feed, media=MEDIA, commit=commit_of(watched), watched=watched)
    assert [row for row in rows(watched) if row[2] != "watched"] == [
        (35.8, 35.9, "not_running", "Vidette was not running"),
        (35.9, 46.2, "failed", CAUSES[Cause.CRASHED]),
    ]


def test_a_left_bag_and_a_told_loss_outlast_a_restart():
    items = playing(bag(1e9, 36), (20, 28))
    watched = resumed([one for one in items if one.pts_s < 24], [one for one in items if one.pts_s >= 25])
    gone, back = watched.events(*SIGNAL)
    assert (gone.start_s, gone.end_s, back.start_s) == (19.8, 28.0, 28.0)
    (left,) = watched.events(EventType.OBJECT_LEFT)
    assert left.end_s is None


EMPTY = Drawing(1, noise=0).at(0.0, 0)
BUSY = Drawing(1, [box(RED, lambda _: (240, 180))], noise=0).at(0.0, 0)
QUICK = Settings(fast=FastSettings(people=False), live=LiveSettings(lost_s=1.0))


@st.composite
def lives(draw):
    """What a feed may say: frames, ticks, losses, skips, jumps; and where it is stopped and started again."""
    at, out = draw(st.integers(0, 50)) / 10, []
    for _ in range(draw(st.integers(1, 25))):
        step = draw(st.sampled_from([0.2, 0.2, 0.2, 0.5, 1.0, 4.0, 31.0]))
        what = draw(st.sampled_from(["frame", "frame", "frame", "tick", "loss", "over", "restart", "jump"]))
        before, at = at, round(at + step, 3)
        since = round(before - draw(st.sampled_from([-0.1, 0.0, 0.3])), 3)
        state = draw(st.sampled_from([s for s in FastState if s not in (FastState.WATCHED, FastState.BLIND)]))
        match what:
            case "frame":
                out.append(Picture(draw(st.sampled_from([EMPTY, BUSY])), at))
            case "loss" | "over":
                out.append(lost(max(0.0, since), at, state, draw(st.sampled_from(Cause)), over=what == "over"))
            case "jump":
                out.append(Signal(pts_s=at, jump_s=9.0))
            case "restart":
                out.append(None)
            case _:
                out.append(tick(at))
    return out


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(lives())
def test_coverage_tiles_all_time_whatever_a_feed_says_and_however_often_it_is_started(items):
    media, watched, commit, part = MemoryMedia(), Watched(), None, []
    for item in [*items, None]:
        if item is not None:
            part.append(item)
            continue
        feed = Played(part)
        feed.now_s = part[0].pts_s if part else (commit.watermark_s if commit else 0.0)
        look(feed, media=media, settings=QUICK, commit=commit, watched=watched)
        commit, part = commit_of(watched), []
    marks = [one.watermark_s for one in watched.observations]
    assert marks == sorted(marks)
    told = watched.coverage
    assert all(a.end_s == b.start_s for a, b in pairwise(told))
    assert [one.sequence for one in watched.observations] == list(range(len(marks)))
    first = next((one for one in items if one is not None and (not isinstance(one, Signal) or one.loss)), None)
    if first is None:
        assert told == []
        return
    begin = first.loss.since_s if isinstance(first, Signal) else first.pts_s
    begin = 0.0 if None in items[: items.index(first)] else begin  # it was watched before, and nothing came
    seen = [one.pts_s for one in items if one is not None and (not isinstance(one, Signal) or one.loss)]
    if max(seen) > begin:
        assert told[0].start_s == pytest.approx(begin, abs=2e-3)
        assert told[-1].end_s >= max(seen) - 2e-3
    assert intervals.total((row.start_s, row.end_s) for row in told) == pytest.approx(
        sum(row.end_s - row.start_s for row in told), abs=1e-6
    )


def test_the_picture_of_the_last_moment_of_a_loss_is_looked_at():
    frames = [frame for frame in plain() if not 14 <= frame.pts_s < 18]
    over = lost(14, 18.0, FastState.OFFLINE, Cause.CONNECTING, over=True)
    after = [frame for frame in frames if frame.pts_s >= 18]
    assert after[0].pts_s == 18.0
    watched = look([*(frame for frame in frames if frame.pts_s < 14), over, *after], media=MEDIA)
    told = rows(watched)
    assert [(a, b) for a, b in pairwise(told) if a[1] != b[0]] == []
    assert [row[:3] for row in told if row[2] != "watched"] == [(14.0, 18.0, "offline")]


def test_a_flash_after_a_loss_is_time_that_was_watched():
    frames = [frame for frame in plain() if not 14 <= frame.pts_s < 18]
    after = [frame for frame in frames if frame.pts_s >= 18]
    flash = Picture(court(), after[0].pts_s)
    watched = look([*(one for one in frames if one.pts_s < 14), *outage(14, 18), flash, *after[1:]], media=MEDIA)
    told = rows(watched)
    assert [(a, b) for a, b in pairwise(told) if a[1] != b[0]] == []
    assert watched.events(EventType.SCENE_CHANGED) == []
