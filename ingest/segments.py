"""Segments: a stream's time in slices that end with the activity, at a cut or at a maximum."""

from dataclasses import asdict, dataclass
from typing import Any

from vidette.models import DeepState

_BEFORE_S = 0.4  # what led up to the first sign of activity belongs to it
_AFTER_S = 0.6
_QUIET_MAX = 10.0  # a quiet segment may be this many times longer than an active one


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A closed stretch [start_s, end_s): active (deserves a deep look), heartbeat or quiet."""

    start_s: float
    end_s: float
    deep: DeepState


@dataclass(slots=True, kw_only=True)
class Segmenter:
    """Cuts time; `start_s` is where the open slice began, None before the first frame."""

    max_s: float
    idle_s: float
    start_s: float | None = None
    active: bool = False
    heartbeat: bool = False
    busy_s: float = 0.0

    def step(self, pts_s: float, *, busy: bool, heartbeat: bool = False) -> list[Slice]:
        """Take one frame in; -> the slices that it closes."""
        if self.start_s is None:
            self.start_s, self.active, self.busy_s = pts_s, busy, pts_s
        self.heartbeat = self.heartbeat or heartbeat
        closed: list[Slice] = []
        if busy:
            if not self.active:
                closed += self._close(max(self.start_s, pts_s - _BEFORE_S))
                self.active = True
            self.busy_s = pts_s
        elif self.active and pts_s - self.busy_s >= self.idle_s:
            closed += self._close(self._calm_s(pts_s))
            self.active = False
        limit = self.max_s if self.active else self.max_s * _QUIET_MAX
        if pts_s - self.start_s >= limit:
            closed += self._close(pts_s)
        return closed

    def cut(self, pts_s: float) -> list[Slice]:
        """End the open slice here: the scene changed or the stream ended."""
        if self.start_s is None:
            return []
        closed: list[Slice] = []
        if self.active and pts_s > self.busy_s + _AFTER_S:
            closed += self._close(self._calm_s(pts_s))
            self.active = False
        closed += self._close(pts_s)
        self.active = False
        return closed

    def decided_s(self, pts_s: float) -> float:
        """Up to here the deep state of the open slice can no longer change."""
        if self.start_s is None:
            return pts_s
        if self.active:
            return max(self.start_s, self.busy_s)
        return max(self.start_s, pts_s - _BEFORE_S)

    @property
    def deep(self) -> DeepState:
        """What the open slice is so far."""
        if self.active:
            return DeepState.EXAMINED
        return DeepState.HEARTBEAT if self.heartbeat else DeepState.GATED

    def state(self) -> dict[str, Any]:
        """What `Segmenter(**state)` needs."""
        return asdict(self)

    def _calm_s(self, pts_s: float) -> float:
        """Where an active slice ends that is quiet by now: never before the longest one was cut off."""
        assert self.start_s is not None
        return max(self.start_s, min(pts_s, self.busy_s + _AFTER_S))

    def _close(self, end_s: float) -> list[Slice]:
        assert self.start_s is not None
        slices = [Slice(start_s=self.start_s, end_s=end_s, deep=self.deep)] if end_s > self.start_s else []
        self.start_s = end_s
        self.heartbeat = False
        return slices
