"""What a watch says, on its way to memory through a queue that may lose, repeat and delay it.

Memory is the truth: an observation waits here until memory has settled it, and is sent again where that takes long. It is
written to the spool before it is sent, so that it outlives this process, too. Only so many are on their way at a time, in
order; more wait on disk, most of those without their carry: whoever goes on after this process does so from the last commit in
memory, so only what memory may rest at needs one. What has none is sent together with the next that has.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from vidette.errors import StoreError
from vidette.models import Commit, Observation
from vidette.queries import Reach
from workers.jobs import Settle
from workers.watches.spool import Spool

log = logging.getLogger(__name__)

AGAIN_S, LONGEST_S = 10.0, 320.0
"""What is not settled after so long is sent again; each time twice as long is waited, up to the second."""
_MOST_PATIENCE_S = 600.0  # a queue that is longer than this holds nothing of ours any more

Send = Callable[[Settle], None]
"""Puts an observation in the queue. Raises StoreError where it cannot."""
Seen = Callable[[Observation, datetime], None]
"""Is told of each observation that is put, and when the look at its frames began."""


@dataclass(slots=True)
class _Entry:
    """An observation that is not settled yet: `held` in memory where it is not on disk, or was not sent.

    `whole`: with its carry (or the last of its stream), so that a watch may go on after it.
    """

    held: Observation | None
    on_disk: bool
    whole: bool = True
    sent_at: float | None = None


class Emitter:
    """The observations of one stream, until they are settled. Threads may `put` while another one steps.

    `fence` is that of whoever puts (`GraphStore.take`). `waits(age_s)`: whether what was sent so long ago may still wait in
    the queue. `wake` is called when there is something to be sent; `first` once the first observation is out.
    `overtaken`: somebody else has taken the stream; `broken`: one of ours is lost, what was put before it still settles.
    `reached`: the sequence up to which memory is known to have it. `sync`: what is put has to outlive a loss of power.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        window: int,
        waits: Callable[[float], bool] = lambda _age_s: False,
        wake: Callable[[], None] = lambda: None,
        first: Callable[[], None] = lambda: None,
        seen: Seen = lambda _observation, _began: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream_id, self.fence = spool.stream_id, 0
        self.overtaken = self.broken = False
        self.reached = -1
        self.sync = False
        self._spool, self._window = spool, window
        self._waits, self._wake, self._first, self._clock = waits, wake, first, clock
        self._seen, self._began = seen, datetime.now(UTC)
        self._entries: dict[int, _Entry] = {}
        self._last: Observation | None = None
        self._moved_at, self._again_s = clock(), AGAIN_S
        self._lock = threading.RLock()
        self._out = self._resting = False
        self._whole = True  # what was sent last

    # Who watches --------------------------------------------------------------------------------

    def resume(self, reach: Reach) -> None:
        """Take up what a process before left in the spool and memory still takes: what follows its last commit."""
        with self._lock:
            self.fence, self._entries = reach.fence, {}
            due = reach.sequence + 1
            for place in self._spool.places:
                if place == (reach.fence, due) and reach.fence:
                    self._entries[due] = _Entry(None, on_disk=True, whole=self._spool.whole(place))
                    due += 1
                else:
                    self._spool.drop(place)
            if self._entries:
                self._entries[due - 1].whole, self._whole = True, False
                log.info("stream %s: %d observations waited on disk", self.stream_id, len(self._entries))
        self._wake()

    def begin(self, fence: int) -> None:
        """From now on somebody puts who has this fence."""
        with self._lock:
            self._spool.clear()
            self.fence, self._entries, self._last = fence, {}, None
            self.overtaken = self.broken = self._out = False
            self._whole = True
            self._began = datetime.now(UTC)

    def put(self, observation: Observation) -> None:
        """It is to be settled, after all that was put before. Raises StoreError where there is no room for it now."""
        with self._lock:
            sequence = self._checked(observation)
            ours = replace(observation, fence=self.fence)
            try:
                self._spool.add(ours, sync=self.sync)
            except StoreError as error:
                if len(self._entries) >= self._window or not error.retryable:
                    raise
                self._entries[sequence] = _Entry(ours, on_disk=False)  # as few as this are held, so that it goes on
            else:
                held = ours if len(self._entries) < self._window else None
                self._thin(sequence - 1)
                self._entries[sequence] = _Entry(held, on_disk=True)
            self._last = ours
            self._seen(ours, self._began)
            self._began = datetime.now(UTC)
        self._wake()

    def commit(self) -> Commit | None:
        """Where a look goes on: the newest that was put, settled or not; None where nothing was."""
        last = self._last
        if last is None or last.sequence is None:
            return None
        return Commit(
            stream_id=last.stream_id,
            sequence=last.sequence,
            watermark_s=last.watermark_s,
            carry=last.carry,
            final=last.final,
            run_id=last.run.id,
        )

    def settled(self) -> bool:
        """Whether nothing waits."""
        return not self._entries

    def rest(self) -> bool:
        """Begin nothing more that another could not go on from; -> whether nothing is on its way."""
        with self._lock:
            self._resting = True
            return self._whole and all(entry.sent_at is None for entry in self._entries.values())

    @property
    def over(self) -> bool:
        """Whether nothing more can be settled: the stream has to be watched anew, or is by another."""
        return self.overtaken or self.broken

    # Who sends ----------------------------------------------------------------------------------

    def learn(self, reach: Reach) -> bool:
        """What memory says of the stream; -> whether more of it is settled than was known.

        Where somebody else has taken it, nothing of ours is wanted any more.
        """
        with self._lock:
            if reach.fence > self.fence:
                self._overtake(reach)
                return False
            settled = [sequence for sequence in self._entries if sequence <= reach.sequence]
            for sequence in settled:
                del self._entries[sequence]
                self._spool.drop((self.fence, sequence))
            if settled:
                self.reached, self._moved_at, self._again_s = reach.sequence, self._clock(), AGAIN_S
            return bool(settled)

    def send(self, send: Send, *, again: bool = True) -> bool:
        """Send what may be on its way and is not; with `again`, too, what is not settled though it was sent long ago.

        For one thread; -> whether anything was sent. Raises StoreError where it cannot be sent: then the next call goes on there.
        """
        due = self._due(again)
        for number, (sequence, entry) in enumerate(due):
            observation = entry.held or self._spool.get((self.fence, sequence))
            if observation is None:
                self._break_off(sequence)
                return number > 0
            try:
                send(Settle(observation=observation))
            except StoreError as error:
                if error.retryable:
                    raise
                log.error("stream %s: %d cannot be sent: %s", self.stream_id, sequence, error)  # noqa: TRY400  a known error
                self._break_off(sequence)
                return number > 0
            with self._lock:
                entry.sent_at, entry.held = self._clock(), None if entry.on_disk else observation
                self._whole = entry.whole
            if not self._out:
                self._out = True
                self._first()
        return bool(due)

    def close(self) -> None:
        """Send no more; what waits on disk stays there."""
        with self._lock:
            if held := sum(not entry.on_disk for entry in self._entries.values()):
                log.warning("stream %s: %d observations that no disk took are lost", self.stream_id, held)
            self._entries = {}
            self._spool.close()

    def _thin(self, sequence: int) -> None:
        """This one is the newest no longer: beyond the window one carry is kept in each half of it."""
        if len(self._entries) > self._window and sequence % max(1, self._window // 2):
            self._spool.thin((self.fence, sequence))
            self._entries[sequence].whole = False

    def _due(self, again: bool) -> list[tuple[int, _Entry]]:
        with self._lock:
            ahead = self._ahead()
            if again and ahead and self._overdue():
                log.info("stream %s: what follows %d is sent again", self.stream_id, ahead[0][0] - 1)
                self._again_s = min(LONGEST_S, 2 * self._again_s)
                return ahead
            return [(sequence, entry) for sequence, entry in ahead if entry.sent_at is None]

    def _ahead(self) -> list[tuple[int, _Entry]]:
        """What may be on its way: as many as fit the window, up to a whole one, after which another may go on."""
        ahead = list(islice(self._entries.items(), 2 * self._window))
        ends = [number for number, (_, entry) in enumerate(ahead, 1) if entry.whole] or [self._window]
        if self._resting:
            sent = max((number for number, (_, entry) in enumerate(ahead, 1) if entry.sent_at is not None), default=0)
            return ahead[: sent if self._whole else next((end for end in ends if end > sent), sent)]
        return ahead[: max((end for end in ends if end <= self._window), default=ends[0])]

    def _overdue(self) -> bool:
        """Whether memory waits for one that was sent, and the queue does not merely take its time."""
        first = next(iter(self._entries.values()), None)
        if first is None or first.sent_at is None:
            return False
        age_s = self._clock() - max(first.sent_at, self._moved_at)
        if age_s < self._again_s:
            return False
        return age_s > _MOST_PATIENCE_S or not self._waits(self._clock() - first.sent_at)

    def _break_off(self, sequence: int) -> None:
        """What follows one that is lost can never be settled: whoever watches has to begin anew after it."""
        with self._lock:
            for one in [one for one in self._entries if one >= sequence]:
                del self._entries[one]
                self._spool.drop((self.fence, one))
            self.broken = True

    def _overtake(self, reach: Reach) -> None:
        log.info("stream %s is watched by another (fence %d, ours is %d)", self.stream_id, reach.fence, self.fence)
        self.overtaken, self._entries = True, {}
        self._spool.clear()

    def _checked(self, observation: Observation) -> int:
        """Its sequence. Raises StoreError where it does not follow what was put before, or what was put is lost."""
        if self.over:
            raise StoreError(f"stream {self.stream_id!r} has to be watched anew; what it says now cannot be settled")
        last = self._last.sequence if self._last is not None else None
        if observation.sequence is None or (last is not None and observation.sequence != last + 1):
            raise StoreError(f"observation {observation.sequence} of {self.stream_id!r} does not follow {last}")
        return observation.sequence
