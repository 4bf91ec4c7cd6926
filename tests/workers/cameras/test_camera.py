"""A camera's own process, without the camera."""

import io
from functools import partial

from ingest.live.keeping import Keeper
from ingest.live.ring import Ring
from tests.feeds import YARD, Played, tick
from vidette.settings import Settings
from workers.cameras.camera import Camera, Told, look
from workers.cameras.heap import Heap
from workers.cameras.messages import CameraJob, Inbox, Said


def test_what_is_free_goes_back_with_each_observation_at_most(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("workers.cameras.camera.Heap", partial(Heap, 0.0, back=lambda: bool(given.append(1))))
    monkeypatch.setattr("workers.cameras.camera._obey", lambda commands, feed, go: None)
    settings = Settings(media=str(tmp_path))
    feed = Played([tick(float(at_s)) for at_s in range(60)])
    camera = Camera(feed=feed, keeper=Keeper(Ring(0), tmp_path, YARD, settings), now=feed.now)
    out = io.BytesIO()
    look(CameraJob(said={}, stream=YARD), settings, camera, Told(out), io.BytesIO())
    said = [message for message in Inbox().take(out.getvalue()) if isinstance(message, Said)]
    assert len(said) >= 10
    assert len(given) == len(said)
