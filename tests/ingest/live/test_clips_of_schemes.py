"""Clips of cameras that speak something else than RTSP, from real senders: playable, whatever form packets came in."""

import pytest

from app.simulation.doors import closed_port
from ingest.live.clipping import alike, clip
from ingest.live.coding import coding_of
from ingest.masks import Masks
from tests.arriving import ringed, shown
from tests.clips import Recipe, make, read_index
from tests.ingest.live import senders
from tests.live.arriving import Arriving
from tests.playing import CHROMIUM, played

SOUND = ("-f", "lavfi", "-i", "anullsrc=r=44100", "-shortest", "-c:a", "aac")


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """12 s, a keyframe a second, with B-frames."""
    recipe = Recipe(frames=300, gop=25, b_frames=2, options={"sc_threshold": "0"})
    return make(tmp_path_factory.mktemp("numbered") / "clip.mp4", recipe)


def cut(packets, out):
    """A clip of all that came."""
    run = alike(ringed(packets).window(-1e9, 1e9))
    made = clip(run, out, Masks())
    assert made.packets == len(run) >= 50
    return made, shown(out)


@pytest.mark.parametrize("scheme", ["rtmp", "udp"])
def test_h264_in_either_form_is_copied(scheme, numbered, tmp_path):
    if scheme == "rtmp":
        url = f"rtmp://127.0.0.1:{closed_port()}/live/cam"
        sender = ["-re", "-i", numbered, *SOUND, "-c:v", "copy", "-f", "flv", "-listen", "1", url]
    else:
        url = f"udp://127.0.0.1:{closed_port()}"
        sender = ["-re", "-i", numbered, "-c", "copy", "-f", "mpegts", f"{url}?pkt_size=1316"]
    with Arriving(url) as watch, senders.ffmpeg(*sender):
        watch.more(110)
    packets = list(watch.packets)
    assert (coding_of(packets[0]).extradata[:1] == b"\x01") == (scheme == "rtmp")  # lengths, or start codes
    made, pictures = cut(packets, tmp_path / "clip.mp4")
    numbers = [read_index(luma) for _, _, luma in pictures]
    assert (made.codec, pictures[0][1]) == ("h264", True)
    steady = numbers[:-3]
    assert steady == list(range(numbers[0], numbers[0] + len(steady)))
    if CHROMIUM:
        (one,) = played([tmp_path / "clip.mp4"], tmp_path / "profile")
        assert one.get("state") == 4, one
        assert one["duration"] == pytest.approx(made.end_s - made.start_s, abs=0.3)


def test_mjpeg_over_http_becomes_h264(tmp_path):
    with senders.serving(senders.mjpeg(300)) as url, Arriving(f"{url}/video") as watch:
        watch.more(60)
    made, pictures = cut(
        [one for one in watch.packets if one.connection == watch.packets[0].connection], tmp_path / "clip.mp4"
    )
    assert made.codec == "mjpeg"
    assert len(pictures) >= 50
    if CHROMIUM:
        (one,) = played([tmp_path / "clip.mp4"], tmp_path / "profile")
        assert one.get("state") == 4, one
