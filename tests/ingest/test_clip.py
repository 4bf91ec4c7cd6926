"""A clip shows what its source shows at those times, to the pixel."""

import os
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clip import cut
from ingest.passage import in_order
from ingest.reader import FileSource
from ingest.sampling import parse_sampling
from tests.clips import WIDTH, make, read_index, remux, spoil
from vidette.errors import ConfigError, SourceError, StoreError

UNEVEN = tuple(i * 0.04 + (i // 7) * 0.3 for i in range(60))
SOURCES = {
    "plain.mp4": {},
    "b-sound.mp4": {"b_frames": 3, "audio_s": 4},
    "late.mkv": {"b_frames": 2, "start_s": 1.6},
    "uneven.mkv": {"times_s": UNEVEN, "b_frames": 2},
    "b-sound.ts": {"b_frames": 2, "audio_s": 4},
    "mpeg4-b.avi": {"codec": "mpeg4", "b_frames": 2},
    "h264-b.avi": {"b_frames": 3},
    "h264.avi": {},
    "raw.h264": {"b_frames": 2},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:open-gop=1:bframes=3:pools=none"}},
    "vp9.webm": {"codec": "libvpx-vp9"},
}
TAKES_ALL = (".mp4", ".mkv")


def shown(path: Path, start_s: float = 0.0, end_s: float | None = None) -> list[tuple[float, int]]:
    """(time, number in the picture) of every frame."""
    source = FileSource(path, parse_sampling("30"))
    frames = [(f.pts_s, read_index(f.planes(WIDTH)[0])) for f in source.frames(start_s, end_s)]
    assert source.damage == ()
    return frames


def played(path: Path) -> list[tuple[float, int]]:
    """(time since the first, number in the picture) of every frame, as any player decodes them."""
    with av.open(str(path)) as container:
        frames = [(frame.time, read_index(frame.to_ndarray(format="gray"))) for frame in container.decode(video=0)]
    return [(at - frames[0][0], number) for at, number in frames]


def same(clip: list[tuple[float, int]], source: list[tuple[float, int]], shift_s: float, within_s: float = 0.0011):
    assert [number for _, number in clip] == [number for _, number in source]
    assert np.allclose([at + shift_s for at, _ in clip], [at for at, _ in source], atol=within_s)


def kinds(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


@pytest.fixture(scope="module")
def whole(clip):
    read: dict[str, tuple[Path, list[tuple[float, int]]]] = {}

    def get(name: str) -> tuple[Path, list[tuple[float, int]]]:
        if name not in read:
            path = clip(name, **SOURCES[name])
            read[name] = path, shown(path)
        return read[name]

    return get


@pytest.mark.parametrize("suffix", TAKES_ALL)
@pytest.mark.parametrize("name", SOURCES)
def test_a_clip_shows_what_its_source_shows(whole, tmp_path, name, suffix):
    path, frames = whole(name)
    out = tmp_path / f"clip{suffix}"
    info = cut(path, 1.5, 2.3, out)
    assert info.start_s <= 1.5
    assert info.end_s >= 2.3
    assert info.size_bytes == out.stat().st_size
    within = [frame for frame in frames if info.start_s - 0.001 <= frame[0] < info.end_s - 0.001]
    same(played(out), within, info.start_s)
    assert info.frames == len(within)
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("b-sound.mp4", ".ts"),
        ("uneven.mkv", ".ts"),
        ("mpeg4-b.avi", ".avi"),
        ("vp9.webm", ".webm"),
        ("h264.avi", ".ts"),
    ],
)
def test_other_containers_hold_the_same(whole, tmp_path, name, suffix):
    path, frames = whole(name)
    info = cut(path, 1.5, 2.3, tmp_path / f"clip{suffix}")
    within = [frame for frame in frames if info.start_s - 0.001 <= frame[0] < info.end_s - 0.001]
    same(played(tmp_path / f"clip{suffix}"), within, info.start_s)


@pytest.mark.parametrize("name", ["plain.mp4", "b-sound.ts", "mpeg4-b.avi", "late.mkv"])
@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.1), (-5.0, 900.0), (3.7, 60.0), (0.39, 0.41)])
def test_any_stretch_can_be_cut(whole, tmp_path, name, start_s, end_s):
    path, frames = whole(name)
    info = cut(path, start_s, end_s, tmp_path / "clip.mkv")
    asked = [frame for frame in frames if max(0.0, start_s) <= frame[0] < end_s]
    got = [(at + info.start_s, number) for at, number in played(tmp_path / "clip.mkv")]
    assert {number for _, number in asked} <= {number for _, number in got}
    assert info.start_s <= max(0.0, start_s)
    assert info.end_s <= frames[-1][0] + 0.05


def test_it_begins_at_the_nearest_keyframe_before(clip, tmp_path):
    path = clip("keys.mp4", options={"sc_threshold": "0"})
    assert [cut(path, at, at + 0.1, tmp_path / "c.mp4").start_s for at in (0.39, 0.4, 0.79)] == [0.0, 0.4, 0.4]


@pytest.mark.parametrize(("name", "suffix"), [("b-sound.mp4", ".mp4"), ("b-sound.mp4", ".ts"), ("b-sound.ts", ".mkv")])
def test_sound_comes_along(whole, tmp_path, name, suffix):
    path, _ = whole(name)
    info = cut(path, 1.5, 2.3, tmp_path / f"clip{suffix}")
    assert kinds(tmp_path / f"clip{suffix}") == ["video", "audio"]
    with av.open(str(tmp_path / f"clip{suffix}")) as container:
        heard = list(container.decode(audio=0))
    length_s = sum(frame.samples for frame in heard) / 8000
    assert info.end_s - info.start_s - 0.4 <= length_s <= info.end_s - info.start_s + 0.2


def test_sound_that_the_container_does_not_take_is_left_out(clip, tmp_path):
    path = clip("sound.mkv", codec="libvpx-vp9", audio_s=4)
    cut(path, 1.0, 2.0, tmp_path / "clip.webm")
    assert kinds(tmp_path / "clip.webm") == ["video"]
    cut(path, 1.0, 2.0, tmp_path / "clip.mkv")
    assert kinds(tmp_path / "clip.mkv") == ["video", "audio"]


@pytest.mark.parametrize("suffix", TAKES_ALL)
def test_it_stays_upright(clip, tmp_path, suffix):
    path = clip("turned.mp4", rotation=90)
    cut(path, 1.0, 2.0, tmp_path / f"clip{suffix}")
    assert (
        FileSource(tmp_path / f"clip{suffix}", parse_sampling("5")).size == FileSource(path, parse_sampling("5")).size
    )


def test_frames_hidden_by_an_edit_list_do_not_show_in_mp4(clip, tmp_path):
    path = remux(clip("edited.mp4", options={"sc_threshold": "0"}), tmp_path / "edit.mp4", from_s=0.6)
    frames = shown(path)
    info = cut(path, 0.0, 1.0, tmp_path / "clip.mp4")
    got = shown(tmp_path / "clip.mp4")
    assert info.start_s == 0.0
    assert got == frames[: len(got)]
    assert len(got) >= 25


def test_times_that_start_again_are_joined_on_without_sound(clip, tmp_path):
    part = clip("b-sound.ts", **SOURCES["b-sound.ts"])
    twice = tmp_path / "twice.ts"
    twice.write_bytes(part.read_bytes() * 2)
    frames = shown(twice)
    info = cut(twice, 5.0, 6.0, tmp_path / "clip.mp4")
    within = [frame for frame in frames if info.start_s - 0.001 <= frame[0] < info.end_s - 0.001]
    assert [number for _, number in shown(tmp_path / "clip.mp4")] == [number for _, number in within]
    assert len(within) >= 25
    assert kinds(tmp_path / "clip.mp4") == ["video"]


def test_damage_is_copied_as_it_is(clip, tmp_path):
    path = spoil(clip("plain.mkv"), tmp_path / "hurt.mkv", share=(0.3, 0.5), every=211)
    info = cut(path, 0.5, 3.5, tmp_path / "clip.mkv")
    frames = list(FileSource(tmp_path / "clip.mkv", parse_sampling("30")).frames())
    assert info.frames > 50
    assert len(frames) > 30


@pytest.mark.parametrize(
    ("start_s", "end_s", "says"),
    [
        (2.0, 2.0, "start before the end"),
        (3.0, 2.0, "start before the end"),
        (-3.0, -1.0, "start before the end"),
        (float("nan"), 1.0, "start before the end"),
        (0.0, float("inf"), "start before the end"),
        (4.1, 9.0, "ends at 4.0 s"),
        (1e18, 2e18, "ends at 4.0 s"),
    ],
)
def test_a_range_with_nothing_in_it_is_refused(clip, tmp_path, start_s, end_s, says):
    with pytest.raises(ConfigError, match=says):
        cut(clip("plain.mp4"), start_s, end_s, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_container_that_cannot_hold_the_video_is_refused_before_anything_is_written(clip, tmp_path):
    with pytest.raises(ConfigError, match=r"h264 video cannot be kept in 'clip.webm'; use \.mkv"):
        cut(clip("plain.mp4"), 1.0, 2.0, tmp_path / "clip.webm")
    with pytest.raises(ConfigError, match=r"'clip.gif'; name it with one of \.mp4"):
        cut(clip("plain.mp4"), 1.0, 2.0, tmp_path / "clip.gif")
    assert list(tmp_path.iterdir()) == []


def test_video_that_no_one_expects_in_matroska_is_refused_in_one_line(tmp_path):
    path = make_dv(tmp_path / "tape.dv")
    with pytest.raises(ConfigError, match="dvvideo video cannot be kept in"):
        cut(path, 0.0, 0.2, tmp_path / "clip.mp4")


def make_dv(path: Path) -> Path:
    from tests.clips import Recipe

    return make(path, Recipe(codec="dvvideo", frames=10, size=(720, 576), format="dv"))


def test_a_source_that_is_gone_is_said(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        cut(tmp_path / "gone.mp4", 0.0, 1.0, tmp_path / "clip.mp4")


def test_the_source_is_never_overwritten(clip, tmp_path):
    path = tmp_path / "own.mp4"
    path.write_bytes(clip("plain.mp4").read_bytes())
    link = tmp_path / "link.mp4"
    os.link(path, link)
    for out in (path, link):
        with pytest.raises(ConfigError, match="is the source itself"):
            cut(path, 1.0, 2.0, out)
    assert path.read_bytes() == clip("plain.mp4").read_bytes()


def test_a_folder_that_is_not_there_is_said_in_one_line(clip, tmp_path):
    with pytest.raises(StoreError, match="cannot write") as caught:
        cut(clip("plain.mp4"), 1.0, 2.0, tmp_path / "none" / "clip.mp4")
    assert "\n" not in str(caught.value)


def test_an_earlier_clip_is_replaced_whole_or_kept(clip, tmp_path):
    out = tmp_path / "clip.mp4"
    out.write_bytes(b"before")
    with pytest.raises(ConfigError):
        cut(clip("plain.mp4"), 40.0, 50.0, out)
    assert out.read_bytes() == b"before"
    cut(clip("plain.mp4"), 1.0, 2.0, out)
    assert len(shown(out)) > 20


def test_names_are_only_names(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    info = cut(clip("plain.mp4"), 1.0, 2.0, Path("concat:a|b 'x' \u00e9.mp4"))
    assert [p.name for p in tmp_path.iterdir()] == ["concat:a|b 'x' \u00e9.mp4"]
    assert info.size_bytes > 0


@given(st.permutations(range(12)).map(list) | st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_times_of_decoding_rise_and_are_never_after_showing(shown_at):
    times = in_order(shown_at)
    assert all(a[0] < b[0] for a, b in pairwise(times))
    assert all(dts <= pts for dts, pts in times)
    if len(set(shown_at)) == len(shown_at):
        assert [pts for _, pts in times] == shown_at


@pytest.mark.real_clips
@pytest.mark.parametrize(("name", "start_s"), [("campus_pedestrians.avi", 30.0), ("street_cars.mp4", 12.0)])
def test_filmed_clips_are_the_same_to_the_pixel(videos, tmp_path, name, start_s):
    source = FileSource(videos / name, parse_sampling("30"))
    info = cut(videos / name, start_s, start_s + 2, tmp_path / "clip.mp4")
    want = [f.planes(64)[0] for f in source.frames(info.start_s - 0.001, info.end_s - 0.001)]
    got = [f.planes(64)[0] for f in FileSource(tmp_path / "clip.mp4", parse_sampling("30")).frames()]
    assert len(got) == len(want) == info.frames
    assert all(np.array_equal(a, b) for a, b in zip(got, want, strict=True))
