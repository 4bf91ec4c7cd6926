"""What lies ahead: read once, given in order, bounded; a picture is the same before and after it waited."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.ahead import Ahead
from agent.perception.background import Background
from agent.perception.decoded import reading as decoding
from tests.pictures import HEIGHT, WIDTH, Drawing, Picture, court


class Counted(Drawing):
    """Counts how often each frame is read."""

    def frames(self, start_s=0.0, end_s=None):
        for frame in super().frames(start_s, end_s):
            self.reads = getattr(self, "reads", Counter())
            self.reads[frame.pts_s] += 1
            yield frame


def opened(source, start_s=0.0, end_s=None):
    decoded = decoding(source)
    return Ahead(decoded, start_s, end_s, -1.0, again=decoded)


def ahead(source, start_s=0.0):
    reading = opened(source, start_s)
    return reading.look(next(iter(reading)))


def test_half_a_minute_is_looked_ahead_a_frame_a_second():
    assert len(ahead(Drawing(40, noise=0))) == 30
    assert len(ahead(Drawing(5, noise=0))) == 5
    assert len(ahead(Drawing(40, noise=0), 33.0)) == 7


def test_looking_ahead_stops_at_a_cut():
    assert len(ahead(Drawing(20, cuts={6: court()}))) == 6


def test_looking_ahead_stops_where_the_size_changes():
    class Changing(Drawing):
        def frames(self, start_s=0.0, end_s=None):
            for frame in super().frames(start_s, end_s):
                small = frame.pts_s >= 4
                yield Picture(frame.pixels[:120].copy(), frame.pts_s) if small else frame

    assert len(ahead(Changing(10))) == 4


def test_what_passes_by_is_not_in_the_background_looked_ahead_for():
    def passing(picture, t):
        if 2 <= t < 8:
            picture[100:200, round(50 * t) : round(50 * t) + 60] = (240.0, 20.0, 20.0)

    clean, busy = Background(ahead(Drawing(10))), Background(ahead(Drawing(10, [passing])))
    assert np.abs(clean.y.astype(int) - busy.y).max() <= 6


@given(st.floats(0, 12), st.none() | st.floats(3, 12), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_every_frame_is_given_once_in_order_whenever_one_looks_ahead(start_s, end_s, when):
    source = Counted(12, noise=0, fps=2)
    plain = [frame.pts_s for frame in source.frames(start_s, end_s)]
    source.reads = Counter()
    given, reading = [], opened(source, start_s, end_s)
    for index, one in enumerate(reading):
        given.append(one.pts_s)
        if index == when:
            reading.look(one)
    assert given == plain
    assert all(source.reads[at] == 1 for at in given)


def test_the_one_before_the_last_may_be_the_first_of_a_scene():
    reading = opened(Drawing(5, noise=0))
    frames = iter(reading)
    first, _ = next(frames), next(frames)
    assert len(reading.look(first)) == 5
    assert next(frames).pts_s == pytest.approx(0.4)


def test_beyond_what_may_wait_the_rest_is_read_a_second_time():
    source = Counted(40, noise=0, fps=10)
    reading = opened(source)
    frames = iter(reading)
    assert len(reading.look(next(frames))) == 30
    assert len(reading._waiting) <= 160
    assert sum(1 for _ in frames) == 399
    assert max(source.reads.values()) == 2


def test_looking_ahead_goes_beyond_the_end_of_a_span():
    source = Counted(40, noise=0)
    reading = opened(source, 0.0, 10.0)
    frames = iter(reading)
    assert len(reading.look(next(frames))) == 30
    assert [one.pts_s for one in frames][-1] == pytest.approx(9.8)
    assert set(source.reads.values()) == {1}


@pytest.mark.parametrize("held_px", [0, 10_000_000])
@pytest.mark.parametrize("index", [3, 4])
def test_a_picture_is_the_same_after_it_waited(index, held_px, monkeypatch):
    """A telling frame stays where there is room, else its picture is taken before; another one is read again."""
    monkeypatch.setattr("agent.perception.ahead._HELD_PX", held_px)
    source = Drawing(6)
    there = [one.jpeg() for one in opened(source)][index]
    reading = opened(source)
    frames = iter(reading)
    reading.look(next(frames))
    waited = list(frames)[index - 1]
    assert waited.telling == (index == 3)
    assert (waited.frame is not None) == (waited.telling and held_px > 0)
    assert waited.jpeg() == there


def test_a_picture_that_cannot_be_read_again_is_the_small_one():
    source = Drawing(6, backdrop=np.full((HEIGHT, WIDTH, 3), (200, 40, 90), np.uint8), noise=0)
    reading = opened(source)
    frames = iter(reading)
    reading.look(next(frames))
    source.seconds = 0.0
    assert np.abs(next(frames).rgb().astype(int) - (200, 40, 90)).max() < 8
