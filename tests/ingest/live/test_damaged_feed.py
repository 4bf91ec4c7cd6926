"""What is damaged on its way is not given out, and said."""

from dataclasses import replace

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clips import FPS
from tests.filming import (
    RECIPES,
    Camera,
    decoded,
    every,
    losses,
    sent,
    source,
    times,
    told,
)
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss, Signal


@pytest.mark.parametrize("name", RECIPES)
def test_pictures_that_miss_others_are_not_given_out(name, films):
    clean = {round(frame.pts_s, 3): frame.planes(320)[0].astype(int) for frame in decoded(films[name])}
    for index in (251, 262, 275):
        items = sent(films[name])
        feed = source([*items[:index], *items[index + 1 : 360]], idle="full")
        said = told(feed)
        for frame in said:
            if not isinstance(frame, Signal):
                assert np.abs(frame.planes(320)[0] - clean[round(frame.pts_s, 3)]).mean() < 0.5
        assert any(at >= 14 for at in times(said))
        assert [at for at in times(said) if at < 9.9] == [at for at in every(films[name])[0] if at < 9.9]


def test_a_stretch_of_damage_is_a_loss_until_a_picture_comes(films):
    items = sent(films["plain.mp4"])
    feed = source([*items[:205], *items[206:400]], idle="full")
    said = told(feed)
    told_ = [item.loss for item in losses(said)]
    assert told_
    assert {(loss.state, loss.cause) for loss in told_} == {(FastState.FAILED, Cause.UNREADABLE)}
    assert [loss.since_s for loss in told_] == [pytest.approx(8.0 + 4 / FPS)] * len(told_)
    assert [at for at in times(said) if 8 < at <= 10] == [10.0]
    assert not [item for item in losses(said) if item.pts_s > 10]
    assert feed.state().damaged > 40
    assert feed.state().cause is None


def test_a_moment_of_damage_is_counted_only(films):
    items = sent(films["plain.mp4"])
    feed = source([*items[:240], *items[241:400]], idle="full")
    said = told(feed)
    assert not losses(said)
    assert feed.state().damaged > 5
    assert times(said)[-1] > 10


def test_without_a_keyframe_nothing_is_given_and_that_is_said(films):
    said = told(source(sent(films["plain.mp4"])[1:50]))
    assert times(said) == []
    assert losses(said)[0].loss == Loss(since_s=0.04, state=FastState.FAILED, cause=Cause.UNREADABLE)


@given(st.lists(st.tuples(st.integers(0, 249), st.integers(0, 2**32 - 1)), min_size=1, max_size=30), st.booleans())
@settings(max_examples=10)
def test_packets_with_nonsense_in_them_are_no_error(films, spoilt, idle):
    items = sent(films["plain.mp4"])[:250]
    for index, seed in spoilt:
        items[index] = replace(items[index], packet=spoil(items[index].packet, np.random.default_rng(seed)))
    told(source(items, audit=0.5, idle_s=0.0, idle="keyframes" if idle else "full"))


def spoil(packet, rng):
    """The packet with some bytes changed, or cut off."""
    data = np.frombuffer(bytes(packet), np.uint8).copy()
    data[rng.integers(0, len(data), 5)] = rng.integers(0, 256, 5)
    other = av.Packet(bytes(data[: rng.integers(1, len(data) + 1)]))
    other.time_base, other.pts, other.dts = packet.time_base, packet.pts, packet.dts
    other.is_keyframe = packet.is_keyframe
    return other


def test_damage_without_end_asks_for_another_connection(films):
    camera = Camera()
    told(source([one for one in sent(films["plain.mp4"]) if not one.key], camera=camera))
    assert camera.renewed == [Cause.UNREADABLE]
