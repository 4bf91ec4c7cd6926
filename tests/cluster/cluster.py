"""A cluster of real processes on this machine: broker, beat, workers, whoever asks for watches and who is told of alerts."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
import yaml

from tests.cluster.desk import SECRET, Desk
from tests.cluster.program import VIDETTE, Program
from tests.cluster.remembered import differences, remembered
from tests.cluster.waiting import PATIENCE_S, until
from tests.redis_server import RedisServer
from vidette.alerting import DeliveryCounts
from vidette.alerts import DeliveryStatus
from vidette.errors import StoreError
from vidette.models import DeepState
from vidette.ports import GraphStore
from vidette.queries import CoverageIn, LastCommit, Streams
from vidette.settings import Settings
from workers.wiring import store_of

QUEUES = ("ingest", "settle", "deliver")
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = [
    {"id": "passing", "when": {"event": "object_entered"}, "severity": "low"},
    {"id": "parked", "when": {"event": ["object_stopped", "loitering"], "for_s": 10}, "severity": "high"},
]
CLUSTER = {
    "lease_s": 2,
    "settle_limit_s": 6,
    "look_limit_s": 10,
    "deliver_limit_s": 6,
    "retries": 3,
    "window": 4,
    "decode_span_s": 5,
    "decode_ahead": 4,
}


def said(db: Path | str, media: Path, desk: Desk, **more: Any) -> dict[str, Any]:
    """Settings that all memories are made with, in a cluster or not."""
    sink = {"id": "desk", "kind": "webhook", "url": desk.url, "secret": "${DESK_SECRET}"}
    return {
        "db": str(db),
        "media": str(media),
        "tz": "UTC",
        "segments": {"max_s": 5},
        "rules": RULES,
        "sinks": [sink | {"timeout_s": 1, "allow_networks": ["127.0.0.0/8"]}],
        **more,
    }


class Place:
    """A folder with settings, a memory, and programs that work on them until the test is over."""

    def __init__(self, folder: Path, settings: dict[str, Any], desk: Desk) -> None:
        self.folder, self.desk, self.programs = folder, desk, [desk]
        self.config = folder / "vidette.yml"
        self.config.write_text(yaml.safe_dump(settings))
        self.settings = Settings.model_validate(settings | {"sinks": [], "rules": []})
        self._store: GraphStore | None = None

    def run(self, name: str, *words: str, before: Sequence[str] = (), **environment: str) -> Program:
        """A command of ours with these settings."""
        command = [*before, *VIDETTE, *words, "--config", str(self.config)]
        program = Program(name, command, self.folder, {"DESK_SECRET": SECRET, **environment})
        self.programs.append(program)
        return program

    def watch(self, *films: Path, name: str = "watch", options: Sequence[str] = ()) -> Program:
        """Somebody asks for films to be watched, and waits."""
        given = [str(one) for one in films]
        return self.run(name, "watch", *given, "-q", "--start-time", START.isoformat(), *options)

    @property
    def store(self) -> GraphStore:
        """Memory, read by the test."""
        if self._store is None:
            self._store = store_of(self.settings)
        return self._store

    def commits(self) -> int:
        """How many observations of all streams are settled."""
        with suppress(StoreError):  # memory is away for a while
            found = [self.store.read(LastCommit(stream_id=one.id)) for one in self.store.read(Streams())]
            return sum(one.sequence + 1 for one in found if one)
        return -1

    def finished(self, streams: int) -> bool:
        """Whether so many streams are watched and looked at to their end, and everybody has been told."""
        with suppress(StoreError):
            rows = self.store.read(Streams())
            commits = [self.store.read(LastCommit(stream_id=one.id)) for one in rows]
            return len(rows) >= streams and all(one and one.final for one in commits) and self.told()
        return False

    def told(self) -> bool:
        """Whether nothing is to be looked at or delivered any more."""
        pending = any(row.deep == DeepState.PENDING for row in self.store.read(CoverageIn()))
        waiting = {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
        return not pending and not any(status in waiting for _, status in self.store.read(DeliveryCounts()))

    def held(self) -> dict[str, Any]:
        """All that memory says, and what the desk was told."""
        return remembered(self.store) | {"received": sorted(self.desk.received().items(), key=lambda one: one[0])}

    def until(self, true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait for it; a failure tells how each program ended."""
        until(true, what, self.tell, patience_s)

    def let_pass(self, seconds: float) -> None:
        """So long, by the clock."""
        over = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > over, "time to pass")

    def tell(self) -> str:
        """The ends of all logs."""
        return "\n".join(one.tail() for one in self.programs)

    def close(self) -> None:
        """End all."""
        for program in reversed(self.programs):
            program.kill()
        if self._store is not None:
            self._store.close()


class Cluster(Place):
    """A place whose work is shared out over a broker."""

    def __init__(
        self, folder: Path, settings: dict[str, Any], desk: Desk, server: RedisServer, database: int = 0
    ) -> None:
        cluster = {**settings.get("cluster", CLUSTER), "spool": str(folder / "spool")}
        url = f"{server.url.rpartition('/')[0]}/{database}"
        super().__init__(folder, settings | {"broker": url, "cluster": cluster}, desk)
        self.server = server
        self.redis = redis.Redis.from_url(url, socket_timeout=2)

    def worker(self, *queues: str, name: str = "", at_once: int = 2, **more: Any) -> Program:
        """A worker of these queues."""
        name = name or "-".join(queues)
        words = ("worker", "--queues", ",".join(queues), "--name", name, "--concurrency", str(at_once))
        return self.run(name, *words, **more)

    def beat(self, name: str = "beat") -> Program:
        """Who sees to what nobody does."""
        return self.run(name, "beat")

    def start(self, *queues: str) -> dict[str, Program]:
        """A worker of each queue, and beat."""
        return {queue: self.worker(queue) for queue in queues or QUEUES} | {"beat": self.beat()}

    def finish(self, films: int) -> dict[str, Any]:
        """Wait until all is done; -> what memory and the desk hold."""
        self.until(lambda: self.finished(films), f"{films} films to be watched and told of")
        return self.held()

    def close(self) -> None:
        """End all."""
        super().close()
        self.redis.close()


def check(place: Place, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Fails, with what differs and the ends of all logs, unless they are equal."""
    assert found == wanted, f"{differences(found, wanted)}\n{place.tell()}"


@contextmanager
def closing(place: Place) -> Iterator[Place]:
    """The place, until the end."""
    try:
        yield place
    finally:
        place.close()


def luck(seed: int) -> random.Random:
    """Chance that is the same each time."""
    return random.Random(seed)
