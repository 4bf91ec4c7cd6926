"""The reader on files that were spoiled at random places, and on files that change while they are read.

Everything is read in this process: a crash of the decoder would end the tests, and show.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.container import MAX_PIXELS
from ingest.frame import DecodedFrame
from ingest.probe import length_s, probe
from ingest.reader import FileSource
from ingest.sampling import parse_sampling
from tests.bad_files import picture_bomb, spoiled
from tests.clips import FPS, HEIGHT, WIDTH, cut_off, indices, picture, read_index
from vidette.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "a.mp4": {},
    "frag.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "a.mkv": {"b_frames": 2},
    "a.ts": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "a.h264": {},
    "a.flv": {},
    "mpeg2.mpg": {"codec": "mpeg2video"},
}
VARIANTS = 25
LONGEST_S = 366 * 86_400.0


def read(path: Path) -> None:
    """Everything that a watch does with a file; SourceError is an answer, any other error is not."""
    try:
        found = probe(path)
        assert 0 < found.width * found.height <= MAX_PIXELS * 8
        assert length_s(path) >= 0
        source = FileSource(path, parse_sampling("10"))
        last = -1.0
        for frame in source.frames():
            assert last < frame.pts_s < LONGEST_S
            last = frame.pts_s
            frame.planes(64)
        damage = source.damage
        assert all(0 <= one.start_s < one.end_s and one.reason for one in damage)
        assert all(a.end_s < b.start_s for a, b in pairwise(damage))
        assert all(1.0 <= frame.pts_s < 1.5 for frame in source.frames(1.0, 1.5))
    except SourceError as error:
        assert str(error).splitlines() == [str(error)]
        assert path.name in str(error)


@pytest.mark.parametrize("name", KINDS)
def test_a_spoiled_file_is_damage_or_an_error(name, clip, tmp_path):
    data = clip(name, frames=50, gop=10, **KINDS[name]).read_bytes()
    for seed in range(VARIANTS):
        path = tmp_path / f"{seed}-{name}"
        path.write_bytes(spoiled(data, seed))
        read(path)
        path.unlink()


@pytest.mark.parametrize("tag", ["colorspace", "color_range", "color_trc", "color_primaries"])
def test_any_colour_tag_gives_a_picture(tag):
    """All that H.273 knows, and what only damage writes; libswscale refuses some."""
    for value in range(256):
        shown = picture(3, (WIDTH, HEIGHT), "yuv420p")
        setattr(shown, tag, value)
        frame = DecodedFrame(picture=shown, pts_s=0.0)
        assert read_index(frame.planes(WIDTH)[0]) == 3
        assert frame.rgb(64).shape == (48, 64, 3)


def test_a_file_that_grows_while_it_is_read(clip, tmp_path):
    """What was there when reading came to the end is read; nothing of it is damage."""
    whole = clip("grow.ts", frames=250, gop=12).read_bytes()
    path = tmp_path / "grow.ts"
    path.write_bytes(whole[: len(whole) // 2 // 188 * 188])
    source = FileSource(path, parse_sampling("5"))
    frames = source.frames()
    got = [next(frames)]
    with path.open("ab") as more:
        more.write(whole[len(whole) // 2 // 188 * 188 :])
    got += frames
    assert [round(frame.pts_s * FPS) for frame in got] == indices(got)
    assert got[-1].pts_s > 4
    assert all("ends early" not in one.reason for one in source.damage)


def test_an_mp4_that_still_grows_is_read_as_far_as_it_goes(clip, tmp_path):
    """Fragments, as recorders write them: half a fragment at the end is damage or nothing, never an error."""
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    path = cut_off(clip("grow.mp4", frames=250, gop=25, container_options=flags), tmp_path / "grow.mp4", 0.55)
    source = FileSource(path, parse_sampling("5"))
    got = list(source.frames())
    assert [round(frame.pts_s * FPS) for frame in got] == indices(got)
    assert 3 < got[-1].pts_s < 7


def test_a_file_that_shrinks_while_it_is_read(clip, tmp_path):
    path = tmp_path / "shrink.ts"
    path.write_bytes(clip("shrink.ts", frames=500, gop=12).read_bytes())
    source = FileSource(path, parse_sampling("5"))
    frames = source.frames()
    got = [next(frames)]
    os.truncate(path, path.stat().st_size // 2)
    got += frames
    assert [round(frame.pts_s * FPS) for frame in got] == indices(got)
    assert 5 < got[-1].pts_s < 15
    (lost,) = source.damage
    assert got[-1].pts_s < lost.start_s < lost.end_s == pytest.approx(20, abs=0.1)


def test_a_file_that_goes_while_it_is_read_is_read_to_its_end(clip, tmp_path):
    path = tmp_path / "gone.mp4"
    path.write_bytes(clip("plain.mp4").read_bytes())
    source = FileSource(path, parse_sampling("5"))
    frames = source.frames()
    got = [next(frames)]
    path.unlink()
    got += frames
    assert len(got) == 20
    with pytest.raises(SourceError, match="no such file"):
        list(source.frames())


def test_a_file_that_becomes_another_while_it_is_read(clip, tmp_path):
    """Renamed over, as a recorder does that starts anew: the one that was opened is read on."""
    path = tmp_path / "camera.mp4"
    path.write_bytes(clip("plain.mp4").read_bytes())
    source = FileSource(path, parse_sampling("5"))
    frames = source.frames()
    got = [next(frames)]
    (tmp_path / "next").write_bytes(clip("next.mp4", frames=25, start_s=0).read_bytes())
    os.replace(tmp_path / "next", path)
    got += frames
    assert indices(got) == list(range(0, 100, 5))


BOMB = """
import resource, sys
from pathlib import Path
from ingest.probe import probe
from vidette.errors import SourceError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
try:
    probe(Path(sys.argv[1]))
except SourceError:
    print(peak() - before)
"""


def test_a_picture_bomb_is_not_unpacked(tmp_path):
    """144 Mpx would be 432 MB; opening decodes pictures to learn of them, so the limit must hold there already."""
    picture_bomb(tmp_path / "bomb.avi")
    command = [sys.executable, "-c", BOMB, str(tmp_path / "bomb.avi")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000_000
