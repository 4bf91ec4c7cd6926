"""Cameras that speak something else than RTSP, from real senders on this machine."""

import base64
import subprocess
import threading

import psutil
import pytest

from app.simulation.camera import Camera, missing, until
from app.simulation.doors import closed_port
from ingest.live.address import Address
from ingest.live.backoff import Backoff
from ingest.live.connection import Connection, FeedError
from tests.clips import Recipe, make
from tests.ingest.live import senders
from tests.live.arriving import PATIENCE_S, Arriving, holes
from vidette.feeds import Cause

SOUND = ("-f", "lavfi", "-i", "anullsrc=r=44100", "-shortest", "-c:a", "aac")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clip") / "clip.mp4", Recipe(frames=300, gop=25))


@pytest.fixture(scope="module")
def clip_b_frames(tmp_path_factory):
    return make(tmp_path_factory.mktemp("clip") / "b.mp4", Recipe(frames=300, gop=25, b_frames=2))


def even(packets):
    """Media time of the last packets is as far apart as their timestamps, in whatever order they came."""
    last = packets[-40:]
    offsets = [one.media_s - float(one.packet.pts * one.packet.time_base) for one in last]
    return max(offsets) - min(offsets) < 0.3


def test_mpegts_over_udp(clip_b_frames):
    port = closed_port()
    url = f"udp://127.0.0.1:{port}"
    with Arriving(url) as watch:
        watch.loss(Cause.CONNECTING)
        with senders.ffmpeg("-re", "-i", clip_b_frames, "-c", "copy", "-f", "mpegts", f"{url}?pkt_size=1316"):
            watch.more(60)
            came = list(watch.packets)  # at the end libav gives out what it held, a second late
        watch.loss(Cause.STALLED)
    assert came[0].key
    assert even(came)
    assert holes(watch.items) == []


def test_rtmp(clip):
    url = f"rtmp://127.0.0.1:{closed_port()}/live/cam"
    with Arriving(url) as watch:
        watch.loss(Cause.REFUSED)
        with senders.ffmpeg("-re", "-i", clip, *SOUND, "-c:v", "copy", "-f", "flv", "-listen", "1", url):
            watch.more(60)
        watch.loss(Cause.REFUSED)
    assert even(watch.packets)
    assert holes(watch.items) == []


def test_mjpeg_over_http():
    with senders.serving(senders.mjpeg(40)) as url, Arriving(f"{url}/video") as watch:
        watch.wait(lambda: watch.packets and watch.packets[-1].connection > 2)
    assert all(packet.key for packet in watch.packets)
    assert watch.arrivals.reconnects[Cause.ENDED] >= 2
    assert holes(watch.items) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One that the camera signed itself, as cameras do, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    made, alone = folder / "camera.pem", folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*request, "-subj", "/CN=camera", "-keyout", made, "-out", alone], check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + alone.read_bytes())
    return made


@pytest.mark.parametrize("password", ["", "pa55 word"])
def test_rtsps(clip, certificate, password):
    if lacking := missing():
        pytest.skip(lacking)
    camera = Camera([clip], username="viewer" if password else "", password=password, certificate=certificate)
    with camera, Arriving(camera.url()) as watch:
        watch.more(10)
        camera.kill()
        watch.loss(Cause.REFUSED)
        camera.start()
        watch.more(10)
    assert camera.url().startswith("rtsps://")
    assert holes(watch.items) == []


def test_mjpeg_over_https(certificate):
    with senders.serving(senders.mjpeg(40), certificate) as url, Arriving(f"{url}/video") as watch:
        watch.more(10)


def test_mjpeg_that_falls_silent():
    pace = threading.Event()
    pace.set()
    with senders.serving(senders.mjpeg(10**9, pace)) as url, Arriving(f"{url}/video") as watch:
        watch.more(20)
        pace.clear()
        watch.loss(Cause.STALLED)
        pace.set()
        watch.more(20)
    assert holes(watch.items) == []


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.UNAUTHORISED),
        (403, Cause.UNAUTHORISED),
        (404, Cause.NOT_FOUND),
        (500, Cause.REFUSED),
        (503, Cause.REFUSED),
    ],
)
def test_what_http_says(status, cause):
    with senders.serving(senders.mjpeg(0, status=status)) as url, Arriving(f"{url}/video") as watch:
        watch.loss(cause)


def test_http_asks_for_a_password(capfd, caplog):
    caplog.set_level("DEBUG")
    asked = []

    class Handler(senders.mjpeg(3)):
        def do_GET(self):  # noqa: N802  # http.server's name
            asked.append(self.headers.get("Authorization"))
            if asked[-1] is None:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                super().do_GET()

    with senders.serving(Handler) as url, Arriving(f"{url}/v", username="ad:min@", password="sEcr3t/?#%ü") as watch:
        watch.more(3)
    given = base64.b64decode(asked[1].removeprefix("Basic ")).decode()
    assert given == "ad:min@:sEcr3t/?#%ü"
    said = capfd.readouterr()
    assert "sEcr3t" not in said.out + said.err + caplog.text + watch.tail()


@pytest.fixture
def playlist(tmp_path, clip):
    """A growing HLS playlist in a folder, as a camera's server writes it."""
    made = tmp_path / "live.m3u8"
    segments = ("-hls_time", "1", "-hls_list_size", "4", "-hls_flags", "delete_segments")
    with senders.ffmpeg("-re", "-stream_loop", "-1", "-i", clip, "-c:v", "copy", "-an", "-f", "hls", *segments, made):
        assert until(made.exists, PATIENCE_S)
        yield made


def test_hls(playlist):
    with senders.folder(playlist.parent) as url, Arriving(f"{url}/live.m3u8", late_s=0.5) as watch:
        watch.wait(lambda: len(watch.packets) > 80)
    assert even(watch.packets)
    assert {p.connection for p in watch.packets} == {1}, "a segment at a time is neither a stall nor a backlog"
    assert watch.arrivals.dropped == {}


@pytest.mark.parametrize(
    "what",
    ["{file}", "file://{file}", "concat:{file}", "subfile,,start,0,end,0,,:{file}", "data:video/mp2t;base64,{data}"],
)
@pytest.mark.parametrize(
    "form", ["#EXTINF:1,\n{what}\n", '#EXT-X-KEY:METHOD=AES-128,URI="{what}"\n#EXTINF:1,\nseg.ts\n']
)
def test_a_playlist_opens_nothing_on_this_machine(tmp_path, clip, what, form):
    """The file that it names could be read, and is full of pictures."""
    ours = tmp_path / "private.ts"
    with senders.ffmpeg("-i", clip, "-c:v", "copy", "-an", "-f", "mpegts", ours) as sender:
        sender.wait(PATIENCE_S)
    served = tmp_path / "served"
    served.mkdir()
    named = what.format(file=ours, data=base64.b64encode(ours.read_bytes()[:400_000]).decode())
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
    (served / "live.m3u8").write_text(head + form.format(what=named))
    with senders.folder(served) as url, pytest.raises(FeedError):
        _first(f"{url}/live.m3u8")


def _first(url, timeout_s=1.0):
    with Connection(Address.parse(url), timeout_s=timeout_s) as connection:
        return next(connection.packets())


def test_a_redirect_goes_nowhere_but_to_the_network(tmp_path, clip):
    class Handler(senders.Quiet):
        def do_GET(self):  # noqa: N802  # http.server's name
            self.send_response(302)
            self.send_header("Location", f"file://{clip}")
            self.end_headers()

    with senders.serving(Handler) as url, pytest.raises(FeedError):
        _first(f"{url}/video")


def test_a_file_behind_http_is_no_camera(clip):
    with senders.folder(clip.parent) as url, pytest.raises(FeedError) as told:
        _first(f"{url}/{clip.name}")
    assert told.value.cause is Cause.UNREADABLE


def test_a_device_that_is_not_there():
    with Arriving("/dev/video99") as watch:
        watch.loss(Cause.NOT_FOUND)


def test_what_is_no_device_is_unreadable_or_refused(tmp_path):
    with pytest.raises(FeedError):
        _first("/dev/v4l/by-id/none")


class NoWait(Backoff):
    """Tries again at once."""

    def next(self):
        return 0.0


def _held():
    """Threads, open files and MB of this process."""
    own = psutil.Process()
    return own.num_threads(), own.num_fds(), own.memory_info().rss / 2**20


def _reconnects(watch, count):
    watch.wait(lambda: sum(watch.arrivals.reconnects.values()) >= count)
    return _held()


def test_thousands_of_reconnects_leave_nothing_behind():
    """Cameras that refuse, and cameras that give three pictures and hang up."""
    with senders.serving(senders.mjpeg(3)) as url:
        for address, few, many in ((f"rtsp://127.0.0.1:{closed_port()}/x", 200, 3000), (f"{url}/v", 40, 400)):
            with Arriving(address, backoff=NoWait()) as watch:
                threads, files, memory = _reconnects(watch, few)
                later = _reconnects(watch, many)
            assert later[0] <= threads + 1
            assert later[1] <= files + 3
            assert later[2] - memory < 8
