"""The gate: open on change, shut on noise and light, a heartbeat where nothing changes, a state that goes on."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.gate import Gate
from tests.pictures import HEIGHT, WIDTH, Drawing, box, stay, walk
from vidette import carry


def lumas(seconds, draws=(), **how):
    return [(frame.planes(WIDTH)[0], frame.pts_s) for frame in Drawing(seconds, draws, **how).frames()]


def readings(gate, frames):
    return [gate.read(y, pts_s) for y, pts_s in frames]


def new(threshold=6.0, heartbeat_s=60.0):
    return Gate(threshold, heartbeat_s)


def test_noise_never_opens_it():
    assert not any(reading.open for reading in readings(new(), lumas(20, noise=4)))


def test_a_thing_that_comes_opens_it_at_once_and_again_when_it_goes():
    thing = box((230, 30, 30), stay(8, 14, (200, 150)), size=(40, 60))
    opened = [
        at for (_, at), reading in zip(lumas(20), readings(new(), lumas(20, [thing])), strict=True) if reading.open
    ]
    assert opened[0] == pytest.approx(8.0, abs=0.21)
    assert any(14 <= at <= 14.3 for at in opened)
    assert all(8 <= at < 8.5 or 14 <= at < 14.5 for at in opened)


def test_light_that_fades_slowly_does_not_open_it():
    frames = lumas(30, light=lambda t: 1 - 0.01 * t)
    assert not any(reading.open for reading in readings(new(), frames))


def test_a_heartbeat_is_due_where_it_stayed_shut():
    beats = [reading.heartbeat for reading in readings(new(heartbeat_s=5.0), lumas(16, noise=1))]
    assert [index / 5 for index, beat in enumerate(beats) if beat] == pytest.approx([0, 5, 10, 15], abs=0.21)


@pytest.mark.parametrize("factor", [0.5, 1, 4])
def test_the_picture_may_be_of_any_size(factor):
    import cv2

    gate = new()
    walker = box((230, 30, 30), walk(4, 8, (-20, 150), (500, 150)), size=(40, 60))
    for y, pts_s in lumas(8, [walker]):
        sized = cv2.resize(y, (int(WIDTH * factor), int(HEIGHT * factor)))
        last = gate.read(sized, pts_s)
        assert pts_s >= 4 or not last.open
    assert gate.looked_s > 4


@given(st.integers(1, 48))
@settings(max_examples=6, deadline=None)
def test_a_hand_over_changes_nothing(cut):
    walker = box((230, 30, 30), walk(3, 7, (-20, 150), (500, 150)))
    frames = lumas(10, [walker])
    whole = readings(new(), frames)
    first = new()
    told = readings(first, frames[:cut])
    arrays, state = first.state()
    arrays, state = carry.unpack(carry.pack(arrays, state))
    told += readings(Gate.restore(arrays, json.loads(json.dumps(state))), frames[cut:])
    assert told == whole
    assert all(np.isfinite(reading.score) for reading in told)
