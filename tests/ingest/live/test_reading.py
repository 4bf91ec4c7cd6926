"""How the reader goes on: when waits begin anew, when a connection is left, when a hang is seen."""

import socket
import threading
import time

import pytest

from app.simulation.camera import until
from app.simulation.doors import Silent, closed_port
from ingest.live import reading
from ingest.live.address import Address
from ingest.live.arrivals import Arrivals
from ingest.live.backoff import Backoff
from ingest.live.connection import FeedError
from tests.ingest.live import senders
from tests.live.arriving import PATIENCE_S, Arriving
from vidette.errors import SourceError
from vidette.feeds import CAUSES, Cause
from vidette.settings import LiveSettings


class Counted(Backoff):
    """Waits little, and counts."""

    def __init__(self):
        super().__init__()
        self.waits = self.resets = 0

    def next(self):
        self.waits += 1
        return 0.001

    def reset(self):
        self.resets += 1
        super().reset()


@pytest.fixture
def pace():
    """Pictures come while it is set; none wait for it when the test is over."""
    event = threading.Event()
    event.set()
    yield event
    event.set()


def test_a_camera_that_accepts_and_dies_at_once_is_not_well():
    counted = Counted()
    with senders.serving(senders.mjpeg(3)) as url, Arriving(f"{url}/v", backoff=counted) as watch:
        watch.wait(lambda: counted.waits > 20)
    assert counted.resets == 0
    assert len(watch.packets) > 20


def test_one_that_gives_pictures_for_a_while_is(monkeypatch):
    monkeypatch.setattr(reading, "WELL_S", 0.0)
    counted = Counted()
    with senders.serving(senders.mjpeg(50)) as url, Arriving(f"{url}/v", backoff=counted) as watch:
        watch.wait(lambda: counted.resets)


def test_a_connection_can_be_left(pace):
    with senders.serving(senders.mjpeg(10**9, pace)) as url, Arriving(f"{url}/v") as watch:
        watch.more(5)
        watch.arrivals.renew(Cause.UNREADABLE)
        watch.wait(lambda: watch.packets[-1].connection == 2)
    assert watch.arrivals.reconnects == {Cause.UNREADABLE: 1}


def test_what_is_no_video_is_unreadable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_chatter, args=(server,), daemon=True).start()
        with Arriving(f"http://127.0.0.1:{server.getsockname()[1]}/v") as watch:
            watch.loss(Cause.UNREADABLE)


def _chatter(server):
    while True:
        try:
            taken, _ = server.accept()
        except OSError:
            return
        with taken:
            taken.recv(4096)
            taken.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"<p>Not a camera.</p>" * 5000)


def test_a_reader_that_hangs_is_told_of(monkeypatch):
    """FFmpeg itself is bounded; what is not, such as the system's look-up of names, ends with the process."""
    monkeypatch.setattr(reading, "RESOLVE_S", -4.0)
    with Silent() as silent:
        arrivals = Arrivals(Address.parse(silent.url), live=LiveSettings(timeout_s=1.0), now=time.time)
        with pytest.raises(SourceError, match="hangs") as told:
            for _ in arrivals:
                pass
        arrivals.close()
    assert told.value.retryable


def test_closed_before_it_began():
    arrivals = Arrivals(Address.parse("rtsp://camera/x"), live=LiveSettings(), now=time.time)
    arrivals.close()
    assert list(arrivals) == []


def test_closed_from_another_thread_it_ends():
    before = threading.active_count()
    with Arriving(f"rtsp://127.0.0.1:{closed_port()}/x") as watch:
        watch.loss(Cause.REFUSED)
    assert until(lambda: threading.active_count() <= before, PATIENCE_S)


@pytest.mark.parametrize("cause", Cause)
def test_an_error_says_what_and_which(cause):
    address = Address.parse("rtsp://10.0.0.9/x", "admin", "sEcr3t")
    error = FeedError(cause, address)
    assert str(error) == f"{CAUSES[cause]}: 'rtsp://10.0.0.9/x'"
    assert error.retryable
