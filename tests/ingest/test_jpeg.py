"""JPEG keeps the picture and refuses what is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.jpeg import decode, encode, size, thumbnail
from vidette.errors import StoreError


def gradient(width: int, height: int) -> np.ndarray:
    """A smooth picture whose red, green and blue differ."""
    x, y = np.linspace(0, 255, width), np.linspace(0, 255, height)
    red, green = np.meshgrid(x, y)
    return np.dstack([red, green, 255 - red]).astype(np.uint8)


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(50, 100))
def test_pictures_come_back_with_their_size_and_colours(width, height, quality):
    rgb = gradient(width, height)
    back = decode(encode(rgb, quality))
    assert back.shape == rgb.shape
    assert back.dtype == np.uint8
    flat = np.full((height, width, 3), (200, 40, 90), np.uint8)
    assert np.abs(decode(encode(flat, quality)).astype(int) - flat).max() <= 8


@settings(max_examples=30)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 900))
def test_a_smaller_picture_keeps_its_colours_and_as_many_pixels_as_asked(width, height, least):
    data = encode(np.full((height, width, 3), (200, 40, 90), np.uint8))
    assert size(data) == (width, height)
    back = decode(data, least=least)
    part = max(one for one in (1, 2, 4, 8) if one == 1 or max(width, height) // one >= least)
    assert back.shape == (-(-height // part), -(-width // part), 3)
    assert max(back.shape) >= min(least, max(width, height))
    assert np.abs(back.astype(int) - (200, 40, 90)).max() <= 8


def test_what_has_no_frame_header_has_no_size():
    assert size(b"") == size(b"\xff\xd8 nothing") == (0, 0)


def test_red_stays_red():
    flat = np.full((32, 32, 3), (220, 10, 20), np.uint8)
    assert decode(encode(flat)).reshape(-1, 3).mean(axis=0) == pytest.approx((220, 10, 20), abs=4)


def test_the_same_picture_gives_the_same_bytes_and_less_quality_fewer():
    rgb = gradient(320, 180)
    assert encode(rgb) == encode(rgb.copy())
    assert encode(np.asfortranarray(rgb)) == encode(rgb)
    assert len(encode(rgb, 30)) < len(encode(rgb, 95))


def test_crops_are_encoded_as_they_are():
    rgb = gradient(320, 180)
    assert encode(rgb[20:100, 30:200]) == encode(np.ascontiguousarray(rgb[20:100, 30:200]))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0 not a picture", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_jpeg_is_refused_in_one_line(data):
    with pytest.raises(StoreError, match="JPEG") as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [65_500, 30_000])
def test_a_picture_that_would_fill_the_memory_is_refused(side):
    data = bytearray(encode(gradient(16, 16)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = side.to_bytes(2, "big") * 2
    with pytest.raises(StoreError, match="100 Mpx"):
        decode(bytes(data))


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 900))
def test_damaged_bytes_are_a_picture_or_our_error(noise, at):
    data = bytearray(encode(gradient(64, 48)))
    data[at : at + len(noise)] = noise
    try:
        assert decode(bytes(data)).ndim == 3
    except StoreError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0, 3), (70_000, 2, 3)])
def test_what_jpeg_cannot_hold_is_refused(shape):
    with pytest.raises(StoreError, match="cannot encode"):
        encode(np.zeros(shape, np.uint8))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(300, 20_000), st.booleans())
def test_a_small_picture_fits_or_there_is_none(width, height, most_bytes, noisy):
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    data = encode(noise if noisy else gradient(width, height))
    small = thumbnail(data, most_bytes)
    assert thumbnail(data, most_bytes) == small
    if small is not None:
        assert len(small) <= most_bytes
        back = decode(small)
        assert back.shape[1] <= 320
        assert back.shape[1] <= width


def test_a_usual_picture_is_small_at_full_width():
    small = thumbnail(encode(gradient(1920, 1080)), 12_288)
    assert small is not None
    assert decode(small).shape[:2] == (180, 320)


def test_a_small_picture_of_what_is_none_is_refused():
    with pytest.raises(StoreError):
        thumbnail(b"no picture", 12_288)
