"""Pictures for servers: small enough, none twice, none that is gone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.vlm.pictures import alike, shown
from agent.perception.vlm.prompt import Picture
from ingest.jpeg import decode, encode
from ingest.media import MemoryMedia
from tests.agent.perception.vlm.conftest import picture
from vidette.errors import ModelError
from vidette.models import Keyframe


def kept(media, *jpegs):
    addresses = [media.put(jpeg, ".jpg") for jpeg in jpegs]
    return [
        Picture(
            number=i,
            at_s=float(i),
            keyframe=Keyframe(id=f"{i}", segment_id="s", pts_s=float(i), sha256=sha256, uri=uri),
        )
        for i, (sha256, uri) in enumerate(addresses, 1)
    ]


def grainy(seed, thing=None):
    rgb = np.full((360, 640, 3), 100.0) + np.random.default_rng(seed).normal(0, 6, (360, 640, 3))
    if thing:
        x, y, side = thing
        rgb[y : y + side, x : x + side] += 60
    return encode(np.clip(rgb, 0, 255).astype(np.uint8))


def test_noise_alone_is_no_difference_and_a_small_thing_is():
    media = MemoryMedia()
    seen = shown(kept(media, grainy(1), grainy(2), grainy(3, (300, 200, 12)), grainy(4, (300, 200, 12))), media, 768)
    assert [one.same_as for one in seen] == [0, 1, 0, 3]
    assert [bool(one.still) for one in seen] == [True, False, True, False]


def test_what_drifts_slowly_is_sent_again_in_time():
    media = MemoryMedia()
    steps = [encode(np.full((90, 160, 3), 100 + 2 * i, np.uint8)) for i in range(12)]
    sent = [one.picture.number for one in shown(kept(media, *steps), media, 768) if one.still]
    assert sent == [1, 5, 9]


def test_small_ones_are_sent_as_they_are_and_large_ones_smaller():
    media = MemoryMedia()
    small, large = picture(10), picture(10, (1920, 1080))
    a, b = shown(kept(media, small, large), media, 640)
    assert a.still.jpeg == small
    assert b.same_as == 1 or max(decode(b.still.jpeg).shape[:2]) == 640
    (alone,) = shown(kept(media, large), media, 640)
    assert decode(alone.still.jpeg).shape == (360, 640, 3)


@settings(max_examples=30)
@given(st.integers(1, 1500), st.integers(1, 1500), st.integers(64, 1000))
def test_no_picture_is_larger_than_asked_and_its_shape_stays(width, height, side):
    media = MemoryMedia()
    (one,) = shown(kept(media, encode(np.zeros((height, width, 3), np.uint8))), media, side)
    found = decode(one.still.jpeg).shape[:2]
    share = min(1.0, side / max(width, height))
    assert max(found) == min(side, max(width, height))
    assert found == pytest.approx((max(1, height * share), max(1, width * share)), abs=0.51)


def test_damaged_and_missing_pictures_are_left_out():
    media = MemoryMedia()
    pictures = kept(media, b"\xff\xd8 no picture", picture(10))
    assert [one.picture.number for one in shown(pictures, media, 768)] == [2]
    with pytest.raises(ModelError, match="none of the segment's pictures"):
        shown(pictures[:1], media, 768)


def test_alike_is_the_same_both_ways():
    a, b = np.zeros((36, 64), np.uint8), np.zeros((36, 64), np.uint8)
    b[3, 4] = 200
    assert alike(a, a)
    assert not alike(a, b)
    assert not alike(b, a)
