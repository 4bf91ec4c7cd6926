"""Media that has to go is told as an event of the system, and watching goes on."""

import os
import threading
import time
from dataclasses import replace

import pytest

from ingest.media import FolderMedia
from ingest.retention import Retention
from vidette.errors import StoreError
from vidette.models import EventType
from vidette.queries import Events
from vidette.settings import KeepSettings, Settings
from workers import sweeping
from workers.sweeping import Sweeping
from workers.system import NAME
from workers.wiring import media_path, pipeline_of


@pytest.fixture
def pipeline(tmp_path):
    made = pipeline_of(Settings.model_validate({"db": str(tmp_path / "v.db"), "keep": {"free_gb": 9_999_999}}))
    yield made
    made.close()


def picture(pipeline, number, age_s):
    media = FolderMedia(media_path(pipeline.settings))
    path = media.path(media.put(b"picture %d" % number, ".jpg")[0])
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def test_too_little_room_is_an_event_of_the_system(pipeline):
    paths = [picture(pipeline, number, 3600) for number in range(3)]
    young = picture(pipeline, 9, 1)
    nudged = threading.Event()
    with Sweeping(lambda: pipeline, nudged.set):
        assert nudged.wait(30)
    (event,) = pipeline.store.read(Events())
    assert (event.stream, event.type) == (NAME, EventType.STORAGE_LOW)
    assert "3 of pictures (30 days asked)" in event.caption
    assert [path.exists() for path in (*paths, young)] == [False, False, False, True]


class Busy:
    """Memory that cannot be read."""

    def __init__(self):
        self.asked = threading.Event()

    def read(self, query):
        self.asked.set()
        raise StoreError("memory is busy; wait")


def test_without_memory_nothing_is_deleted(pipeline, caplog):
    path, busy = picture(pipeline, 1, 3600), Busy()
    told = threading.Event()
    caplog.handler.addFilter(lambda record: bool(told.set()) or True)
    with Sweeping(lambda: replace(pipeline, store=busy), lambda: None, every_s=0.01):
        assert busy.asked.wait(30)
        assert told.wait(30)
    assert "media is not swept: memory is busy" in caplog.text
    assert path.exists()


def test_a_disk_that_fills_up_is_not_waited_for(pipeline, monkeypatch):
    roomy = pipeline.settings.model_copy(update={"keep": KeepSettings(free_gb=1)})
    path, room = picture(pipeline, 1, 3600), [10**12]
    monkeypatch.setattr(sweeping, "_LOOK_S", 0.01)
    monkeypatch.setattr(Retention.__init__, "__kwdefaults__", {"free": lambda _: asked.set() or room[0]})
    nudged, asked = threading.Event(), threading.Event()
    replaced = replace(pipeline, settings=roomy)
    with Sweeping(lambda: replaced, nudged.set):
        assert asked.wait(30)
        assert path.exists()
        room[0] = 0
        assert nudged.wait(30)
    assert not path.exists()
