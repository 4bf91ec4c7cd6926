"""Sizes and ranges of pictures."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.frame import ArrayFrame, DecodedFrame, scaled_size, upright_size

SIDES = st.integers(1, 5000)


@given(SIDES, SIDES, st.integers(1, 5000))
def test_scaled_sizes_are_even_and_never_larger(width, height, wanted):
    wide, high = scaled_size((width, height), wanted)
    assert wide % 2 == high % 2 == 0
    assert wide >= 2
    assert high >= 2
    assert wide <= max(2, min(width, wanted))
    assert abs(high - height * wide / width) <= 1 or high == 2


@given(SIDES, SIDES, st.sampled_from([0, 90, 180, 270]))
def test_turning_swaps_sides(width, height, turn):
    size = upright_size(width, height, None, turn)
    assert size == ((height, width) if turn in (90, 270) else (width, height))


def test_absurd_pixel_shapes_are_not_believed():
    assert upright_size(100, 50, Fraction(1000, 1), 0) == (100, 50)
    assert upright_size(100, 50, Fraction(16, 11), 0) == (145, 50)


def frame_of(y: int, u: int, v: int, *, name: str = "yuv420p", color_range: int = 0) -> DecodedFrame:
    rows = np.vstack([np.full((48, 64), y), np.full((12, 64), u), np.full((12, 64), v)]).astype(np.uint8)
    picture = av.VideoFrame.from_ndarray(rows, format="yuv420p").reformat(format=name)
    if name == "yuvj420p":
        picture = av.VideoFrame.from_ndarray(rows, format=name)
    picture.color_range = color_range
    return DecodedFrame(picture=picture, pts_s=0.0)


def means(frame: DecodedFrame, width: int = 64) -> list[float]:
    return [float(p.mean()) for p in frame.planes(width)]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [((16, 128, 128), (0, 128, 128)), ((235, 128, 128), (255, 128, 128)), ((126, 16, 240), (128, 0, 255))],
)
@pytest.mark.parametrize("color_range", [0, 1])
@pytest.mark.parametrize("width", [64, 20])
def test_studio_range_becomes_full(given_, expected, color_range, width):
    assert means(frame_of(*given_, color_range=color_range), width) == pytest.approx(expected, abs=1)


def test_full_range_is_left():
    assert means(frame_of(20, 30, 220, color_range=2)) == [20, 30, 220]
    assert means(frame_of(20, 30, 220, name="yuvj420p")) == [20, 30, 220]


@given(st.integers(16, 235), st.integers(64, 192), st.integers(64, 192))
def test_planes_and_rgb_tell_the_same_brightness(y, u, v):
    frame = frame_of(y, u, v, color_range=1)
    red, green, blue = frame.rgb(32)[4, 4].astype(float)
    if min(red, green, blue) > 0 and max(red, green, blue) < 255:
        assert 0.299 * red + 0.587 * green + 0.114 * blue == pytest.approx(means(frame)[0], abs=4)


def test_planes_of_one_width_are_made_once():
    frame = frame_of(100, 128, 128)
    assert frame.planes(32)[0] is frame.planes(32)[0]
    assert frame.planes(32)[0].shape != frame.planes(64)[0].shape


def test_planes_are_the_callers_own():
    frame = frame_of(100, 128, 128, color_range=2)
    frame.planes(64)[0][:] = 0
    assert frame.rgb().mean() > 50


def test_one_pixel_is_enough():
    tiny = DecodedFrame(picture=av.VideoFrame(1, 1, "gray"), pts_s=0.0)
    assert tiny.planes(320)[0].shape == (2, 2)
    assert tiny.rgb().shape == (1, 1, 3)


def test_colours_of_an_array_frame():
    red = ArrayFrame(image=np.full((48, 64, 3), (255, 0, 0), np.uint8), pts_s=0.0)
    assert means(red) == pytest.approx([76, 85, 255], abs=1), "JFIF: Y 76, Cb 85, Cr 255"
    assert red.rgb(32).shape == (24, 32, 3)
