"""A clip of live packets: the right pictures at the right times, whole, and played by a real browser."""

from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.clipping import alike, clip, fitted
from ingest.masks import Masks
from tests.arriving import arrivals, ringed, shown
from tests.clips import Recipe, bars, make, read_index, remux
from tests.playing import CHROMIUM, played
from vidette.errors import StoreError

NONE = Masks()
HALF = Masks(polygons=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))
X265 = {"x265-params": "log-level=none"}
RECIPES = {
    "plain.mp4": Recipe(),
    "bframes.mp4": Recipe(b_frames=2),
    "open.mp4": Recipe(b_frames=2, options={"x264-params": "open-gop=1"}),
    "plain.ts": Recipe(),
    "h265.mp4": Recipe(codec="libx265", options=X265),
    "h265.ts": Recipe(codec="libx265", options=X265),
    "mjpeg.mkv": Recipe(codec="mjpeg", pix_fmt="yuvj420p"),
    "odd.mkv": Recipe(codec="ffv1", size=(161, 121), pix_fmt="gray"),
    "mpeg4.avi": Recipe(codec="mpeg4"),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    made = {}
    for name, recipe in RECIPES.items():
        if name.endswith(".ts"):
            made[name] = remux(make(folder / f"{name}.mp4", recipe), folder / name)
        else:
            gray = (av.VideoFrame.from_ndarray(bars(i, recipe.size), format="gray") for i in range(recipe.frames))
            made[name] = make(folder / name, recipe, gray if recipe.pix_fmt == "gray" else None)
    return made


@pytest.mark.parametrize("name", RECIPES)
def test_a_clip_shows_what_was_sent_from_the_keyframe_before(name, sources, tmp_path):
    out = tmp_path / "clip.mp4"
    window = ringed(arrivals(sources[name])).window(101.1, 102.9)
    made = clip(window, out, NONE)
    pictures = shown(out)
    numbers = [read_index(luma) for _, _, luma in pictures]
    first = round((made.start_s - 100) * 25)
    assert made.start_s <= 101.1 < made.start_s + 0.4 + 1e-6
    assert pictures[0][1], "the first picture is a keyframe"
    assert numbers[:-1] == list(range(first, first + len(numbers) - 1))
    assert numbers[-1] == round((made.end_s - 100) * 25) - 1 >= 71
    assert numbers[-1] - numbers[-2] <= 3  # B-frames of the last one may come after the window
    assert [time - pictures[0][0] for time, _, _ in pictures] == pytest.approx(
        [(number - first) * 0.04 for number in numbers], abs=0.002
    )
    with av.open(str(out)) as container:
        copied = name.startswith(("plain", "bframes", "open", "h265"))
        assert container.streams.video[0].codec_context.name == (made.codec if copied else "h264")


def test_packets_in_the_ring_are_not_changed_by_a_clip(sources, tmp_path):
    held = arrivals(sources["bframes.mp4"])
    before = [(one.packet.pts, one.packet.dts, one.packet.stream_index, bytes(one.packet)) for one in held]
    clip(held, tmp_path / "a.mp4", NONE)
    clip(held, tmp_path / "b.mp4", HALF)
    assert [(one.packet.pts, one.packet.dts, one.packet.stream_index, bytes(one.packet)) for one in held] == before
    again = clip(held, tmp_path / "c.mp4", NONE)
    assert again.packets == len(held)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()  # one address for one clip


@pytest.mark.parametrize("name", ["plain.ts", "h265.mp4", "mjpeg.mkv"])
def test_what_is_masked_is_in_no_picture(name, sources, tmp_path):
    out = tmp_path / "clip.mp4"
    clip(arrivals(sources[name]), out, HALF)
    pictures = shown(out)
    assert len(pictures) >= 99
    assert any(luma[:, luma.shape[1] // 2 + 8 :].max() > 150 for _, _, luma in pictures)
    for _, _, luma in pictures:
        assert luma[:, : luma.shape[1] // 2].max() <= 24  # black, give or take the encoder


def test_a_picture_that_changes_its_size_is_kept_where_it_was_longest(sources, tmp_path):
    small = make(tmp_path / "small.mp4", Recipe(size=(80, 60), frames=30))
    given = [*arrivals(small, at_s=90), *arrivals(sources["plain.mp4"], connection=2)]
    run = alike(given)
    assert {one.connection for one in run} == {2}
    made = clip(given, tmp_path / "first.mp4", NONE)  # of itself it ends where the coding changes
    assert (made.packets, made.start_s) == (30, 90)


def test_the_same_coding_goes_on_over_a_reconnection(sources, tmp_path):
    given = [*arrivals(sources["plain.mp4"]), *arrivals(sources["plain.mp4"], at_s=110, connection=2)]
    made = clip(alike(given), tmp_path / "clip.mp4", NONE)
    assert made.packets == 200
    times = [time for time, _, _ in shown(tmp_path / "clip.mp4")]
    assert times[-1] == pytest.approx(13.96, abs=0.01)
    assert len(times) == 200


def test_a_clip_that_cannot_be_written_leaves_nothing(sources, tmp_path):
    given = arrivals(sources["plain.mp4"])
    with pytest.raises(StoreError, match="make room"):
        clip(given, tmp_path / "none" / "clip.mp4", NONE)
    with pytest.raises(StoreError, match="no picture of it"):
        clip([], tmp_path / "clip.mp4", NONE)
    broken = [replace(one, packet=av.Packet(b"no picture")) for one in arrivals(sources["mjpeg.mkv"])]
    with pytest.raises(StoreError, match="none of its pictures can be decoded"):
        clip(broken, tmp_path / "clip.mp4", NONE)
    assert list(tmp_path.glob("**/*.mp4")) == []


@given(st.floats(0, 1000), st.floats(0.1, 500), st.floats(-100, 1600), st.floats(5, 300))
def test_the_stretch_that_is_kept_is_held_and_no_longer_than_allowed(start_s, lasts_s, held_s, longest_s):
    end_s = start_s + lasts_s
    begin, end = fitted(start_s, end_s, held_s, longest_s)
    assert end - begin <= longest_s + 1e-6
    assert begin >= start_s
    assert end <= end_s
    if held_s <= start_s:
        assert begin == start_s
    else:
        assert begin >= held_s
        assert end == end_s


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium")
def test_a_browser_plays_them(sources, tmp_path):
    names = ["plain.mp4", "bframes.mp4", "plain.ts", "mjpeg.mkv", "odd.mkv", "mpeg4.avi"]
    outs = [tmp_path / f"{name}.mp4" for name in names]
    for name, out in zip(names, outs, strict=True):
        clip(ringed(arrivals(sources[name])).window(101.0, 103.0), out, NONE)
    clip(arrivals(sources["plain.mp4"]), tmp_path / "masked.mp4", HALF)
    found = played([*outs, tmp_path / "masked.mp4"], tmp_path / "profile")
    for name, one in zip(names, found, strict=False):
        assert one.get("state") == 4, (name, one)
        assert 1.9 <= one["duration"] <= 2.5, (name, one["duration"])
        assert all(max(row) - min(row) > 100 for row in one["rows"]), name  # bars, not a grey picture
    masked = found[-1]
    assert all(max(row[: len(row) // 2 - 4]) < 30 < max(row) for row in masked["rows"])
