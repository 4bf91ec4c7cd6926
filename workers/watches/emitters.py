"""All emitters of a process: one thread asks memory what is settled, and sends what is due."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from vidette.cluster_settings import ClusterSettings
from vidette.errors import StoreError
from vidette.models import Observation
from vidette.ports import GraphStore
from vidette.queries import Reached
from workers.watches.emitting import Emitter, Send
from workers.watches.spool import Room, Spool, waiting

log = logging.getLogger(__name__)

ROUND_S = 0.2
_LOOK_S = 0.1  # memory is asked no more often
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 5.0
_PATIENCE_S = 15.0
_SWEEP_S = 600.0


class Emitters:
    """Opens emitters and keeps them going until they are closed, or it is.

    `queued(age_s)`: whether what was sent so long ago may still wait in the queue; it may raise StoreError. `seen` is told of
    each observation that is put: the stream's name, and when the look at its frames began.
    """

    def __init__(
        self,
        store: GraphStore,
        send: Send,
        *,
        spool: Path,
        settings: ClusterSettings,
        queued: Callable[[float], bool] = lambda _age_s: False,
        seen: Callable[[str, Observation, datetime], None] = lambda _name, _observation, _began: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root, self._seen = spool, seen
        self._store, self._send, self._settings, self._queued, self._clock = store, send, settings, queued, clock
        self._room = Room(settings.spool_mb)
        self._open: dict[str, Emitter] = {}
        self._lock, self._wake, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._wait_s = _FIRST_WAIT_S
        self._due = self._asked_at = float("-inf")
        self._silent, self._swept_at = False, float("-inf")

    def open(self, stream_id: str, first: Callable[[], None] = lambda: None, *, name: str = "") -> Emitter:
        """The emitter of a stream, which the caller watches alone; `first` is called once its first observation is out."""
        emitter = Emitter(
            Spool(self.root, stream_id, self._room),
            window=self._settings.window,
            waits=self._queued,
            wake=self._wake.set,
            first=partial(self._told, first),
            seen=partial(self._seen, name or stream_id),
            clock=self._clock,
        )
        emitter.sync = self.away
        with self._lock:
            self._open[stream_id] = emitter
        return emitter

    def close(self, emitter: Emitter) -> None:
        """Send no more of it; what waits on disk stays there for who watches next."""
        with self._lock:
            if self._open.get(emitter.stream_id) is emitter:
                del self._open[emitter.stream_id]
        emitter.close()

    def start(self) -> None:
        """Begin to step, in a thread of its own; nothing where it does."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="emitting", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Step no more."""
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    @property
    def away(self) -> bool:
        """Whether the queue could not be reached when something was last sent."""
        return self._due > float("-inf")

    @property
    def room(self) -> bool:
        """Whether there is room on disk for more."""
        return self._room.left

    def step(self) -> None:
        """Learn what is settled, send what is due."""
        with self._lock:
            emitters = list(self._open.values())
        known = self._learn([one for one in emitters if not one.settled()])
        if self._clock() < self._due:
            return
        try:
            sent = [one.send(self._send, again=known) for one in emitters]
        except StoreError as error:
            wait_s, self._wait_s = self._wait_s, min(_LONGEST_WAIT_S, 2 * self._wait_s)
            if not self.away:
                log.warning("%s; observations wait in %r until it is there again", error, str(self.root))
            self._due = self._clock() + wait_s
            self._sync(True, emitters)
            return
        if self.away and any(sent):
            log.warning("the queue can be reached again")
            self._due = float("-inf")
            self._sync(False, emitters)
        self._wait_s = _FIRST_WAIT_S

    def sweep(self) -> None:
        """Remove what waits of streams that others watch by now: memory would not take it. Raises StoreError."""
        left = waiting(self.root)
        for stream_id, reach in self._store.read(Reached(streams=tuple(left))).items():
            with self._lock:
                if stream_id in self._open or all(fence >= reach.fence for fence, _ in left[stream_id]):
                    continue
            stale = Spool(self.root, stream_id, self._room)
            for place in stale.places:
                if place[0] < reach.fence:
                    stale.drop(place)
            stale.close()

    def _learn(self, emitters: list[Emitter]) -> bool:
        """Ask memory, not too often; -> whether it answers."""
        if not emitters or self._clock() - self._asked_at < _LOOK_S:
            return not self._silent
        self._asked_at = self._clock()
        try:
            reached = self._store.read(Reached(streams=tuple(one.stream_id for one in emitters)))
        except StoreError as error:
            if not self._silent:
                log.warning("what is settled cannot be read: %s; nothing is sent again until then", error)
            self._silent = True
            return False
        self._silent = False
        for one in emitters:
            if one.stream_id in reached:
                one.learn(reached[one.stream_id])
        return True

    def _sync(self, sync: bool, emitters: list[Emitter]) -> None:
        for one in emitters:
            one.sync = sync

    def _told(self, first: Callable[[], None]) -> None:
        try:
            first()
        except StoreError as error:
            log.warning("that a watch goes on cannot be told: %s", error)

    def _swept(self) -> None:
        """Now and then."""
        if self._clock() - self._swept_at < _SWEEP_S:
            return
        self._swept_at = self._clock()
        try:
            self.sweep()
        except StoreError as error:
            log.info("what others watch by now stays on disk for now: %s", error)

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait(ROUND_S)
            self._wake.clear()
            try:
                self.step()
                self._swept()
            except Exception:  # the loop's edge: what one stream says stops no other
                log.exception("observations could not be sent")
                self._over.wait(ROUND_S)
