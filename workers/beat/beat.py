"""Beat: sees to it, every second, that what memory and the settings say is to be done is being done by somebody.

It holds nothing that cannot be found again: any beat can take over from any other at any moment, and two that act at
once do no harm. What it does is decided in due.py.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Event

from ingest.sources import SourceSpec
from vidette.errors import StoreError, VidetteError
from vidette.settings import Settings
from workers.beat.cameras import Cameras
from workers.beat.due import LEASE, Action, Begin, GiveUp, Tell, due, mark_of_sink, mark_of_watch
from workers.beat.giving_up import give_up
from workers.beat.owing import Owing
from workers.beat.seeing import Sight
from workers.cluster import Cluster
from workers.jobs import Deliver
from workers.queue.routing import QUEUE_OF
from workers.shared.leases import Lease
from workers.shared.markers import DELIVER_S, WATCH_S, Markers
from workers.shared.process import clock_of
from workers.shared.queues import Queues
from workers.sweeping import Sweeping
from workers.ticking import Ticking
from workers.wiring import judge_of

log = logging.getLogger(__name__)

ROUND_S = 1.0
_OWED_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The settings from now on, and the cameras in them."""

    settings: Settings
    cameras: tuple[SourceSpec, ...]


class Beat:
    """One beat. `say` is told in words whose turn it is, where that is not this one's from the start."""

    def __init__(
        self,
        cluster: Cluster,
        cameras: Sequence[SourceSpec],
        *,
        say: Callable[[str], None] = log.warning,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._say, self._clock = cluster, say, clock
        self._pipeline = cluster.pipeline
        settings = self._pipeline.settings
        self._judge = judge_of(settings)
        self._cameras = Cameras(cluster.broker, cluster.registry, cameras)
        self._sight = Sight(cluster, lease_s=settings.cluster.lease_s, clock=clock)
        self._markers, self._queues = Markers(cluster.broker), Queues(cluster.broker)
        self._owing, self._owed_at = Owing(2 * settings.cluster.look_limit_s, clock=clock), clock()
        self._troubles: dict[str, str] = {}
        self._wake = Event()
        self._changes: SimpleQueue[Change] = SimpleQueue()

    def run(self, stop: Event) -> None:
        """Beat until `stop` is set, whenever it is this one's turn."""
        while not stop.is_set():
            lease = self._turn(stop)
            if lease is not None:
                with lease:
                    self._beat(lease, stop)

    def change(self, change: Change) -> None:
        """Go by these settings from now on. Raises ConfigError where they cannot be taken; from any thread."""
        judge_of(change.settings)
        self._changes.put(change)
        self._wake.set()

    def _turn(self, stop: Event) -> Lease | None:
        """Wait until no other beats; None once `stop` is set."""
        waits = False
        while not stop.is_set():
            with self._guarded("broker"):
                try:
                    lease = self._cluster.leases.take(LEASE)
                except StoreError as error:
                    if error.retryable:
                        raise
                    if not waits:
                        waits = True
                        self._say(f"another beat is at work ({self._other()}); this one waits for its turn")
                else:
                    if waits:
                        self._say("the other beat is gone; this one is at work now")
                    return lease
            stop.wait(ROUND_S)
        return None

    def _other(self) -> str:
        """Who has the turn."""
        return next((row.holder for row in self._cluster.leases.rows() if row.name == LEASE), "it has just ended")

    def _beat(self, lease: Lease, stop: Event) -> None:
        nudge = self._wake.set
        with (
            Sweeping(lambda: self._pipeline, nudge),
            Ticking(self._pipeline.store, self._judge, nudge) as ticking,
        ):
            while not stop.is_set() and not lease.lost.is_set():
                self._take(ticking)
                self._round()
                self._wake.wait(ROUND_S)
                self._wake.clear()

    def _take(self, ticking: Ticking) -> None:
        """Take what changed in the settings."""
        with suppress(Empty):
            while True:
                change = self._changes.get_nowait()
                self._judge = ticking.judge = judge_of(change.settings)
                self._pipeline = replace(self._pipeline, settings=change.settings, judge=self._judge)
                self._cameras.take(change.cameras)

    def _round(self) -> None:
        """Look once, and do what is due."""
        clock_of(self._pipeline.settings).look()
        with self._guarded("broker"):
            seen = self._sight.seen(self._pipeline)
            if self._cameras.reconcile(seen.wanted, seen.leased, calm=self._sight.calm):
                seen = self._sight.seen(self._pipeline)
            with self._guarded("memory"):
                seen = self._sight.remembered(seen, self._pipeline)
            for action in due(seen, calm_s=self._sight.calm_s, grace_s=self._sight.grace_s):
                with self._guarded(action.name):
                    self._do(action)
        with self._guarded("deep looks that are owed"):
            self._ask_again()

    def _do(self, action: Action) -> None:
        match action:
            case Begin(wanted=wanted):
                if self._markers.make(mark_of_watch(wanted.stream_id), WATCH_S):
                    log.info("stream %r has no worker; its watch is sent", wanted.name)
                    self._cluster.send(wanted.job)
            case Tell(sink=sink):
                if self._markers.make(mark_of_sink(sink), DELIVER_S):
                    self._cluster.send(Deliver(sink=sink))
            case GiveUp(wanted=wanted):
                give_up(self._pipeline, self._cluster.registry, self._cluster.dead, wanted)

    def _ask_again(self) -> None:
        now = self._clock()
        if now < self._owed_at:
            return
        self._owed_at = now + _OWED_S
        for look in self._owing.looks(self._pipeline, self._queues.waiting(QUEUE_OF["look"])):
            self._cluster.send(look)
            self._owing.asked(look)

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """A fault in it ends nothing else, and is said once, not every second."""
        try:
            yield
        except Exception as error:  # the loop's edge: whatever is wrong with one stream, the others go on
            text = f"{type(error).__name__}: {error}"
            if self._troubles.get(what) != text:
                self._troubles[what] = text
                known = isinstance(error, VidetteError)
                log.log(logging.WARNING if known else logging.ERROR, "%s", error if known else what, exc_info=not known)
        else:
            self._troubles.pop(what, None)
