"""The processes of `vidette worker`, one a queue: each is begun again when it dies, and all end together.

Other settings are other processes. One that watches comes beside the one before, which leaves its cameras to it: nothing is missed.
The others end first, since a GPU may have no room for two models; their jobs wait a moment.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from queue import Empty, SimpleQueue
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
_WARM_S = 8.0
"""One that comes beside another has read its code by then, and takes jobs."""
_USAGE = 2

Changes = SimpleQueue[Sequence[Service]]
"""What is to be done from now on, by each queue there is."""


@dataclass(slots=True, eq=False)
class Minded:
    """One process, which may be another one after a while. `before`: whom it takes the streams from."""

    service: Service
    command: Sequence[str] = COMMAND
    before: "Minded | None" = None
    process: "subprocess.Popen[bytes] | None" = None
    code: int = 0
    leaving: bool = False
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
            if self.before is not None and time.monotonic() - self._began > _WARM_S:
                self.before.leave()
                self.before = None
            return
        if self.leaving:
            self.leaving = False
            return
        if time.monotonic() - self._began > _WELL_S:
            self._backoff.reset()
        wait_s = self._backoff.next()
        self._due = time.monotonic() + wait_s
        log.error("the worker of `%s` ended (%s); begun again in %.1f s", self.service.queue, _how(self.code), wait_s)

    def leave(self) -> None:
        """End what is under way, or leave it to others; then end, or be what the service says by then."""
        if not self.leaving:
            self.leaving = self.running
            self.tell(signal.SIGTERM)

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


def mind(
    services: Sequence[Service], stop: Event, *, command: Sequence[str] = COMMAND, changes: Changes | None = None
) -> int:
    """Keep a process for each of these until `stop` is set, then wait for all of them; -> the worst exit code.

    One whose settings cannot be used ends all. KeyboardInterrupt meanwhile: they drop what they do, which others do again.
    """
    ours = [Minded(one, command) for one in services]
    with _reaped(ours):
        for one in ours:
            one.begin()
        while not stop.wait(_ROUND_S):
            _take(ours, changes)
            for one in ours:
                one.tick()
            _drop(ours)
            if any(one.code == _USAGE for one in ours if not one.running):
                break
        _end(ours)
    return max((_weight(one.code) for one in ours), default=0)


def _take(ours: list[Minded], changes: Changes | None) -> None:
    """Begin to do what is to be done from now on."""
    with suppress(Empty):
        while changes is not None:
            for service in changes.get_nowait():
                _renew(ours, service)


def _renew(ours: list[Minded], service: Service) -> None:
    """Of who watches, begin another one beside; of the others, the same one anew."""
    now = next(one for one in reversed(ours) if one.service.queue == service.queue)
    if replace(service, name=now.service.name) == now.service:
        return
    log.info("the worker of `%s` takes changed settings", service.queue)
    if service.queue != QUEUE_OF["watch"]:
        now.service = service
        now.leave()
        return
    names = {one.service.name for one in ours}
    name = next(name for name in _names(service.name) if name not in names)
    ours.append(Minded(replace(service, name=name), now.command, before=now))
    ours[-1].begin()


def _names(name: str) -> Iterator[str]:
    """This one, and those of others that come beside it."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _drop(ours: list[Minded]) -> None:
    """Forget those whose streams another one has, and who came but cannot use its settings: then the one before stays."""
    after = {id(one.before) for one in ours if one.before is not None}
    for one in [one for one in ours if not one.running]:
        if one.before is not None and one.code == _USAGE:
            log.error("settings not taken by the worker of `%s`, those before stay", one.service.queue)
            ours.remove(one)
        elif _newest(ours, one) is not one and id(one) not in after:
            ours.remove(one)


def _newest(ours: Sequence[Minded], one: Minded) -> Minded:
    return next(other for other in reversed(ours) if other.service.queue == one.service.queue)


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
