"""The processes of `vidette worker`, one a queue: each is begun again when it dies, and all end together."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event

from ingest.live.backoff import Backoff
from vidette import codec
from workers.queue.routing import QUEUE_OF
from workers.queue.serving import Service

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "workers.queue.serving")
_ROUND_S, _LAST_ROUNDS_S = 0.5, 0.1
_WELL_S = 30.0
"""One that lived so long before it died is begun again soon."""
_COLD_S = 5.0
_USAGE = 2


@dataclass(slots=True)
class Minded:
    """One process, which may be another one after a while."""

    service: Service
    command: Sequence[str] = COMMAND
    process: "subprocess.Popen[bytes] | None" = None
    code: int = 0
    _backoff: Backoff = field(default_factory=Backoff)
    _began: float = 0.0
    _due: float = 0.0

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self.process is not None

    def begin(self) -> None:
        """Start it; Ctrl-C is for us alone, who pass it on."""
        self._began = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603  our own module
        assert self.process.stdin is not None
        with suppress(BrokenPipeError), self.process.stdin as told:
            told.write(codec.encode(self.service) + b"\n")

    def tick(self) -> None:
        """See whether it lives; begin it again where it is time to."""
        if self.process is None:
            if time.monotonic() >= self._due:
                self.begin()
            return
        if not self._over():
            return
        if time.monotonic() - self._began > _WELL_S:
            self._backoff.reset()
        wait_s = self._backoff.next()
        self._due = time.monotonic() + wait_s
        log.error("the worker of `%s` ended (%s); begun again in %.1f s", self.service.queue, _how(self.code), wait_s)

    def ended(self) -> bool:
        """Whether it has ended, once it was told to."""
        return self.process is None or self._over()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def strike(self) -> None:
        """Kill it with all of its own."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.code, self.process = -signal.SIGKILL, None

    def _over(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        if code is None:
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what it left behind
        self.code, self.process = code, None
        return True


def mind(services: Sequence[Service], stop: Event, *, command: Sequence[str] = COMMAND) -> int:
    """Keep a process for each of these until `stop` is set, then wait for all of them; -> the worst exit code.

    One whose settings cannot be used ends all. KeyboardInterrupt meanwhile: they drop what they do, which others do again.
    """
    ours = [Minded(one, command) for one in services]
    with _reaped(ours):
        for one in ours:
            one.begin()
        while not stop.wait(_ROUND_S):
            for one in ours:
                one.tick()
            if any(one.code == _USAGE for one in ours if not one.running):
                break
        _end(ours)
    return max((_weight(one.code) for one in ours), default=0)


def _weight(code: int) -> int:
    """An exit code as ours; one that was told to end before it could hear that ended well."""
    return 0 if code == -signal.SIGTERM else abs(code)


def _end(ours: Sequence[Minded]) -> None:
    """End those that watch first: what they hand over last is settled by the others."""
    watching = [one for one in ours if one.service.queue == QUEUE_OF["watch"]]
    try:
        for some in (watching, [one for one in ours if one not in watching]):
            for one in some:
                one.tell(signal.SIGTERM)
            _wait(some, float("inf"))
    except KeyboardInterrupt:
        for one in ours:
            one.tell(signal.SIGQUIT)
        _wait(ours, _COLD_S)


def _wait(ours: Sequence[Minded], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not all(one.ended() for one in ours) and time.monotonic() < deadline:
        time.sleep(_LAST_ROUNDS_S)


@contextmanager
def _reaped(ours: Sequence[Minded]) -> Iterator[None]:
    """Whatever happens, none is left."""
    try:
        yield
    finally:
        for one in ours:
            one.strike()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
