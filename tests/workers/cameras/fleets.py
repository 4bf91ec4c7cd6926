"""Fleets for tests: in a thread of their own, of real processes that do as their names say."""

import json
import sys
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread

from ingest.sources import camera
from vidette.queries import CoverageIn, Events, Filter, LastCommit
from vidette.settings import Settings
from workers.cameras.child import Child
from workers.cameras.fleet import Change, Fleet

PATIENCE_S = 60.0
SCRIPT = Path(__file__).with_name("scripted_camera.py")
SCRIPTED = partial(Child, command=(sys.executable, str(SCRIPT)))


def specs(*names):
    return [camera(name, f"rtsp://camera/{name}") for name in names]


def changed(pipeline, *names, **settings):
    old = pipeline.settings
    base = {"db": old.db, "media": old.media, "sample": old.sample}
    return Change(settings=Settings(**{**base, **settings}), specs=tuple(specs(*names)))


class Run:
    """A fleet in a thread of its own."""

    def __init__(self, pipeline, *names, changes=None):
        self.pipeline, self.stop, self.told, self.nudges = pipeline, Event(), [], []
        self.folder = Path(pipeline.settings.media)
        self.fleet = Fleet(
            pipeline, listener=self.told.append, nudge=lambda: self.nudges.append(time.monotonic()), child=SCRIPTED
        )
        self.outcomes = None
        self._thread = Thread(target=self._run, args=(specs(*names), changes))
        self._thread.start()

    def _run(self, wanted, changes):
        self.outcomes = self.fleet.run(wanted, self.stop, changes)

    def end(self):
        self.stop.set()
        began = time.monotonic()
        self._thread.join(PATIENCE_S)
        return time.monotonic() - began

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to that"
            assert self._thread.is_alive(), "the fleet ended"
            time.sleep(0.01)

    def settled(self, name):
        (spec,) = specs(name)
        commit = self.pipeline.store.read(LastCommit(stream_id=spec.stream_id))
        return commit.sequence if commit else -1

    def pids(self):
        return {name: one.supervisor.pid for name, one in list(self.fleet.cameras.items())}

    def notes(self, name):
        path = self.folder / f"{name}.told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def coverage(self, name):
        return self.pipeline.store.read(CoverageIn(where=Filter(streams=(name,))))

    def events(self, name="system"):
        return self.pipeline.store.read(Events(where=Filter(streams=(name,))))
