"""What a camera's feed gives: nothing of an event is missing, nothing comes twice, quiet costs keyframes only."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.live.ring import Ring
from ingest.live.source import LEAST_GROUP_S
from ingest.reader import FileSource
from tests.clips import Recipe, make, remux
from tests.filming import (
    BEGIN_S,
    END_S,
    FIVE,
    GOP_S,
    KEYS,
    RECIPES,
    SIZE,
    Camera,
    decoded,
    every,
    filmed,
    looked,
    losses,
    sent,
    source,
    times,
    told,
)
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss, Signal


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return filmed(tmp_path_factory.mktemp("short") / "short.mp4", 8, thing=(2.6, 3.4))


@pytest.mark.parametrize("name", RECIPES)
def test_the_beginning_of_an_event_is_not_lost(name, films):
    feed = source(sent(films[name]))
    given_ = times(told(feed, looked))
    wanted, keys = every(films[name])
    key_s = max(key for key in keys if key <= BEGIN_S)
    assert [at for at in given_ if key_s <= at < END_S + 3] == [at for at in wanted if key_s <= at < END_S + 3]
    quiet = [at for at in given_ if GOP_S + 3 < at < key_s or at > END_S + 3 + GOP_S]
    assert quiet
    assert set(quiet) <= keys
    state = feed.state()
    assert (state.state, state.frames, state.damaged) == ("idle", len(given_), 0)
    assert state.gops_idle >= 4
    assert state.gops_full + state.gops_idle == len(keys) - 1


def test_growing_packets_alone_wake_it_within_the_group(tmp_path):
    film = filmed(tmp_path / "film.mp4", 13, noise=1.0)
    came: list[float] = []

    def camera():
        for one in sent(film):
            came.append(one.media_s)
            yield one

    feed = source(camera(), threshold=100.0)
    feed.calm(True)
    first = next(item for item in feed.frames() if item.pts_s > 6 and item.pts_s % GOP_S > 0.1)
    assert BEGIN_S < came[-1] < BEGIN_S + 0.5
    assert first.pts_s == pytest.approx(BEGIN_S // GOP_S * GOP_S + 0.2)


def test_where_every_picture_is_a_keyframe_one_that_differs_wakes_it(tmp_path):
    film = filmed(tmp_path / "film.mkv", 14, codec="mjpeg", pix_fmt="yuvj420p")
    feed = source(sent(film))
    given_ = times(told(feed, looked))
    wanted, _ = every(film)
    assert [at for at in given_ if BEGIN_S <= at < END_S] == [at for at in wanted if BEGIN_S <= at < END_S]
    quiet = [at for at in given_ if 5 < at < BEGIN_S - 1.5]
    assert len(quiet) <= (BEGIN_S - 6.5) / LEAST_GROUP_S + 1
    assert feed.state().gops_idle >= 5


@pytest.mark.parametrize("name", RECIPES)
def test_full_gives_all_that_sampling_wants(name, films):
    feed = source(sent(films[name]), idle="full")
    assert times(told(feed)) == every(films[name])[0]
    assert feed.state().gops_idle == 0
    if name == "plain.mp4":
        assert times(told(source(sent(films[name]), idle="full"))) == [
            round(frame.pts_s, 3) for frame in FileSource(films[name], FIVE).frames()
        ]


def test_pictures_are_those_of_a_full_decode(films):
    for name in RECIPES:
        clean = {round(frame.pts_s, 3): frame.planes(320)[0] for frame in decoded(films[name])}
        for frame in told(source(sent(films[name])), looked):
            if not isinstance(frame, Signal):
                assert np.array_equal(frame.planes(320)[0], clean[round(frame.pts_s, 3)])


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.sampled_from(sorted(RECIPES)), st.floats(0, 4))
@settings(max_examples=8)
def test_however_calm_it_is_told_frames_are_wanted_ones_and_keyframes(films, schedule, name, idle_s):
    moods = iter(schedule * 200)
    items = sent(films[name])[:250]
    feed = source(items, audit=0.3, idle_s=idle_s)
    given_ = times(told(feed, lambda item: next(moods)))
    wanted, keys = every(films[name])
    assert set(given_) <= set(wanted) | keys
    state = feed.state()
    assert state.gops_full + state.gops_idle + state.gops_audited == sum(one.key for one in items) - 1
    assert state.gops_missed <= state.gops_audited


def test_something_is_said_every_second_of_what_arrives(films):
    came = [0.0]

    def camera():
        for one in sent(films["plain.mp4"]):
            came.append(one.media_s)
            yield one

    feed = source(camera())
    feed.calm(True)
    last_s = 0.0
    for _ in feed.frames():
        assert came[-1] - last_s <= 1.0
        last_s = came[-1]


def test_an_audit_finds_what_nothing_else_saw(short):
    """In the second group the size rule has not learned enough, and the keyframes on both sides are alike."""
    unseen = source(sent(short), idle_s=0.0, audit=0.0)
    assert not [at for at in times(told(unseen)) if 2 < at < 4]
    assert unseen.state().gops_audited == 0
    feed = source(sent(short), idle_s=0.0, audit=1.0)
    given_ = times(told(feed))
    state = feed.state()
    assert [at for at in given_ if 2 <= at < 4] == [at for at in every(short)[0] if 2 <= at < 4]
    assert (state.gops_audited, state.gops_missed) == (1, 1)


def test_an_audit_of_quiet_finds_nothing_and_gives_nothing(films):
    feed = source(sent(films["bframes.mp4"])[:250], audit=1.0, idle_s=0.0)
    assert {at for at in times(told(feed)) if at > GOP_S} <= every(films["bframes.mp4"])[1]
    assert (feed.state().gops_audited, feed.state().gops_missed, feed.state().gops_idle) == (3, 0, 0)


def test_how_much_is_audited_follows_the_share_and_the_seed(films):
    def audited(seed):
        feed = source(sent(films["plain.mp4"])[:250], audit=0.5, idle_s=0.0, seed=seed)
        told(feed)
        return feed.state().gops_audited

    counts = [audited(seed) for seed in range(6)]
    assert counts == [audited(seed) for seed in range(6)]
    assert 4 <= sum(counts) <= 14  # of 18


def test_groups_longer_than_what_is_kept_are_decoded_as_they_come(films, monkeypatch):
    monkeypatch.setattr("ingest.live.group.MAX_PACKETS", 40)
    feed = source(sent(films["plain.mp4"]))
    assert times(told(feed)) == every(films["plain.mp4"])[0]
    assert feed.state().gops_idle == 0


def test_a_group_that_grows_too_long_while_asleep_wakes_it(tmp_path, films, monkeypatch):
    monkeypatch.setattr("ingest.live.group.MAX_PACKETS", 60)
    long = filmed(tmp_path / "long.mp4", 6, thing=(9, 9), gop=150)
    before = [one for one in sent(films["plain.mp4"]) if one.media_s < 8]
    after = [replace(one, media_s=one.media_s + 8) for one in sent(long)]
    feed = source(joined(before, after))
    given_ = times(told(feed))
    assert [at for at in given_ if 4 < at < 8] == [6.0]
    assert [at for at in given_ if at >= 8] == pytest.approx([8 + number / 5 for number in range(30)], abs=0.001)


def joined(first, then):
    """Packets of two files as if one camera had sent them; they were encoded alike."""
    return [*first, *(replace(one, connection=first[0].connection) for one in then)]


@pytest.mark.parametrize("name", RECIPES)
def test_a_loss_while_asleep_comes_after_what_was_passed_over(name, films):
    loss = Loss(since_s=9.0, state=FastState.OFFLINE, cause=Cause.ENDED)
    items = [one for one in sent(films[name]) if one.media_s < 9]
    feed = source([*items, Signal(pts_s=9.5, loss=loss), Signal(pts_s=10.0, loss=loss)])
    said = told(feed)
    wanted, _ = every(films[name])
    assert [at for at in times(said) if at > 8] == [at for at in wanted if 8 < at < 9]
    assert [item.pts_s for item in losses(said)] == [9.5, 10.0]
    assert (feed.state().state, feed.state().cause) == ("lost", Cause.ENDED)


def test_ticks_while_asleep_say_no_more_than_is_known(films):
    items = [one for one in sent(films["plain.mp4"]) if one.media_s < 9]
    said = told(source([*items, Signal(pts_s=9.4), Signal(pts_s=9.9)]))
    assert said[-1] == Signal(pts_s=8.0)


@pytest.mark.parametrize("name", RECIPES)
def test_another_connection_is_decoded_anew(name, films):
    first = [one for one in sent(films[name]) if one.media_s < 7.3]
    loss = Loss(since_s=7.3, state=FastState.OFFLINE, cause=Cause.ENDED)
    again = [one for one in sent(films["plain.mp4"], at_s=10.0, connection=2) if one.media_s < 14]
    ring = Ring(10**8)
    feed = source([*first, Signal(pts_s=8.0, loss=loss), *again[13:]], ring=ring)
    said = told(feed)
    resumed = next(one.media_s for one in again[13:] if one.key)
    assert next(at for at in times(said) if at > 7.3) == resumed
    assert losses(said)[0].loss == loss
    assert {item.loss for item in losses(said)} == {loss}, "it is lost until a picture comes"
    assert losses(said)[-1].pts_s > 9
    assert feed.state().reconnects == {"ended": 1}
    assert len(ring.window(0, 100)) == len(first) + len([one for one in again if one.media_s >= resumed])


def test_another_size_in_the_same_connection_goes_on(tmp_path):
    big = remux(filmed(tmp_path / "big.mp4", 8), tmp_path / "big.ts")
    made = make(tmp_path / "small.mp4", Recipe(gop=50, size=(160, 120), options={"preset": "veryfast"}))
    small = sent(remux(made, tmp_path / "small.ts"), at_s=8.0)
    before = sent(big)
    feed = source([*before, *(replace(one, stream=before[0].stream) for one in small)], idle_s=2.0)
    said = [item for item in told(feed) if not isinstance(item, Signal)]
    assert {frame.size for frame in said if frame.pts_s < 8} == {SIZE}
    assert {frame.size for frame in said if frame.pts_s >= 8} == {(160, 120)}
    assert not feed.state().damaged


def test_keyframes_only_decodes_nothing_else(films):
    feed = source(sent(films["open.mp4"]), sampling=KEYS)
    assert times(told(feed)) == sorted(every(films["open.mp4"])[1])
    assert feed.state().gops_full == 0


def test_nothing_to_see_yet_is_waiting():
    feed = source([])
    assert feed.state().state == "waiting"
    assert told(feed) == []


def test_once_closed_it_ends(films):
    feed = source(sent(films["plain.mp4"]))
    frames = feed.frames()
    next(frames)
    feed.close()
    assert list(frames) == []


def test_overload_thins_and_the_camera_is_asked_for_the_rest(films):
    camera = Camera()
    feed = source(sent(films["plain.mp4"])[:100], idle="full", camera=camera)
    assert times(told(feed)) == every(films["plain.mp4"])[0][:20:2]
    state = feed.state()
    assert (state.queue, state.clock_s, state.reconnects, state.dropped) == (7, 1.5, {"stalled": 2}, {"overload": 3})
    feed.close()
    assert camera.closed
    assert camera.renewed == []
