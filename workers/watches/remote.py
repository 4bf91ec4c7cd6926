"""Watches that workers do, as whoever asked for them follows them: in the registry, by leases, and in memory."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from threading import Event

from vidette.errors import SourceError, StoreError
from vidette.models import DeepState
from vidette.progress import Outcome
from vidette.queries import CoverageIn, Feeds, Filter, Reached, Streams
from workers.beat.due import LEASE, mark_of_watch
from workers.beat.giving_up import give_up, is_fruitless
from workers.cluster import Cluster
from workers.following import Following, Listener
from workers.jobs import Watch
from workers.queue.routing import QUEUE_OF
from workers.shared.leases import LeaseRow
from workers.shared.markers import WATCH_S, Markers
from workers.shared.registry import Wanted
from workers.watches.listening import Listening

log = logging.getLogger(__name__)

_ROUND_S, _SLOW_ROUND_S = 0.1, 0.5
_FEW = 8
_TELL_S = 1.0
_LEAVE_S = 30.0
"""A worker that was asked to let go is waited for so long: it settles what it has first."""
Held = Mapping[str, LeaseRow]


def follow(cluster: Cluster, jobs: Sequence[Watch], listener: Listener | None, stop: Event) -> list[Outcome]:
    """Have these watched and wait until all are over, or let go once `stop` is set; -> an outcome each. Raises StoreError."""
    held, errands = _held(cluster), [Errand(cluster, job, listener) for job in jobs]
    for one in errands:
        one.begin(held)
    listening, away = Listening(cluster.broker), False
    while waiting := [one for one in errands if one.outcome is None]:
        _pause(_ROUND_S if len(waiting) <= _FEW else _SLOW_ROUND_S, stop)
        try:
            held = _held(cluster)
            for one in waiting:
                one.step(held, stopping=stop.is_set())
            listening.mind({queue for one in waiting for queue in one.needs})
            away = False
        except StoreError as error:
            if not error.retryable or stop.is_set():
                raise
            if not away:
                log.warning("%s; what workers do goes on meanwhile", error)
            away = True
    return [one.outcome for one in errands if one.outcome is not None]


def _held(cluster: Cluster) -> Held:
    return {row.name: row for row in cluster.leases.rows()}


def _pause(seconds: float, stop: Event) -> None:
    if stop.is_set():
        time.sleep(seconds)
    else:
        stop.wait(seconds)


class Errand:
    """One watch; `outcome` is there once it is over, `needs` are the queues that somebody must take for it to go on."""

    def __init__(self, cluster: Cluster, job: Watch, listener: Listener | None) -> None:
        self._cluster, self._job = cluster, job
        self._store, self._markers = cluster.pipeline.store, Markers(cluster.broker)
        self._id, live = job.spec.stream_id, bool(job.spec.url)
        self._following = Following(store=self._store, spec=job.spec, listener=listener, live=live)
        self._already = False
        self._told_at, self._reached = 0.0, -2
        self._leave_by: float | None = None
        self.outcome: Outcome | None = None
        self.needs: Collection[str] = ()

    def begin(self, held: Held) -> None:
        """Ask for it, unless somebody else watches the stream. Raises StoreError."""
        lease = held.get(self._id)
        if lease is not None:
            name = self._job.spec.name
            self._end(StoreError(f"stream {name!r} is already being watched by {lease.holder}; end that watch first"))
            return
        self._already = not self._job.again and not self._following.live and self._following.finished()
        self._cluster.registry.want(self._job)
        self._send()

    def step(self, held: Held, *, stopping: bool) -> None:
        """See how it is. Raises StoreError."""
        wanted, leased = self._cluster.registry.get(self._id), self._id in held
        if stopping:
            self._leave(wanted, leased)
        elif wanted is None:
            log.warning("the broker has forgotten that %r is to be watched; it is asked for again", self._job.spec.name)
            self._cluster.registry.want(self._again())
            self._send()
        else:
            self._see(wanted, held)
        if self.outcome is None:
            self._tell()

    def _see(self, wanted: Wanted, held: Held) -> None:
        leased = self._id in held
        self.needs = () if leased else (QUEUE_OF["watch"],)
        match wanted.state:
            case "failed" | "dead":
                self._end(SourceError(wanted.error))
            case "stopping":
                self.needs = ()
                if not leased:
                    self._end()
            case "done" if not self._pending():
                self._end()
            case "done":
                self.needs = (QUEUE_OF["look"], QUEUE_OF["settle"])
            case _ if leased:
                self.needs = (QUEUE_OF["settle"],)
            case _ if is_fruitless(self._store, wanted):
                self._give_up(wanted, held)
            case _:
                self._send()

    def _give_up(self, wanted: Wanted, held: Held) -> None:
        """Beat does where there is one, which knows since when leases can be renewed."""
        if LEASE not in held:
            give_up(self._cluster.pipeline, self._cluster.registry, self._cluster.dead, wanted)

    def _leave(self, wanted: Wanted | None, leased: bool) -> None:
        """Have it let go, and wait until it is."""
        self.needs = ()
        if self._leave_by is None:
            self._leave_by = time.monotonic() + _LEAVE_S
            self._cluster.registry.stop(self._id)
        if not leased or time.monotonic() > self._leave_by:
            failed = wanted is not None and wanted.state in ("failed", "dead")
            self._end(SourceError(wanted.error) if wanted is not None and failed else None)

    def _send(self) -> None:
        """Put it in the queue, again where nobody has taken it for a while: messages may be lost."""
        if self._markers.make(mark_of_watch(self._id), WATCH_S):
            self._cluster.send(self._job)

    def _again(self) -> Watch:
        """The watch as it goes on: what is seen of it is kept."""
        return Watch(spec=self._job.spec, span_s=self._job.span_s) if self._reached >= 0 else self._job

    def _pending(self) -> bool:
        """Whether deep looks at it are still to come."""
        rows = self._store.read(CoverageIn(where=Filter(streams=(self._id,))))
        return any(row.deep == DeepState.PENDING for row in rows)

    def _tell(self) -> None:
        """Tell the listener of what was settled since."""
        if time.monotonic() < self._told_at + _TELL_S:
            return
        self._told_at = time.monotonic()
        reach = self._store.read(Reached(streams=(self._id,))).get(self._id)
        if reach is None or reach.sequence == self._reached:
            return
        self._reached = reach.sequence
        following, name = self._following, self._job.spec.name
        following.last_caption()
        if following.live:
            rows, feeds = self._store.read(Streams(names=(name,))), self._store.read(Feeds(streams=(name,)))
            following.reach_s = rows[0].reach_s if rows else 0.0
            following.feed = feeds[0].feed if feeds else None
        following.tell()

    def _end(self, error: Exception | None = None) -> None:
        self.needs = ()
        self.outcome = self._following.outcome(already=self._already and error is None, error=error)
