"""Keyframes of large pictures: kept as large as asked, the fast look's own pictures as they were, few wide ones stored."""

import numpy as np
import pytest

from agent.perception.shots import Shots
from agent.perception.sight import sight_of
from ingest import jpeg
from ingest.frame import ArrayFrame
from ingest.media import MemoryMedia
from vidette import carry

WIDE = 1920


class Still:
    """A source whose frames can be read again."""

    def __init__(self):
        self.read = 0

    def frames(self, start_s, end_s=None):
        self.read += 1
        yield frame_at(start_s + 1e-6)


def frame_at(pts_s, width=WIDE):
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    image = np.repeat(np.roll(ramp, int(pts_s * 100))[None, :, None], width * 9 // 16, axis=0).repeat(3, axis=2)
    return ArrayFrame(image=np.ascontiguousarray(image), pts_s=pts_s)


def seen(pts_s, width=WIDE, wide=3840, source=None):
    return sight_of(frame_at(pts_s, width), source, pts_s - 0.7, wide=wide)


def widths(media, frames):
    return [jpeg.decode(media.get(frame.sha256)).shape[1] for frame in frames]


@pytest.mark.parametrize(("wide", "width"), [(3840, 1920), (1600, 1600)])
def test_a_keyframe_is_as_wide_as_asked_and_the_other_pictures_are_not(wide, width):
    sight = seen(1.0, wide=wide)
    assert jpeg.decode(sight.keyframe()).shape[1] == width
    assert sight.rgb().shape[1] == sight.grey().shape[1] == 1280


@pytest.mark.parametrize(("width", "wide"), [(1280, 3840), (640, 3840), (1920, 1280)])
def test_where_it_would_be_no_wider_there_is_none(width, wide):
    assert seen(1.0, width, wide).keyframe() == b""


def test_it_is_taken_before_the_frame_goes_and_given_once():
    source = Still()
    here, gone = seen(1.0), seen(1.0, source=source).wait(hold=False)
    assert gone.frame is None
    assert gone.keyframe() == here.keyframe() != b""
    assert source.read == 0
    assert gone.keyframe() == here.keyframe()  # read again
    assert source.read == 1
    camera = seen(1.0).wait(hold=False)
    assert camera.keyframe()
    assert camera.keyframe() == b""  # a camera's frame does not come again: what `jpeg` has must do
    assert camera.jpeg()


def test_segments_keep_them_wide():
    media = MemoryMedia()
    shots = Shots(media, 3)
    for number in range(12):
        shots.offer(seen(number * 0.7), 1.0)
    assert widths(media, shots.close("one", 0.0, 10.0)) == [WIDE] * 3


def test_of_what_a_commit_holds_only_what_would_be_a_keyframe_is_stored_wide():
    media = MemoryMedia()
    shots = Shots(media, 2)
    for number in range(6):
        shots.offer(seen(number * 0.7), 1.0)
    shots.state()
    stored = sorted(jpeg.decode(data).shape[1] for data in media._held.values())
    assert stored == [1280] * 4 + [WIDE] * 2
    shots.state()
    assert len(media._held) == 6  # again, nothing is stored
    assert widths(media, shots.close("one", 0.0, 10.0)) == [WIDE] * 2


@pytest.mark.parametrize("cut", [1, 5, 11])
def test_who_goes_on_and_a_successor_keep_the_same(cut):
    media, frames = MemoryMedia(), [seen(number * 0.7) for number in range(12)]
    first, second = Shots(media, 2), Shots(media, 2)
    for frame in frames[:cut]:
        first.offer(frame, 1.0)
    second.restore(*carry.unpack(carry.pack(*first.state())))
    for number, frame in enumerate(frames[cut:], cut):
        first.offer(frame, 1.0)
        second.offer(seen(number * 0.7), 1.0)
    assert first.close("one", 0.0, 10.0) == second.close("one", 0.0, 10.0)


@pytest.mark.parametrize("held_px", [0, 5_000_000, 1_000_000_000])
def test_keyframes_are_the_same_however_many_frames_wait_decoded(held_px, monkeypatch):
    """Of a file few are encoded as wide as they are: those that are chosen, or that there is no room for."""
    media, source = MemoryMedia(), Still()
    at_once = Shots(media, 2)  # of a camera: nothing waits
    for second in range(8):
        at_once.offer(seen(second + 1.0), 1.0)
    expected = at_once.close("one", 0.0, 10.0)
    monkeypatch.setattr("agent.perception.shots._HELD_PX", held_px)
    sights = [seen(second + 1.0, source=source) for second in range(8)]
    shots = Shots(media, 2)
    for sight in sights:
        shots.offer(sight, 1.0)
        assert sum(shot.payload.pixels for shot in shots.picker.held()) <= held_px
    assert shots.close("one", 0.0, 10.0) == expected
    assert widths(media, expected) == [WIDE, WIDE]
    assert source.read == 0


def test_a_view_holds_no_frame():
    sight = seen(1.0, source=Still())
    alone = sight.alone()
    assert (alone.frame, alone.jpeg()) == (None, sight.jpeg())
    assert sight.pixels > 0
