"""What every VideoSource keeps; a new one joins by a line in `READERS`.

decord's stamps are 32-bit floats, and it shows frames that an edit list cut away: its times are
held to a millisecond, and edit lists are not asked of it.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.open import open_source
from tests.clips import FPS, WIDTH, Recipe, indices, make
from vidette.errors import ConfigError, SourceError
from vidette.ports import VideoSource

READERS = ["pyav", "decord"]
CLIPS = {
    "plain.mp4": Recipe(gop=25),
    "b-frames.mkv": Recipe(b_frames=3, gop=50),
    "uneven.mkv": Recipe(times_s=(0.0, 0.04, 0.4, 0.44, 1.5, 1.54, 2.0, 2.5, 2.54, 3.2)),
    "old.avi": Recipe(codec="mpeg4"),
    "joined": Recipe(gop=25),
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("contract")
    made = {name: [make(folder / name, recipe)] for name, recipe in CLIPS.items() if name != "joined"}
    return {**made, "joined": [*made["plain.mp4"], *made["b-frames.mkv"]]}


@pytest.fixture(params=READERS)
def reader(request) -> str:
    return request.param


@pytest.fixture(params=CLIPS)
def opened(request, reader, paths) -> VideoSource:
    source = open_source(paths[request.param], sample="5", reader=reader)
    yield source
    source.close()


def test_time_rises_from_zero_to_the_duration(opened):
    times = [frame.pts_s for frame in opened.frames()]
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] < opened.duration_s < times[-1] + 0.5


def test_a_run_from_anywhere_shows_what_a_whole_run_shows(opened):
    whole = [(f.pts_s, n) for f, n in _numbered(opened.frames())]
    for start_s, end_s in ((0.0, 0.5), (0.3, 1.7), (1.5, None), (2.41, 2.42), (99.0, None)):
        some = [(f.pts_s, n) for f, n in _numbered(opened.frames(start_s, end_s))]
        assert some == [(t, n) for t, n in whole if t >= start_s and (end_s is None or t < end_s)]


def test_frames_show_the_picture_of_their_time(reader, paths):
    for frame, number in _numbered(open_source(paths["b-frames.mkv"], sample="5", reader=reader).frames()):
        assert number / FPS == pytest.approx(frame.pts_s, abs=0.001)


def test_pictures_keep_their_shape_at_any_width(opened):
    frame = next(iter(opened.frames()))
    wide, high = frame.size
    assert (wide, high) == (160, 120)
    for width in (320, 160, 81, 40):
        y, u, v = frame.planes(width)
        at = min(width, wide) // 2 * 2
        assert y.shape == (round(at * high / wide / 2) * 2, at)
        assert u.shape == v.shape == (y.shape[0] // 2, y.shape[1] // 2)
        assert {p.dtype for p in (y, u, v)} == {np.dtype(np.uint8)}
        assert all(p.flags.c_contiguous for p in (y, u, v))
    assert frame.rgb().shape == (high, wide, 3)
    assert frame.rgb(80).shape == (60, 80, 3)
    assert frame.rgb(999).shape == (high, wide, 3)


def test_gray_is_gray_in_planes_and_rgb(opened):
    frame = next(iter(opened.frames(1.0)))
    y, u, v = frame.planes(WIDTH)
    assert np.abs(u.astype(int) - 128).max() < 8
    assert np.abs(v.astype(int) - 128).max() < 8
    assert np.abs(frame.rgb().mean(axis=2) - y).mean() < 3


def test_whole_files_are_undamaged(opened):
    list(opened.frames())
    assert opened.damage == ()


def test_a_run_may_be_left_at_any_frame(opened):
    next(iter(opened.frames()))
    assert len(list(opened.frames(0.0, 0.5))) >= 2


@pytest.mark.parametrize("content", [b"", b"no video " * 99])
def test_what_is_no_video_is_refused(reader, tmp_path, content):
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=r"bad\.mp4"):
        list(open_source([tmp_path / "bad.mp4"], reader=reader).frames())
    with pytest.raises(SourceError, match="no such file"):
        open_source([tmp_path / "none.mp4"], reader=reader)


def test_an_unknown_rate_is_the_users_mistake(reader, paths):
    with pytest.raises(ConfigError):
        open_source(paths["plain.mp4"], sample="often", reader=reader)


def _numbered(frames):
    shown = list(frames)
    return list(zip(shown, indices(shown), strict=True))
