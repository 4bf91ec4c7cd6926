"""How long things take on a camera: to its first picture, from a fault to its event, from a picture to its webhook."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import numpy as np

from app.simulation.camera import Camera, until
from app.simulation.watch import Watch
from ingest.live.address import Address
from ingest.live.open import open_feed
from vidette.models import EventType
from vidette.settings import LiveSettings, StreamSettings
from vidette.signals import Signal

SECRET = "whsec_" + "dmlkZXR0ZS1iZW5jaC1saXZlLXJlY2VpdmVy"


def said(seconds: list[float]) -> str:
    """Median, 95th percentile and most of so many."""
    if not seconds:
        return "nothing measured"
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"p50 {p50:.2f} s, p95 {p95:.2f} s, most {max(seconds):.2f} s, of {len(seconds)}"


def first_pictures(clip: Path, joins: int, *, keyed: bool) -> list[float]:
    """Seconds from opening a camera to its first decoded picture; each join at a random time of the stream.

    `keyed`: the camera sends who joins a keyframe at once.
    """
    found, chance = [], Random(1)
    with Camera([clip], keyed=keyed) as camera:
        for _ in range(joins):
            time.sleep(chance.uniform(0.2, 2.2))  # anywhere in a group of pictures
            found.append(_first_picture(camera))
    return found


def _first_picture(camera: Camera) -> float:
    began = time.monotonic()
    feed = open_feed(
        Address.parse(camera.url()),
        stream_settings=StreamSettings(name="first", idle="full"),
        live=LiveSettings(),
        sample="5",
        start=datetime.now(UTC),
    )
    with closing(feed):
        for item in feed.frames():
            if not isinstance(item, Signal):
                break
    return time.monotonic() - began


def faults_told(clip: Path, folder: Path, cameras: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from a camera's death to its `signal_lost` in memory, and from its return to pictures being watched."""
    with ExitStack() as stack:
        ours = {f"camera {number}": stack.enter_context(Camera([clip])) for number in range(cameras)}
        streams = [{"name": name, "source": camera.address} for name, camera in ours.items()]
        watch = stack.enter_context(Watch(folder, streams))
        watch.start()
        watch.ready(list(ours), 180.0)
        told: list[float] = []
        back: list[float] = []

        def kill(number: int, name: str, camera: Camera) -> None:
            chance = Random(number)
            time.sleep(number * 6.0)  # apart: many at once would be the network's
            for _ in range(rounds):
                struck = time.time()
                camera.kill()
                if until(partial(_lost, watch, name, struck), 30.0, 0.02):
                    told.append(time.time() - struck)
                camera.start()
                mended = time.time()
                if until(partial(watch.watching, name, mended + 0.1), 60.0, 0.05):
                    back.append(time.time() - mended)
                time.sleep(6.0 * cameras + chance.uniform(0, 3))

        with ThreadPoolExecutor(cameras) as beside:
            for future in [beside.submit(kill, number, *one) for number, one in enumerate(ours.items())]:
                future.result()
    return told, back


def _lost(watch: Watch, name: str, since: float) -> bool:
    return any(event.start.timestamp() > since - 1.0 for event in watch.events(name, EventType.SIGNAL_LOST))


def alerts_received(
    clip: Path, folder: Path, cameras: int, seconds: float, idle: str
) -> tuple[list[float], list[float], list[float]]:
    """Of alerts on things that come in, at 5 frames a second: seconds from the first frame that shows the thing, and from
    when the rule's alert was raised, to the webhook's arrival; and how long after its time a picture is looked at."""
    with ExitStack() as stack:
        heard = stack.enter_context(_receiver())
        streams = []
        for number in range(cameras):
            camera = stack.enter_context(Camera([clip]))
            streams.append({"name": f"camera {number}", "source": camera.address, "idle": idle})
        more = {
            "sample": "5",
            "rules": [{"id": "entered", "when": {"event": "object_entered"}, "severity": "high"}],
            "sinks": [
                {
                    "id": "desk",
                    "kind": "webhook",
                    "url": f"http://127.0.0.1:{heard.port}/",
                    "secret": SECRET,
                    "allow_networks": ["127.0.0.0/8"],
                }
            ],
        }
        watch = stack.enter_context(Watch(folder, streams, more=more))
        watch.start()
        watch.ready([str(stream["name"]) for stream in streams], 180.0)
        began = time.time()
        time.sleep(seconds)
        delays = [row.feed.delay_s for row in watch.feeds() if row.feed.delay_s is not None]
        alerts = [one for one in heard.alerts if one[0] > began + 10 and one[1]["change"] == "raised"]
    at = [arrived - datetime.fromisoformat(alert["at"]).timestamp() for arrived, alert in alerts]
    raised = [arrived - datetime.fromisoformat(alert["raised_at"]).timestamp() for arrived, alert in alerts]
    return at, raised, delays


class _Heard:
    def __init__(self) -> None:
        self.alerts: list[tuple[float, dict[str, str]]] = []
        self.port = 0


@contextmanager
def _receiver() -> Iterator[_Heard]:
    """A real HTTP server that keeps alerts with the moment of their arrival."""
    heard = _Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived = time.time()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            heard.alerts.append((arrived, json.loads(body)["data"]["alert"]))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield heard
        server.shutdown()
