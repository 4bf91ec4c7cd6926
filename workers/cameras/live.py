"""Keeps one camera's process running: starts it, hears it, ends it when it is silent or not wanted, starts it again."""

import logging
import selectors
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from ingest.live.backoff import Backoff
from vidette.errors import StoreError
from vidette.feeds import FeedState
from vidette.models import Observation
from vidette.signals import Loss
from workers.cameras.assignment import CRASHED, NOT_NOW, Why
from workers.cameras.child import Child
from workers.cameras.keeping import ClipDone
from workers.cameras.messages import Alive, CameraJob, Command, Kept, Message, Ready, Said

log = logging.getLogger(__name__)

SILENT_S = 10.0
"""A process that looks says so every second; one that is silent for so long, and does nothing meanwhile, hangs."""
BUSY_S = 60.0
"""One that works may be silent for so long: on a machine with too much to do, that is no fault of its own."""
FIRST_S = 60.0
"""How long it may take to start."""
_BUSY_CPU = 0.05  # share of a core: one that waits for its camera takes less
_SAMPLE_S = 1.0
_WELL_S = 60.0  # a process that ran so long was no failed start

State = Literal["waiting", "starting", "running", "leaving", "off"]


class Supervisor:
    """One camera's process over time. All methods are for the one thread that selects.

    `job(why)` makes what a new process is told (it may raise StoreError: then later). `wanted` says whether it should
    run now. `heard` holds what it said and was not settled yet, oldest first, `clips` what it cut; `ready`: one that waits
    for `Go` has a picture. `clock` counts attentive seconds: those in which its owner listened.
    """

    def __init__(
        self,
        name: str,
        job: Callable[[Why | None], CameraJob],
        selector: selectors.BaseSelector,
        *,
        wanted: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff | None = None,
        silent_s: float = SILENT_S,
        first_s: float = FIRST_S,
        child: Callable[..., Child] = Child,
    ) -> None:
        self.name, self.state = name, "waiting"
        self.heard: deque[Observation] = deque()
        self.clips: deque[ClipDone] = deque()
        self.feed: FeedState | None = None
        self.loss: Loss | None = None
        self.restarts = 0
        self.retired = False
        self.ready = False
        self.why: Why | None = None
        self._job, self._selector, self._wanted, self._clock = job, selector, wanted, clock
        self._backoff, self._make = backoff or Backoff(), child
        self._silent_s, self._first_s = silent_s, first_s
        self._child: Child | None = None
        self._holds = False
        self._due = self._heard_at = self._began = clock()
        self._sample = (self._due, 0.0)

    state: State

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._child.pid if self._child else None

    @property
    def quiet(self) -> bool:
        """Whether nothing runs and nothing is left to be settled."""
        return self._child is None and not self.heard

    def tick(self, *, may_start: bool = True) -> None:
        """Start what is due, end what hangs or is not wanted now; call it a few times a second."""
        now = self._clock()
        if self._child is not None:
            self._watch(now)
        elif self.retired or not self._wanted():
            if self.state != "off":
                self._off()
        elif self.state == "off":
            self.state, self._due = "waiting", now
        elif may_start and not self.heard and now >= self._due:
            self._start(now)

    def order(self, command: Command) -> None:
        """Send the process a command, where there is one."""
        if self._child is not None:
            self._child.order(command)

    def hold(self, held: bool) -> None:
        """Do not listen for now, or listen again; one that is held may be silent, but leaves in time. A new process is heard."""
        if held == self._holds:
            return
        self._holds = held
        self._hears()
        if self._child is not None:
            self._child.hold(held)

    def retire(self) -> None:
        """The process is not wanted any more: it tells what it has and ends; `quiet` when it has."""
        self.retired = True
        if self._child is not None:
            self._leave()

    def kill(self) -> None:
        """End the process now, without another."""
        self.strike()
        if self._child is not None:
            self._child.reap()
        self._child, self.state = None, "off"

    def strike(self) -> None:
        """Have the process killed, without waiting for that; `kill` then takes no time."""
        if self._child is not None:
            self._child.strike()

    def fail(self, what: str) -> None:
        """What it said is no good: another process begins from the last commit."""
        self.heard.clear()
        if self._child is not None:
            self._crashed(what)

    def _start(self, now: float) -> None:
        try:
            self._child = self._make(self._job(self.why), self._selector, self._message, self._ended)
        except StoreError as error:
            log.warning("camera %r waits for memory: %s", self.name, error)
        except OSError as error:  # no process, memory or file descriptor to be had just now
            log.warning("camera %r waits for a process, which cannot be started: %s", self.name, error)
        if self._child is None:
            self._due = now + self._backoff.next()
            return
        self.state, self._began, self.ready, self._holds = "starting", now, False, False
        self._hears()

    def _hears(self) -> None:
        """There is a sign of life, or a reason to wait for one from now on."""
        self._heard_at = self._clock()
        self._sample = (self._heard_at, self._child.cpu_s if self._child else 0.0)

    def _hangs(self, limit_s: float, now: float) -> bool:
        """Whether it has been silent for too long, and did nothing since it was asked last."""
        assert self._child is not None
        at, cpu_s = self._sample
        if now - self._heard_at <= limit_s or now - at < _SAMPLE_S:
            return False
        self._sample = (now, self._child.cpu_s)
        return now - self._heard_at > BUSY_S or self._sample[1] - cpu_s < _BUSY_CPU * (now - at)

    def _message(self, message: Message) -> None:
        self._hears()
        if self.state == "starting":
            self.state = "running"
        match message:
            case Said(observation=observation):
                self.heard.append(observation)
            case Kept(clip=clip):
                self.clips.append(clip)
            case Ready():
                self.ready = True
            case Alive(feed=feed, loss=loss):
                self.feed, self.loss = feed, loss

    def _leave(self) -> None:
        assert self._child is not None
        if self.state != "leaving":
            self.state = "leaving"
            self._hears()
            self._child.leave()

    def _watch(self, now: float) -> None:
        silent_s = now - self._heard_at
        if self.state == "leaving":
            if self._hangs(self._silent_s, now):
                self._crashed(f"did not leave within {silent_s:.0f} s")
        elif self.retired or not self._wanted():
            self._leave()
        elif not self._holds and self._hangs(self._first_s if self.state == "starting" else self._silent_s, now):
            self._crashed(f"said nothing for {silent_s:.0f} s")

    def _ended(self) -> None:
        """Its stdout is over: it left, or it crashed."""
        assert self._child is not None
        if self.state == "leaving":
            self._child.reap()
            self._child = None
            self._off()
        else:
            self._crashed("ended")

    def _crashed(self, what: str) -> None:
        assert self._child is not None
        child, self._child = self._child, None
        child.strike()
        child.reap()
        now = self._clock()
        if now - self._began >= _WELL_S:
            self._backoff.reset()
        wait_s = self._backoff.next()
        log.warning("the process of camera %r %s; started again in %.1f s", self.name, what, wait_s)
        self.restarts += 1
        self.state, self.why, self._due, self.loss = "waiting", CRASHED, now + wait_s, None

    def _off(self) -> None:
        self.state, self.loss, self.feed = "off", None, None
        self.why = None if self.retired else NOT_NOW
        self._backoff.reset()


def hear(selector: selectors.BaseSelector, seconds: float) -> None:
    """Wait so long for what the processes say, and take it in."""
    if not selector.get_map():
        time.sleep(seconds)  # selecting among nothing returns at once on some systems
        return
    for key, _ in selector.select(seconds):
        key.data()
