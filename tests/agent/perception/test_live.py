"""The live look: as a file, but for ever; what it hides, what the clock does, what waits."""

import pytest

from agent.perception.live import LiveLook
from ingest import jpeg
from ingest.media import MemoryMedia
from tests.agent.perception.drawn_feeds import MEDIA, crossing, plain, said, whole
from tests.feeds import YARD, Played, commit_of, look, tick
from tests.looking import Watched, watch
from tests.pictures import Drawing
from vidette.models import EventType, FastState
from vidette.settings import Settings, StreamSettings
from vidette.signals import Signal


def test_a_feed_is_seen_as_a_file_is():
    watched, file = whole(), watch(crossing(), media=MEDIA)
    assert said(watched) == said(file)
    assert len(said(watched)[0]) >= 4
    assert not any(one.final for one in watched.observations)


def test_ticks_between_the_pictures_change_nothing():
    ticking = sorted([*plain(), *(tick(at / 10 + 0.05) for at in range(320))], key=lambda item: item.pts_s)
    assert said(look(ticking, media=MEDIA)) == said(whole())


def test_while_the_background_is_learned_commits_go_on_and_then_everything_is_told_at_once():
    watched = whole()
    learning = [one for one in watched.observations if one.feed.state == "learning"]
    assert len(learning) == 5
    assert not any(one.assertions or one.coverage for one in learning)
    assert {one.watermark_s for one in learning} == {0.0}
    told = next(one for one in watched.observations if one.assertions)
    assert told.assertions[0].start_s == 3.0


def test_every_observation_says_how_the_feed_is_and_numbers_go_on():
    watched = whole()
    assert all(one.feed for one in watched.observations)
    assert [one.sequence for one in watched.observations] == list(range(len(watched.observations)))


def test_what_happens_is_committed_with_its_frame():
    """After the background is known: the observation that first tells an event ends at the frame that showed it."""
    feed = Played(list(crossing(52, 34).frames()))
    found = {}
    watched = Watched()

    class Noting(list):
        def append(self, observation):
            found.update({one.of: feed.now_s for one in observation.assertions if one.of not in found})
            super().append(observation)

    watched.observations = Noting()
    look(feed, media=MEDIA, watched=watched)
    (entered,) = watched.events(EventType.OBJECT_ENTERED)
    (counted, *_) = watched.events(EventType.COUNT_CHANGED)
    assert entered.start_s == 34.0
    assert found[entered.of] <= 36.0
    assert counted.start_s == entered.start_s
    assert found[counted.of] <= found[entered.of] + 3.3


def test_a_quiet_feed_is_committed_every_5_s_and_may_sleep():
    feed = Played([*Drawing(31, noise=1).frames(), *(tick(31 + at / 2) for at in range(1, 60))])
    watched = look(feed, media=MEDIA)
    assert len(watched.observations) >= 12
    assert feed.calms[0][1] is False
    assert feed.calms[-1][1] is True


def test_a_camera_in_which_somebody_walks_may_not_sleep():
    feed = Played(list(crossing(52, 34).frames()))
    look(feed, media=MEDIA)
    assert {calm for at, calm in feed.calms if 35 < at < 41} == {False}
    assert {calm for at, calm in feed.calms if at > 49} == {True}


def test_changed_masks_begin_the_scene_anew_and_what_they_hide_is_gone():
    frames = list(crossing(56, 34, 46).frames())
    everything = Settings(
        streams=[StreamSettings(name="yard", masks=[[(0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)]])]
    )
    watched = look([one for one in frames if one.pts_s < 38], media=MEDIA)
    assert len(watched.tracks) == 1
    again = look(
        [one for one in frames if one.pts_s >= 44], media=MEDIA, commit=commit_of(watched), settings=everything
    )
    assert again.observations[1].feed.state == "learning"
    assert [one.start_s for one in again.tracks] == [34.0]  # its end is told
    assert all(one.start_s < 38 for one in again.events())


def test_nothing_hidden_is_in_any_picture_that_is_kept():
    media = MemoryMedia()
    masks = [[(0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)]]
    look(plain(), media=media, settings=Settings(streams=[StreamSettings(name="yard", masks=masks)]))
    kept = [jpeg.decode(data) for data in media._held.values()]
    assert len(kept) > 3
    for picture in kept:
        wide = picture.shape[1]
        drawn = 40  # the caption strip and its box lie at the picture's edge
        hidden = picture[drawn:-drawn, : int(0.4 * wide) - 8]
        assert hidden.mean() < 4


def test_a_jump_of_the_cameras_clock_is_an_instant_that_says_how_far():
    jumps = [Signal(pts_s=at, jump_s=by) for at, by in ((12.1, 7200.0), (13.1, 9.0), (20.1, 9.0), (90.0, -3.5))]
    watched = look(sorted([*plain(), *jumps], key=lambda item: item.pts_s), media=MEDIA)
    first, second = watched.events(EventType.CLOCK_JUMPED)
    assert (first.start_s, first.end_s, first.caption) == (12.1, 12.1, "The camera's clock jumped forward by 2 hours.")
    assert (second.start_s, second.caption) == (90.0, "The camera's clock jumped back by 3.5 seconds.")


def test_a_clock_that_is_wrong_for_a_while_is_an_event_until_it_is_right():
    def off(at_s):
        return 0.2 if at_s < 5 else 3 if 9 <= at_s < 11 else -7200 if at_s < 60 else 0.1

    items = [*plain(), *(tick(32 + at / 2) for at in range(96))]
    watched = look(Played(items, off), media=MEDIA)
    (wrong,) = watched.events(EventType.CLOCK_WRONG)
    assert wrong.start_s == pytest.approx(11, abs=1.2)
    assert wrong.end_s == pytest.approx(60, abs=1.2)
    assert wrong.caption == "The camera's clock is 2 hours slow."


def test_a_blocked_view_is_blind_in_the_coverage_before_it_is_over():
    def cover(picture, t):
        if t >= 32:
            picture[:] = (60.0, 55.0, 52.0)

    watched = look(list(Drawing(42, [cover], noise=0.7).frames()), media=MEDIA)
    (event,) = watched.events()
    assert (event.type, event.end_s) == (EventType.VIEW_BLOCKED, None)
    blind = [row for row in watched.coverage if row.state is FastState.BLIND]
    assert blind[0].start_s == pytest.approx(32, abs=0.4)
    assert blind[-1].end_s > 41


def test_frames_that_come_too_late_are_left_out():
    frames = plain()
    shuffled = [*frames[:60], *frames[40:50], *frames[60:]]
    assert said(look(shuffled, media=MEDIA)) == said(whole())


def test_dense_frames_wait_in_bounded_number():
    source = Drawing(8, fps=30, noise=1)
    feed = Played(source.frames())
    live = LiveLook(feed, YARD, settings=Settings(), media=MEDIA, deep=False, now=feed.now)
    told = [one for frame in feed.frames() for one in live.take(frame)]
    assert {one.feed.state for one in told} == {"learning"}
    waiting = live.waiting._items
    assert len(waiting) <= 230 * 8 / 30
    assert all(one.frame is None for one in waiting)
