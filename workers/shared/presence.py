"""Who works: each worker says every two seconds that it is there, and what it has done; Redis forgets who stops."""

import json
import logging
import os
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Literal

from vidette.errors import StoreError
from workers.shared.broker import Broker
from workers.shared.places import Place

log = logging.getLogger(__name__)

EVERY_S, GONE_S = 2.0, 10.0
"""A worker says so often that it is there; one that was silent for so long is not."""
_COUNTED_S = 3600
_ENDING_S = 1.0
Result = Literal["done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Jobs since the beginning, and in the last minute (by proportion of the one before that is still in it)."""

    done: int = 0
    failed: int = 0
    done_a_minute: float = 0.0
    failed_a_minute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """A worker that is there: one process of Celery, with the queues that it takes jobs from."""

    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    pool: str
    started: datetime
    silent_s: float
    jobs: Counted
    memory: Place = field(default_factory=Place)
    media: Place = field(default_factory=Place)


class Presence:
    """Context manager: says that this worker is there; counts from any thread.

    `child`: of a pool of processes, whose parent is there for it; only what it counts is said.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        name: str,
        queues: Sequence[str],
        pool: str,
        memory: Place = Place(),  # noqa: B008  frozen
        media: Place = Place(),  # noqa: B008
        child: bool = False,
    ) -> None:
        self.name = name
        self._broker, self._child = broker, child
        self._said: dict[str, str | int] = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": json.dumps(list(queues)),
            "pool": pool,
            "memory_mark": memory.mark,
            "memory": memory.name,
            "media_mark": media.mark,
            "media": media.name,
        }
        self._counts: Counter[tuple[str, Result]] = Counter()
        self._lock, self._over = Lock(), Event()
        self._new = True
        self._thread = Thread(target=self._run, name="presence", daemon=True)

    def __enter__(self) -> "Presence":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def count(self, queue: str, result: Result) -> None:
        """A job of this queue ended so."""
        with self._lock:
            self._counts[queue, result] += 1

    def close(self) -> None:
        """Say what was counted last, and that it is here no more; gives up where Redis does not answer."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_ENDING_S)

    def say(self) -> None:
        """That it is here, and what was counted since; what cannot be said is said the next time. Raises StoreError."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if self._child and not counts:
            return
        try:
            minute, now_ms = _minute(self._broker)
            self._broker.together([*self._here(now_ms), *_counting(self._broker, self.name, minute, counts)])
        except StoreError:
            with self._lock:
                self._counts.update(counts)
            raise
        self._new = False

    def _here(self, now_ms: int) -> Iterable[tuple[str | int, ...]]:
        if self._child:
            return
        key = self._broker.key("worker", self.name)
        if self._new:
            yield "DEL", key  # that of one of the same name, before
        self._said.setdefault("started", now_ms)  # by Redis' clock
        yield "HSET", key, *(word for pair in self._said.items() for word in pair)
        yield "SADD", self._broker.key("workers"), self.name
        yield "PEXPIRE", key, round(GONE_S * 1000)
        yield "EXPIRE", _counts(self._broker, _own(self.name)), _COUNTED_S

    def _run(self) -> None:
        over = False
        while not over:
            try:
                self.say()
            except StoreError as error:
                log.info("that this worker is here cannot be said: %s", error)
            except Exception:  # the loop's edge: a worker that is not seen works all the same
                log.exception("that this worker is here cannot be said")
            over = self._over.wait(EVERY_S)
        self._leave()

    def _leave(self) -> None:
        try:
            self.say()
            if not self._child:
                self._broker.together([("DEL", self._broker.key("worker", self.name))])
        except StoreError as error:
            log.info("that this worker goes cannot be said: %s", error)


def workers(broker: Broker) -> list[WorkerRow]:
    """Those that are there, by queue and name. Raises StoreError."""
    index = broker.key("workers")
    (members,) = broker.together([("SMEMBERS", index)])
    names = sorted(one.decode() for one in members)
    keys = [broker.key("worker", name) for name in names]
    said = broker.together([command for key in keys for command in (("HGETALL", key), ("PTTL", key))])
    jobs = counted(broker, [_own(name) for name in names])
    rows = [_worker(name, _mapping(said[2 * i]), said[2 * i + 1], jobs[_own(name)]) for i, name in enumerate(names)]
    if gone := [name for name, row in zip(names, rows, strict=True) if row is None]:
        broker.together([("SREM", index, *gone)])  # one that is back by now says so again
    return sorted((row for row in rows if row is not None), key=lambda row: (row.queues, row.name))


def counted(broker: Broker, of: Sequence[str]) -> dict[str, Counted]:
    """What was done, by each of these queues. Raises StoreError."""
    minute, now_ms = _minute(broker)
    keys = [_counts(broker, one, *when) for one in of for when in ((), (minute,), (minute - 1,))]
    said = [_mapping(one) for one in broker.together([("HGETALL", key) for key in keys])]
    share = 1 - now_ms % 60_000 / 60_000
    return {one: _counted(said[3 * i], said[3 * i + 1], said[3 * i + 2], share) for i, one in enumerate(of)}


def _counted(ever: Mapping[str, str], now: Mapping[str, str], before: Mapping[str, str], share: float) -> Counted:
    def lately(result: Result) -> float:
        return int(now.get(result, 0)) + share * int(before.get(result, 0))

    return Counted(
        done=int(ever.get("done", 0)),
        failed=int(ever.get("failed", 0)),
        done_a_minute=lately("done"),
        failed_a_minute=lately("failed"),
    )


def _counting(
    broker: Broker, name: str, minute: int, counts: Mapping[tuple[str, Result], int]
) -> Iterable[tuple[str | int, ...]]:
    """Once for the queue, once for the worker; once for ever, once for the minute."""
    for (queue, result), times in counts.items():
        yield "HINCRBY", _counts(broker, queue), result, times
        yield "HINCRBY", _counts(broker, _own(name)), result, times
        yield "EXPIRE", _counts(broker, _own(name)), _COUNTED_S
        for of in (queue, _own(name)):
            yield "HINCRBY", _counts(broker, of, minute), result, times
            yield "EXPIRE", _counts(broker, of, minute), _COUNTED_S


def _own(name: str) -> str:
    """What a worker's counts go by: it may be called as a queue is."""
    return f"worker {name}"


def _counts(broker: Broker, of: str, *minute: int) -> str:
    return broker.key("counts", of, *map(str, minute))


def _minute(broker: Broker) -> tuple[int, int]:
    """The minute and the milliseconds of Redis' clock: that of a worker may be wrong."""
    ((seconds, micros),) = broker.together([("TIME",)])
    return int(seconds) // 60, int(seconds) * 1000 + int(micros) // 1000


def _mapping(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    return {key.decode(): value.decode(errors="replace") for key, value in fields.items()}


def _worker(name: str, said: Mapping[str, str], left_ms: int, jobs: Counted) -> WorkerRow | None:
    try:
        return WorkerRow(
            name=name,
            host=said["host"],
            pid=int(said["pid"]),
            queues=tuple(str(one) for one in json.loads(said["queues"])),
            pool=said["pool"],
            started=datetime.fromtimestamp(int(said["started"]) / 1000, UTC),
            silent_s=max(0.0, GONE_S - left_ms / 1000),
            jobs=jobs,
            memory=Place(mark=said.get("memory_mark", ""), name=said.get("memory", "")),
            media=Place(mark=said.get("media_mark", ""), name=said.get("media", "")),
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None  # gone meanwhile, or only what its children counted is there
