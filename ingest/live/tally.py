"""How a live stream is, counted."""

import os
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ingest.frame import DecodedFrame
from ingest.live.arrival import Arrival
from vidette.feeds import Cause, FeedState
from vidette.signals import Signal

_OVER_S = 10.0  # rates are of the last so many seconds
_STATM = Path("/proc/self/statm")


class Rate:
    """How often something happens."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=1024)

    def note(self, at_s: float) -> None:
        """It happened."""
        self._times.append(at_s)

    def per_s(self, now_s: float) -> float:
        """Times a second, over the last ten seconds or since the first."""
        while self._times and self._times[0] <= now_s - _OVER_S:
            self._times.popleft()
        if not self._times:
            return 0.0
        return len(self._times) / min(_OVER_S, max(1.0, now_s - self._times[0]))


class Tally:
    """Counts what a feed does since it was opened. `now()` is media time, `start` its zero."""

    def __init__(self, start: datetime, now: Callable[[], float]) -> None:
        self._start, self._now = start, now
        self._since = datetime.now(UTC)
        self._arriving, self._looked = Rate(), Rate()
        self._reconnects: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._stream: Arrival | None = None
        self._arrived = self._frames = 0
        self._frame_at: datetime | None = None
        self._size = (0, 0)
        self._delay_s: float | None = None
        self.cause: Cause | None = None
        self.full = self.idle = self.audited = self.missed = 0

    def arrived(self, arrival: Arrival) -> None:
        """A packet came."""
        if self._stream is not None and arrival.connection != self._stream.connection:
            self._reconnects[self.cause or Cause.ENDED] += 1
        self._stream = arrival
        self._arrived += 1
        self._arriving.note(arrival.arrived_s)

    def told(self, signal: Signal) -> None:
        """The other side said something else."""
        if signal.loss is not None and signal.over:
            self._dropped[signal.loss.cause] += 1
        elif signal.loss is not None:
            self.cause = signal.loss.cause

    def gave(self, frame: DecodedFrame) -> None:
        """A frame is looked at from now on."""
        now_s = self._now()
        self._frames += 1
        self._looked.note(now_s)
        self._delay_s = max(0.0, now_s - frame.pts_s)
        self._frame_at = self._start + timedelta(seconds=frame.pts_s)
        self._size = frame.size
        self.cause = None

    def state(self, state: Literal["watching", "idle", "lost", "waiting"], damaged: int) -> FeedState:
        """All of it."""
        now_s = self._now()
        return FeedState(
            at=self._start + timedelta(seconds=now_s),
            since=self._since,
            state=state,
            cause=self.cause,
            codec=self._stream.stream.codec_context.name if self._stream is not None else "",
            width=self._size[0],
            height=self._size[1],
            fps=round(self._arriving.per_s(now_s), 2),
            looked_fps=round(self._looked.per_s(now_s), 2),
            arrived=self._arrived,
            frames=self._frames,
            damaged=damaged,
            last_frame_at=self._frame_at,
            delay_s=self._delay_s,
            reconnects=dict(self._reconnects),
            dropped=dict(self._dropped),
            gops_full=self.full,
            gops_idle=self.idle,
            gops_audited=self.audited,
            gops_missed=self.missed,
            rss_bytes=resident_bytes(),
        )


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not say."""
    try:
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
