"""How large to work, what lies ahead, what is masked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.background import Background
from agent.perception.outlook import look_ahead, mask_of, working_width
from tests.pictures import HEIGHT, WIDTH, Drawing, Picture, court
from vidette.settings import Settings, StreamSettings


@pytest.mark.parametrize(
    ("size", "width"),
    [((1920, 1080), 480), ((3840, 2160), 480), ((640, 480), 416), ((320, 240), 320), ((100, 75), 100)],
)
def test_working_widths(size, width):
    assert working_width(size) == width


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_the_working_picture_is_bounded_and_even(width, height):
    working = working_width((width, height))
    assert working % 2 == 0
    assert 16 <= working <= 480
    assert working == 16 or working <= width
    assert working == 16 or working * working * height / width <= 130_000 * 1.01


def ahead(source, start_s=0.0):
    (first,) = [frame.planes(WIDTH) for frame in source.frames(start_s, start_s + 0.2)]
    return look_ahead(source, start_s, first)


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


def test_masks_are_polygons_of_the_named_stream():
    half = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
    settings = Settings(
        streams=[
            StreamSettings(name="yard", masks=[half]),
            StreamSettings(name="gate", masks=[[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]]),
        ]
    )
    yard = mask_of(settings, "yard", (HEIGHT, WIDTH))
    assert yard[:, : WIDTH // 2].all()
    assert not yard[:, WIDTH // 2 + 2 :].any()
    assert mask_of(settings, "gate", (HEIGHT, WIDTH)).all()
    assert not mask_of(settings, "elsewhere", (HEIGHT, WIDTH)).any()
