"""Files through PyAV: which picture is shown when, on real files of every kind."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reader import FileSource
from ingest.sampling import parse_sampling
from tests.clips import FPS, Recipe, cut_off, indices, make, read_index, remux, silence, spoil
from vidette.errors import SourceError

X265 = {"x265-params": "log-level=none:pools=1:frame-threads=1"}
KINDS = {
    "h264.mp4": {},
    "h264-b.mp4": {"b_frames": 3, "gop": 250},
    "h264-open.mkv": {"b_frames": 3, "options": {"x264-params": "open-gop=1:keyint=20:min-keyint=20:scenecut=0"}},
    "h264-b.avi": {"b_frames": 3},
    "h264.avi": {},
    "h264-b.ts": {"b_frames": 3},
    "h264.flv": {"b_frames": 2},
    "h265.mp4": {"codec": "libx265", "gop": 25, "b_frames": 4, "options": X265},
    "h265.mkv": {"codec": "libx265", "gop": 25, "options": X265},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "7", "crf": "15"}},
    "av1.mkv": {"codec": "libsvtav1", "gop": 50, "options": {"preset": "7", "crf": "15"}},
    "vp9.webm": {"codec": "libvpx-vp9", "gop": 30, "options": {"deadline": "realtime", "cpu-used": "8"}},
    "vp8.webm": {
        "codec": "libvpx",
        "gop": 30,
        "options": {"auto-alt-ref": "1", "lag-in-frames": "10", "cpu-used": "8"},
    },
    "mpeg4.avi": {"codec": "mpeg4", "b_frames": 2},
    "mpeg4.mkv": {"codec": "mpeg4", "b_frames": 2},
    "mpeg2.ts": {"codec": "mpeg2video", "b_frames": 2, "gop": 12},
    "mpeg2.mpg": {"codec": "mpeg2video", "b_frames": 2, "gop": 12},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mjpeg.mkv": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "raw.h264": {"b_frames": 3},
    "raw.ivf": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "raw.y4m": {"codec": "rawvideo", "frames": 30},
}
UNEVEN = (0.0, 0.04, 0.09, 0.12, 0.5, 0.51, 0.52, 2.0, 2.3, 2.31, 2.32, 2.9, 5.5, 5.52, 5.9, 6.0)


def source(path, sample="5") -> FileSource:
    return FileSource(path, parse_sampling(sample))


def shown(frames) -> list[tuple[float, int]]:
    """(time, number in the picture) of frames."""
    frames = list(frames)
    return list(zip((round(f.pts_s, 3) for f in frames), indices(frames), strict=True))


@pytest.fixture(params=KINDS)
def kind(request, clip):
    return clip(request.param, **KINDS[request.param])


def test_each_frame_is_shown_at_its_time(kind):
    """At a rate above the stream's every frame comes, once, in order, at its own time."""
    opened = source(kind, "30")
    assert shown(opened.frames()) == [(i / FPS, i) for i in range(30 if kind.suffix == ".y4m" else 100)]
    assert opened.damage == ()


@pytest.mark.parametrize("sample", ["1", "5"])
def test_sampled_frames_show_what_their_time_says(kind, sample):
    got = shown(source(kind, sample).frames())
    assert got == [(number / FPS, number) for _, number in got]
    interval = 1 / float(sample)
    assert (
        len(got) == (2 if kind.suffix == ".y4m" else 4) * (int(sample) if sample == "5" else 1) or kind.suffix == ".y4m"
    )
    assert all(at - k * interval < interval for k, (at, _) in enumerate(got)), "one frame in each slot"


@pytest.mark.parametrize("sample", ["2", "5", "30", "keyframes"])
@pytest.mark.parametrize("start_s", [0.3, 1.0, 1.56, 2.04, 3.7, 9.0])
def test_a_run_from_anywhere_shows_what_a_whole_run_shows(kind, sample, start_s):
    opened = source(kind, sample)
    whole = shown(opened.frames())
    assert shown(opened.frames(start_s)) == [(t, n) for t, n in whole if t >= start_s]
    assert shown(opened.frames(start_s, start_s + 0.9)) == [(t, n) for t, n in whole if start_s <= t < start_s + 0.9]


def test_duration_is_to_the_end_of_the_last_frame(kind):
    opened = source(kind)
    told = opened.duration_s
    list(opened.frames())
    seconds = 1.2 if kind.suffix == ".y4m" else 4.0
    assert opened.duration_s == pytest.approx(seconds, abs=0.09)
    assert told is None or told == pytest.approx(seconds, abs=0.3)


def test_keyframes_are_the_pictures_at_their_times(kind):
    got = shown(source(kind, "keyframes").frames())
    # AVI does not say how many B frames are shown before a keyframe that is stored before them.
    late = 2 if kind.name == "mpeg4.avi" else 0
    assert got
    assert all(0 <= number - round(at * FPS) <= late for at, number in got)


def test_keyframes_only_decodes_only_keyframes(clip):
    path = clip("long.mp4", gop=25, options={"sc_threshold": "0"})
    assert shown(source(path, "keyframes").frames()) == [(0.0, 0), (1.0, 25), (2.0, 50), (3.0, 75)]


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_uneven_times_are_exact(clip, name, b_frames):
    path = clip(name, times_s=UNEVEN, b_frames=b_frames)
    assert shown(source(path, "30").frames())[-1] == (6.0, 15)
    # 0.51, 0.52 and 2.31, 2.32 fall into slots of 1/30 s that an earlier frame opened.
    at_5 = shown(source(path, "5").frames())
    whole = [(t, i) for i, t in enumerate(UNEVEN)]
    if b_frames == 0:
        assert at_5 == [whole[i] for i in (0, 4, 7, 8, 11, 12, 14, 15)]
    assert set(at_5) <= set(whole)


@given(start=st.integers(0, 6500), length=st.integers(0, 3000), sample=st.sampled_from(["0.5", "3", "5", "30"]))
def test_uneven_runs_from_anywhere(clip, start, length, sample):
    opened = source(clip("v.mkv", times_s=UNEVEN, b_frames=2), sample)
    whole = [f.pts_s for f in opened.frames()]
    lo, hi = start / 1000, (start + length) / 1000
    assert [f.pts_s for f in opened.frames(lo, hi)] == [t for t in whole if lo <= t < hi]


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts", "late.flv"])
def test_time_begins_with_the_first_frame(clip, name):
    opened = source(clip(name, start_s=3.2))
    got = shown(opened.frames())
    assert got[:3] == [(0.0, 0), (0.2, 5), (0.4, 10)]
    assert opened.duration_s == pytest.approx(4.0, abs=0.05)


def test_frames_cut_away_by_an_edit_list_are_not_shown(clip, tmp_path):
    path = remux(clip("plain.mp4", gop=50), tmp_path / "cut.mp4", from_s=2.6)
    with av.open(str(path)) as opened:
        discarded = [p for p in opened.demux(video=0) if p.is_discard]
    assert discarded, "the clip has an edit list"
    got = shown(source(path, "30").frames())
    assert got[0] == (0.0, 65)
    assert [n for _, n in got] == list(range(65, 100))


def test_rotation_is_applied(clip):
    for degrees, corner in ((90, (0, 0)), (180, (0, -1)), (270, (-1, -1))):
        frame = next(iter(source(clip(f"r{degrees}.mp4", rotation=degrees, frames=5, size=(160, 120))).frames()))
        y, u, _ = frame.planes(1000)
        upright = np.rot90(y, -degrees // 90)
        assert read_index(np.ascontiguousarray(upright)) == 0
        assert frame.size == ((120, 160) if degrees % 180 else (160, 120)), corner
        assert y.shape == frame.rgb().shape[:2] == frame.size[::-1]
        assert u.shape == (y.shape[0] // 2, y.shape[1] // 2)


def test_pixels_are_square(clip):
    frame = next(iter(source(clip("wide.mp4", pixel_aspect=Fraction(4, 3), frames=5)).frames()))
    assert frame.size == (213, 120)
    assert frame.planes(1000)[0].shape == (120, 212)
    assert frame.rgb().shape == (120, 213, 3)


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("ten.mkv", {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": X265}),
        ("gray.mkv", {"pix_fmt": "gray"}),
        ("422.mkv", {"pix_fmt": "yuv422p"}),
        ("444.mkv", {"pix_fmt": "yuv444p"}),
        ("rgb.mkv", {"codec": "ffv1", "pix_fmt": "bgr0"}),
        ("gray16.mkv", {"codec": "ffv1", "pix_fmt": "gray16le"}),
        ("full.mkv", {"pix_fmt": "yuvj420p"}),
    ],
)
def test_every_pixel_format_gives_the_same_picture(clip, name, recipe):
    plain = next(iter(source(clip("plain8.mkv", frames=10)).frames(0.2)))
    frame = next(iter(source(clip(name, frames=10, **recipe)).frames(0.2)))
    for one, other in zip(frame.planes(160), plain.planes(160), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 4
    assert np.abs(frame.rgb().astype(int) - plain.rgb()).mean() < 4
    assert read_index(frame.planes(160)[0]) == 5


def test_interlaced_pictures_keep_one_field(clip, tmp_path):
    combed = []
    for i in range(25):
        luma = np.where(np.arange(120)[:, None] % 2, 200, 50).astype(np.uint8).repeat(160, 1)
        frame = av.VideoFrame.from_ndarray(np.vstack([luma, np.full((60, 160), 128, np.uint8)]), format="yuv420p")
        frame.pts = i
        combed.append(frame)
    flags = {"flags": "+ildct+ilme", "field_order": "tt", "top": "1", "q": "1", "qmin": "1", "qmax": "2", "b": "8M"}
    path = make(tmp_path / "comb.ts", Recipe(codec="mpeg2video", gop=12, frames=25, options=flags), combed)
    with av.open(str(path)) as opened:
        assert next(opened.decode(video=0)).interlaced_frame
    frame = next(iter(source(path).frames()))
    assert frame.size == (160, 120)
    assert np.ptp(frame.planes(160)[0].astype(int)) < 20, "no comb"
    assert np.ptp(frame.rgb()[:, :, 0].astype(int)) < 20
    assert frame.rgb().shape == (120, 160, 3)


def test_the_size_may_change_and_times_that_start_again_are_joined_on(clip, tmp_path):
    path = tmp_path / "both.ts"
    path.write_bytes(clip("a.ts", b_frames=2).read_bytes() + clip("b.ts", size=(320, 240), frames=50).read_bytes())
    opened = source(path)
    frames = list(opened.frames())
    assert [f.size for f in frames].count((160, 120)) == 20
    assert frames[-1].size == (320, 240)
    assert indices(frames[:20]) == [round(f.pts_s * FPS) for f in frames[:20]]
    assert [round(f.pts_s * FPS) - 100 for f in frames[20:]] == pytest.approx(indices(frames[20:]), abs=3)
    assert opened.duration_s == pytest.approx(6.0, abs=0.15)
    later = list(opened.frames(4.5))
    assert [f.pts_s for f in later] == [f.pts_s for f in frames if f.pts_s >= 4.5]


def test_a_file_that_ends_early_says_so(clip, tmp_path):
    path = cut_off(clip("fast.mp4", container_options={"movflags": "faststart"}), tmp_path / "short.mp4", 0.5)
    opened = source(path)
    got = shown(opened.frames())
    assert got
    assert got == [(n / FPS, n) for _, n in got]
    (lost,) = opened.damage
    assert got[-1][0] < lost.start_s < 3.0
    assert lost.end_s == pytest.approx(4.0)
    assert "ends early" in lost.reason
    assert opened.duration_s == pytest.approx(lost.start_s)


def test_a_long_sound_track_is_not_missing_video(clip):
    opened = source(clip("sound.mkv", audio_s=9.0))
    assert len(list(opened.frames())) == 20
    assert opened.damage == ()
    assert opened.duration_s == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("name", ["d.ts", "d.mkv", "d.mp4", "d.avi"])
def test_damage_is_told_and_passed_over(clip, tmp_path, name):
    whole = clip(name, gop=12, frames=250, size=(320, 240))
    opened = source(spoil(whole, tmp_path / name, share=(0.4, 0.6), every=251))
    frames = list(opened.frames())
    assert opened.damage, "damage is told"
    assert min(d.start_s for d in opened.damage) > 2
    good = [(f.pts_s, n) for f, n in zip(frames, indices(frames), strict=True)]
    assert all(abs(n / FPS - t) < 0.3 for t, n in good if t < 3.5)
    assert frames[-1].pts_s > 9, "goes on after the damage"
    assert all(not d.start_s <= f.pts_s < d.end_s for f in frames for d in opened.damage)


def test_damage_is_known_up_to_the_frame_that_is_shown(clip, tmp_path):
    """Reading ahead must not tell of what comes: what is committed would depend on the machine's pace."""
    whole = clip("d.mp4", gop=12, frames=250, size=(320, 240))
    spoiled = spoil(whole, tmp_path / "d.mp4", share=(0.4, 0.6), every=251)
    opened = source(spoiled)
    assert list(opened.frames()), "some are good"
    first = opened.damage[0]
    opened = source(spoiled)
    for frame in opened.frames():
        assert all(d.end_s <= frame.pts_s for d in opened.damage)
        if frame.pts_s >= first.end_s:
            break
        assert opened.damage == ()
    assert opened.damage == (first,)


@pytest.mark.parametrize("name", ["live.mkv", "raw.h264"])
def test_duration_without_a_header_is_known_once_read(clip, name):
    live = {"live": "1"} if name == "live.mkv" else {}
    opened = source(clip(name, b_frames=2, container_options=live))
    assert opened.duration_s is None
    list(opened.frames())
    assert opened.duration_s == pytest.approx(4.0, abs=0.05)


def test_equal_and_useless_times_are_repaired(clip, tmp_path):
    with av.open(str(clip("h264.mp4"))) as inp, av.open(str(tmp_path / "zero.mkv"), "w") as out:
        copy = out.add_stream_from_template(inp.streams.video[0])
        for packet in inp.demux(video=0):
            if packet.size:
                packet.pts = packet.dts = 0
                packet.stream = copy
                out.mux(packet)
    got = shown(source(tmp_path / "zero.mkv", "30").frames())
    assert got == [(i / FPS, i) for i in range(100)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "empty file"),
        ("text.mp4", b"not a video at all\n" * 50, "not a video"),
        ("noise.avi", bytes(range(256)) * 40, "not a video"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:4,\n/etc/hostname\n#EXT-X-ENDLIST\n", "not a video"),
        ("list.ffconcat", b"ffconcat version 1.0\nfile /etc/hostname\n", "not a video"),
        ("half.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "not a video"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as raised:
        source(path)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_sound_alone_is_refused(tmp_path):
    make_sound(tmp_path / "sound.mp4")
    with pytest.raises(SourceError, match="no video in"):
        source(tmp_path / "sound.mp4")


def make_sound(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        for block in silence(2):
            out.mux(stream.encode(block))
        out.mux(stream.encode(None))


def test_a_file_without_one_good_picture_is_refused(clip, tmp_path):
    data = bytearray(clip("h264.mp4").read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - begin)
    (tmp_path / "bad.mp4").write_bytes(data)
    with pytest.raises(SourceError, match="no picture can be decoded"):
        source(tmp_path / "bad.mp4")


def test_a_folder_or_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path, tmp_path / "pipe.mp4"):
        with pytest.raises(SourceError, match="not a regular file"):
            source(path)


def test_a_name_is_never_a_protocol(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "concat:a|b.mp4").write_bytes(clip("h264.mp4").read_bytes())
    assert len(list(source(Path("concat:a|b.mp4")).frames())) == 20


@pytest.mark.real_clips
@pytest.mark.parametrize(("name", "fps"), [("campus_pedestrians.avi", 10), ("motorway_shoulder_cyclist.avi", 25)])
def test_avi_with_b_frames_counts_frames(videos, name, fps):
    got = [f.pts_s for f in source(videos / name, "30").frames()]
    assert got == pytest.approx([i / fps for i in range(len(got))], abs=0.09)
