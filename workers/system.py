"""The stream `system`: what happens to this machine rather than before a camera."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.perception.ledger import Ledger, Saying
from vidette import carry, ids
from vidette.errors import StoreError
from vidette.models import EventType, Observation, Run
from vidette.queries import StreamOf
from vidette.streams import Stream
from workers.wiring import Pipeline

NAME = "system"
ID = ids.stream_id(NAME)
_RUN = Run(id=ids.make_id("run", "system", "1"), model="vidette-system", revision="1")
_PATIENCE_S, _AGAIN_S = 5.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Tells events of the stream `system`; several processes may, each in its turn.

    Media time is wall clock since the first thing that was told. What goes on is kept in memory, so that another
    process can end it. Every method raises StoreError.
    """

    pipeline: Pipeline

    def begin(self, type_: EventType, caption: str, at: datetime) -> None:
        """Something goes on since `at`; nothing where it is known to already."""

        def say(ledger: Ledger, start_s: float) -> None:
            if not list(_open(ledger, type_)):
                ledger.begin(_saying(type_, caption), NAME, start_s)

        self._tell(say, at)

    def end(self, type_: EventType, at: datetime) -> None:
        """It is over; nothing where it was not known."""

        def say(ledger: Ledger, end_s: float) -> None:
            for key in list(_open(ledger, type_)):
                ledger.end(key, end_s)

        if self.pipeline.store.read(StreamOf(name=ID)) is not None:
            self._tell(say, at)

    def happened(self, type_: EventType, caption: str, at: datetime) -> None:
        """Something happened at `at`."""

        def say(ledger: Ledger, at_s: float) -> None:
            ledger.happened(_saying(type_, caption), NAME, at_s)

        self._tell(say, at)

    def _tell(self, say: Callable[[Ledger, float], None], at: datetime) -> None:
        store = self.pipeline.store
        with _turn(self.pipeline):
            known = store.read(StreamOf(name=ID))
            stream = known or Stream(
                id=ID, name=NAME, kind="live", uri="", start=at.astimezone(UTC), start_from="clock"
            )
            commit, ledger = store.open_stream(stream), Ledger(ID, _RUN.id)
            if commit is not None:
                ledger.restore(carry.unpack(commit.carry)[1]["ledger"])
            at_s = max(0.0, (at - stream.start).total_seconds())
            say(ledger, at_s)
            if ledger.news:
                sequence = commit.sequence + 1 if commit else 0
                watermark_s = max(at_s, commit.watermark_s if commit else 0.0)
                store.settle(_observation(ledger, sequence, at_s, watermark_s), self.pipeline.judge)


def _saying(type_: EventType, caption: str) -> Saying:
    return Saying(type=type_, caption=caption, confidence=1.0)


def _open(ledger: Ledger, type_: EventType) -> Iterator[str]:
    return (key for key, event in ledger.open_events.items() if event.saying.type == type_)


def _observation(ledger: Ledger, sequence: int, at_s: float, watermark_s: float) -> Observation:
    said = ledger.drain()
    return Observation(
        id=ids.make_id("observation", ID, "fast", _RUN.id, sequence),
        stream_id=ID,
        look="fast",
        run=_RUN,
        start_s=at_s,
        end_s=at_s,
        sequence=sequence,
        watermark_s=watermark_s,
        assertions=said,
        carry=carry.pack({}, {"ledger": ledger.state()}),
    )


@contextmanager
def _turn(pipeline: Pipeline) -> Iterator[None]:
    """Alone with the stream: another process that tells something is waited for. Raises StoreError."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        lock = pipeline.lock(ID)
        try:
            lock.__enter__()
        except StoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
            continue
        try:
            yield
        finally:
            lock.__exit__(None, None, None)
        return
