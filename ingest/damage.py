"""Stretches of a source that could not be read."""

from collections.abc import Iterable
from dataclasses import dataclass

GIVE_UP_WAITING_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Unreadable media time [start_s, end_s) and what the decoder said (vidette.ports.Damage)."""

    start_s: float
    end_s: float
    reason: str


def join(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same time without overlap, in order; the earliest reason stands."""
    out: list[Stretch] = []
    for item in sorted(stretches, key=lambda s: (s.start_s, s.end_s)):
        if out and item.start_s <= out[-1].end_s:
            end_s = max(out[-1].end_s, item.end_s)
            out[-1] = Stretch(start_s=out[-1].start_s, end_s=end_s, reason=out[-1].reason)
        elif item.end_s > item.start_s:
            out.append(item)
    return tuple(out)


class DamageWatch:
    """Tells good frames from spoiled ones, in the order they are shown.

    What follows a bad frame is built on it, so frames count as spoiled until the next keyframe; a
    stream whose keyframes are rare is believed again after `GIVE_UP_WAITING_S`.
    """

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._since: float | None = None
        self._reason = ""

    @property
    def since(self) -> float | None:
        """Media time from which frames are spoiled; None where they are good."""
        return self._since

    def error(self, at_s: float, reason: str) -> None:
        """A packet at `at_s` could not be read or decoded."""
        if self._since is None:
            self._since, self._reason = at_s, reason
        self._since = min(self._since, at_s)

    def good(self, at_s: float, *, corrupt: bool, key: bool) -> bool:
        """Whether the frame shown at `at_s` may be looked at."""
        if corrupt:
            self.error(at_s, "damaged picture data")
            return False
        if self._since is None or at_s < self._since:
            return True
        if key or at_s - self._since >= GIVE_UP_WAITING_S:
            self.end(at_s)
            return True
        return False

    def end(self, at_s: float) -> None:
        """Frames are good again, or the source has ended."""
        if self._since is not None and at_s > self._since:
            self.stretches.append(Stretch(start_s=max(0.0, self._since), end_s=at_s, reason=self._reason))
        self._since = None
