"""Pictures opened to be sent smaller are those that decoding whole and then scaling gives."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.jpeg import decode, encode, fitted
from ingest.jpeg_planes import opened
from vidette.errors import StoreError


def scene(width: int, height: int) -> np.ndarray:
    """Smooth colours with soft spots."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    red, green, blue = 200 * x, 120 + 100 * np.sin(6 * y), 255 * (1 - x * y)
    return np.dstack([red, green, blue]).clip(0, 255).astype(np.uint8)


@pytest.fixture
def pil():
    """Pillow, which writes JPEG of every kind; it comes with the extra `vlm`."""
    return pytest.importorskip("PIL.Image")


def steepness(rgb: np.ndarray) -> float:
    """How much a picture changes from one px to the next, across and down."""
    return float(sum(np.abs(np.diff(rgb.astype(int), axis=axis)).mean() for axis in (0, 1)))


@settings(max_examples=40, deadline=None)
@given(st.integers(16, 700), st.integers(16, 700), st.integers(16, 900))
def test_it_is_what_decoding_and_scaling_gives(width, height, side):
    data = encode(scene(width, height), 92)
    found = opened(data, side)
    assert found.size == (width, height)
    rgb = found.rgb(side)
    want = fitted(decode(data), side)
    assert rgb.shape == want.shape
    assert rgb.dtype == np.uint8
    assume(min(want.shape[:2]) >= 4)
    assert np.abs(rgb.astype(int) - want).mean() < 1.5 + steepness(want) / 2  # in place to half a px
    assert abs(float(found.grey.mean()) - float(cv2.cvtColor(want, cv2.COLOR_RGB2GRAY).mean())) < 4


@pytest.mark.parametrize("size", [(17, 19), (49, 16), (16, 49)])
def test_colours_of_odd_sizes_are_not_pulled(size):
    data = encode(scene(*size), 92)
    assert np.array_equal(opened(data, max(size)).rgb(max(size)), decode(data))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (10, 200, 90)])
def test_colours_keep_their_whole_range(colour):
    rgb = opened(encode(np.full((90, 160, 3), colour, np.uint8), 95), 120).rgb(120)
    assert np.abs(rgb.astype(int) - colour).max() <= 4


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_any_sampling_of_colour_and_any_order(subsampling, progressive, pil):
    out = io.BytesIO()
    pil.fromarray(scene(320, 180)).save(out, "JPEG", quality=92, subsampling=subsampling, progressive=progressive)
    rgb = opened(out.getvalue(), 200).rgb(200)
    assert np.abs(rgb.astype(int) - fitted(scene(320, 180), 200)).mean() < 4


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_are_decoded_whole(mode, pil):
    out = io.BytesIO()
    pil.fromarray(scene(320, 180)).convert(mode).save(out, "JPEG", quality=92)
    found = opened(out.getvalue(), 200)
    assert found.planes == ()
    assert np.abs(found.rgb(200).astype(int) - fitted(decode(out.getvalue()), 200)).max() <= 1


def test_a_picture_that_is_to_be_turned_is_turned(pil):
    out, exif = io.BytesIO(), pil.Exif()
    exif[0x0112] = 6  # orientation: to be turned by a quarter
    pil.fromarray(scene(320, 180)).save(out, "JPEG", exif=exif)
    found = opened(out.getvalue(), 200)
    assert found.size == (180, 320)
    assert found.rgb(160).shape == (160, 90, 3)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 4000), st.binary(min_size=1, max_size=60))
def test_damage_is_a_fault_or_a_picture_of_the_size_it_says(at, noise):
    data = encode(scene(320, 180))
    cut = min(at, len(data) - 1)
    try:
        found = opened(data[:cut] + noise, 300)
    except StoreError:
        return
    assert found.rgb(300).shape[2] == 3


def test_what_is_large_enough_is_decoded_smaller():
    found = opened(encode(scene(1600, 900)), 400)
    assert found.whole is not None
    assert found.whole.shape == (225, 400, 3)
    assert found.size == (1600, 900)
    assert found.rgb(768).shape == (432, 768, 3)
