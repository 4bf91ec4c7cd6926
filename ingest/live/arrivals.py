"""What comes from a camera, packet after packet, and what is to be said between: for ever, whatever the camera does."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ingest.live.address import Address
from ingest.live.arrival import Arrival
from ingest.live.backoff import Backoff
from ingest.live.reading import Reading
from ingest.live.steady import Steady
from ingest.live.waiting import Overload, Waiting
from vidette.errors import SourceError
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.settings import LiveSettings
from vidette.signals import Loss, Signal

__all__ = ["Arrival", "Arrivals"]

SAY_S = 0.5
CLOSE_S = 1.0
_MB = 1024 * 1024


class Arrivals:
    """A camera's packets, read by a thread of their own, and signals, in the order of media time.

    Iterate once. Something comes at least every half second: when nothing else does, a tick (time stands), or the
    loss while the camera is lost. `now()` is media time now. `overload` says what gives way when
    looking is too slow; `hold` uses at most `live.hold_mb` in a nameless file in `folder` (default:
    the system's for temporary files).

    Between two arrivals that are shown in the order in which they come, `media_s` rises. Right after a
    loss it may lie before what was said already: these are needed to decode what follows, and come too late to be
    looked at.

    Never raises for what the camera did. Raises SourceError when FFmpeg does not come back: then only
    a new process helps.
    """

    def __init__(
        self,
        address: Address,
        *,
        live: LiveSettings,
        now: Callable[[], float],
        overload: Overload = "newest",
        folder: Path | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._address, self._now = address, Steady(now)
        self._waiting = Waiting(overload, late_s=live.late_s, hold_bytes=live.hold_mb * _MB, folder=folder)
        self._reading = Reading(
            address, self._waiting, timeout_s=live.timeout_s, late_s=live.late_s, now=self._now, backoff=backoff
        )
        self._thread = threading.Thread(target=self._reading.run, name="reading", daemon=True)
        self._told_s = self._last_s = self._reading.last_s

    def __iter__(self) -> Iterator[Arrival | Signal]:
        self._thread.start()
        while not self._reading.stop.is_set():
            item = self._waiting.get(SAY_S)
            if self._reading.stop.is_set():
                return
            said = self._silence() if item is None else self._ordered(item)
            if said is not None:
                yield said

    def close(self) -> None:
        """Let the camera go; from any thread, within about a second whatever the camera does."""
        self._reading.stop.set()
        self._waiting.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)

    def patient(self, late_s: float) -> None:
        """Let what came within so many seconds wait, though nobody looks yet."""
        self._waiting.patient(late_s)

    def hurry(self) -> None:
        """Somebody looks now: what waited is looked at, then `late_s` counts again."""
        self._waiting.hurry()

    def renew(self, cause: Cause) -> None:
        """Connect again, for what comes cannot be used: `cause` says why."""
        self._reading.renew(cause)

    @property
    def thin(self) -> int:
        """What overload by `thin` asks for: look at one picture in so many (1, 2, 4, 8)."""
        return self._waiting.thin

    @property
    def queued(self) -> int:
        """How many packets wait to be looked at."""
        return len(self._waiting)

    @property
    def clock_s(self) -> float | None:
        """By how much the camera's wall clock is ahead of ours, where it tells its time."""
        return self._reading.timeline.clock_s

    @property
    def reconnects(self) -> dict[str, int]:
        """How often the camera was lost or could not be reached, by cause."""
        return dict(self._reading.reconnects)

    @property
    def dropped(self) -> dict[str, int]:
        """How many packets were left out, by cause."""
        return dict(Counter(self._waiting.dropped) + Counter(self._reading.skipped))

    def _silence(self) -> Signal:
        """What is to be said when nothing came."""
        if self._reading.stuck:
            raise SourceError(f"the reader of {self._address.safe!r} hangs; start it anew", retryable=True)
        loss = self._loss()
        # Without a loss pictures may still come late: time goes no further than the last one.
        self._told_s = max(self._told_s, self._last_s, self._now() if loss is not None else self._last_s)
        return Signal(pts_s=self._told_s, loss=loss)

    def _loss(self) -> Loss | None:
        reading = self._reading
        if reading.loss is None and time.monotonic() - reading.heard > reading.patience_s:
            return Loss(since_s=self._last_s, state=FastState.STALLED, cause=Cause.STALLED)
        return reading.loss

    def _ordered(self, item: Arrival | Signal) -> Arrival | Signal | None:
        """The item, not before what was told already; None where nothing of it is left."""
        if isinstance(item, Signal):
            return self._after(item)
        self._last_s = max(self._last_s, item.media_s)
        return item

    def _after(self, signal: Signal) -> Signal | None:
        pts_s, loss = max(signal.pts_s, self._told_s), signal.loss
        if loss is not None and loss.since_s < self._told_s:
            loss = replace(loss, since_s=self._told_s)
        if loss is not None and loss.since_s >= pts_s and signal.jump_s is None:
            return None
        self._told_s = pts_s
        return replace(signal, pts_s=pts_s, loss=loss)
