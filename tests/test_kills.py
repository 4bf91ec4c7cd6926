"""What a watch promises to somebody whose machine dies: nothing settled is lost, nothing is told twice, it goes on."""

import base64
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from graph.embedded import EmbeddedStore
from vidette.alerting import Alerts
from vidette.alerts import Alert
from vidette.ids import stream_id
from vidette.models import Commit
from vidette.queries import CoverageIn, Events, Filter, LastCommit, Segments, Streams, Tracks
from vidette.rows import StreamRow

SIZE, FPS, SECONDS = (240, 180), 10, 90
NAME = "yard"
PATIENCE_S = 120.0
ALL = 100_000


def _place() -> np.ndarray:
    rng = np.random.default_rng(7)
    return np.kron(rng.integers(90, 130, (18, 24), np.uint8), np.ones((10, 10), np.uint8))


def _passers(picture: np.ndarray, at: float) -> None:
    """Every 9 s somebody crosses, high and low in turn."""
    turn, into = divmod(at, 9.0)
    if into < 4:
        x, top = int(into / 4 * 270) - 30, 110 if int(turn) % 2 else 135
        picture[top : top + 35, max(0, x) : max(0, x + 22)] = 225


def _parked(picture: np.ndarray, at: float) -> None:
    """Somebody rolls in at 12 s, stays from 14 to 70 s, rolls out."""
    if 12 <= at < 74:
        x = int(min(at - 12, 2) * 50) + int(max(0.0, at - 70) * 60)
        picture[30:75, x : x + 40] = 15


@pytest.fixture(scope="module")
def yard(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("yard") / "yard.mp4"
    rng, place = np.random.default_rng(3), _place()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(SECONDS * FPS):
            picture = np.clip(place + rng.normal(0, 1.5, place.shape), 0, 255).astype(np.uint8)
            _passers(picture, number / FPS)
            _parked(picture, number / FPS)
            shown = np.repeat(picture[:, :, None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    return path


class Place:
    """A database, and the watches of the yard into it."""

    def __init__(self, folder: Path, clip: Path) -> None:
        self.db = folder / "v.db"
        self.command = [
            sys.executable,
            *("-m", "app.cli", "watch", str(clip), "--db", str(self.db)),
            *("--name", NAME, "--start-time", "2026-05-01T12:00:00Z"),
        ]
        self.environment = {**os.environ, "DESK_SECRET": SECRET}

    @contextmanager
    def watch(self, *options: str, **streams):
        """A watch in a process of its own; killed if the test leaves it running."""
        streams = {
            "env": self.environment,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **streams,
        }
        process = subprocess.Popen([*self.command, *options], text=True, start_new_session=True, **streams)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def finish(self, *options: str) -> tuple[str, str]:
        """Watch to the end."""
        with self.watch(*options) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        return out, err

    def commit(self) -> Commit | None:
        """The newest commit, None before the first."""
        if not self.db.is_file():
            return None
        store = EmbeddedStore(self.db)
        try:
            return store.read(LastCommit(stream_id=stream_id(NAME)))
        finally:
            store.close()

    def final(self) -> bool:
        """Whether it has been watched to its end."""
        commit = self.commit()
        return commit is not None and commit.final

    def sequence(self) -> int:
        """How far the watch is: -1 before the first commit."""
        commit = self.commit()
        return commit.sequence if commit else -1

    def held(self) -> dict[str, list]:
        """All that memory says, but for where the file lies."""
        store = EmbeddedStore(self.db)
        try:
            return {
                "events": store.read(Events(where=Filter(retracted=True), limit=ALL)),
                "tracks": store.read(Tracks(limit=ALL)),
                "segments": store.read(Segments(limit=ALL)),
                "coverage": store.read(CoverageIn()),
                "streams": [_told(row) for row in store.read(Streams())],
            }
        finally:
            store.close()

    def alerts(self) -> list[Alert]:
        """What was raised, but for when that was noticed."""
        store = EmbeddedStore(self.db)
        try:
            found = store.read(Alerts(limit=ALL))
        finally:
            store.close()
        return sorted((replace(one, raised_at=one.at) for one in found), key=lambda one: one.id)


RULES = """
rules:
  - {id: passing, when: {event: object_entered}, severity: low}
  - {id: parked, when: {event: [object_stopped, loitering], for_s: 15}, severity: high}
sinks:
  - {id: desk, kind: webhook, url: "http://127.0.0.1:PORT/", secret: "${DESK_SECRET}",
     timeout_s: 1, allow_networks: [127.0.0.0/8]}
  - {id: log, kind: jsonl, path: LOG}
"""
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Desk:
    """A real receiver in a process of its own, and what it was told."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.out, self.log = folder / "received.jsonl", folder / "log.jsonl"
        command = [sys.executable, "-m", "app.cli", "receive", "--port", "0", "--out", str(self.out), *options]
        environment = {**os.environ, "VIDETTE_RECEIVE_SECRET": SECRET}
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        port = self.process.stderr.readline().rstrip("/\n").rpartition(":")[2]
        self.rules = folder / "rules.yml"
        self.rules.write_text(RULES.replace("PORT", port).replace("LOG", str(self.log)))

    def received(self) -> dict[str, dict[str, Any]]:
        """Each message once, by its id, but for when it was noticed."""
        found = {}
        for line in self.out.read_text().splitlines():
            row = json.loads(line)
            assert row["id"] not in found, "the receiver keeps each message once"
            found[row["id"]] = {**row["message"]["data"]["alert"], "raised_at": ""}
        return found

    def logged(self) -> set[str]:
        """Ids in the file of the other sink."""
        return {json.loads(line)["id"] for line in self.log.read_text().splitlines()}


@contextmanager
def desk_in(folder: Path, *options: str):
    """A receiver while it is needed."""
    desk = Desk(folder, *options)
    try:
        yield desk
    finally:
        desk.process.terminate()
        desk.process.communicate(timeout=PATIENCE_S)


def _told(row: StreamRow) -> tuple[object, ...]:
    return row.id, row.watched_s, row.events, row.tracks, row.state


def until(true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait for it, or for the process to end."""
    deadline = time.monotonic() + PATIENCE_S
    while not true() and process.poll() is None:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(yard, tmp_path_factory):
    """What a watch leaves that nobody disturbs."""
    place = Place(tmp_path_factory.mktemp("undisturbed"), yard)
    place.finish("-q")
    held = place.held()
    assert len(held["tracks"]) >= 8
    return held


@pytest.fixture
def place(tmp_path, yard) -> Place:
    return Place(tmp_path, yard)


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_memory_is_that_of_an_undisturbed_watch(place, undisturbed, seed):
    luck = random.Random(seed)
    kills = 0
    while kills < 6 and not place.final():
        before = place.sequence()
        some = before + luck.randint(1, 2)
        with place.watch("-q") as process:
            until(lambda some=some: place.sequence() >= some, process)
            time.sleep(luck.uniform(0, 0.15))  # anywhere between two commits
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait(PATIENCE_S)
        assert place.sequence() > before, "the resumed watch started over"
    place.finish("-q")
    assert kills >= 2
    assert place.held() == undisturbed


def test_killed_before_anything_was_settled_it_begins(place, undisturbed):
    for delay_s in (0.05, 0.2, 0.5, 0.8):
        with place.watch("-q") as process:
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_S)
    place.finish("-q")
    assert place.held() == undisturbed


def test_a_resumed_watch_reads_on_from_its_last_commit(place):
    with place.watch("-q") as process:
        until(lambda: place.sequence() >= 2, process)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    commit = place.commit()
    assert commit is not None
    assert not commit.final
    with place.watch("-q") as process:
        until(lambda: place.sequence() > commit.sequence, process)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    later = place.commit()
    assert later is not None
    assert later.watermark_s > commit.watermark_s


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_says_what_is_kept_and_goes_on_later(place, undisturbed, number):
    with place.watch() as process:
        until(lambda: place.sequence() >= 1, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE_S)
    commit = place.commit()
    assert commit is not None
    if not commit.final:  # else it was through before it heard
        assert process.returncode == 0, err
        assert "stopped" in err
    place.finish("-q")
    assert place.held() == undisturbed


def test_its_terminal_closed_it_stops_and_goes_on_later(place, undisturbed):
    ours, theirs = pty.openpty()
    with place.watch(stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        until(lambda: place.sequence() >= 1, process)
        os.close(ours)  # writes fail from now on
        process.send_signal(signal.SIGHUP)
        process.wait(PATIENCE_S)
    place.finish("-q")
    assert place.held() == undisturbed


def test_put_to_sleep_and_woken_it_goes_on(place, undisturbed):
    with place.watch("-q") as process:
        for sequence in (0, 2):
            until(lambda sequence=sequence: place.sequence() >= sequence, process)
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            process.send_signal(signal.SIGCONT)
        assert process.wait(PATIENCE_S) == 0
    assert place.held() == undisturbed


def _alive(text: str) -> list[int]:
    """Processes whose command line holds the text."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_a_killed_watch(place, yard):
    with place.watch("-q", "--sample", "10", env={**os.environ, "VIDETTE_READER": "decord"}) as process:
        child = "ingest.decord_child"
        until(lambda: bool(_alive(child)), process)
        assert _alive(str(yard))
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while _alive(str(yard)):
        assert time.monotonic() < deadline, "the reader outlives the watch"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def told(yard, tmp_path_factory):
    """Alerts and messages of a watch that nobody disturbs."""
    folder = tmp_path_factory.mktemp("told")
    place = Place(folder, yard)
    with desk_in(folder) as desk:
        place.finish("-q", "--rules", str(desk.rules))
        received = desk.received()
        assert desk.logged() == {name.replace("_desk", "_log") for name in received}
    alerts = place.alerts()
    assert {alert.rule for alert in alerts} == {"passing", "parked"}
    assert len([alert for alert in alerts if alert.rule == "parked"]) == 1
    return alerts, received


@pytest.mark.parametrize(("seed", "fail"), [(11, "0"), (12, "3")])
def test_killed_again_and_again_each_message_arrives_once(place, told, tmp_path, seed, fail):
    luck = random.Random(seed)
    kills = 0
    with desk_in(tmp_path, "--fail", fail) as desk:
        while kills < 8 and not place.final():
            some = place.sequence() + luck.randint(1, 2)
            with place.watch("-q", "--rules", str(desk.rules)) as process:
                until(lambda some=some: place.sequence() >= some, process)
                time.sleep(luck.uniform(0, 0.1))  # anywhere about a commit, and in a delivery
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                process.wait(PATIENCE_S)
        place.finish("-q", "--rules", str(desk.rules), "--drain", "100")
        alerts, received = told
        assert kills >= 2
        assert place.alerts() == alerts
        assert desk.received() == received
        assert desk.logged() == {name.replace("_desk", "_log") for name in received}
