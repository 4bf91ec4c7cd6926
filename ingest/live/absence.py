"""Since when no pictures of a camera come, and why, by the times of those that do come."""

from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Loss

_SILENT = 0.9  # of the patience: FFmpeg begins to count before we do
_STATES = {Cause.STALLED: FastState.STALLED, Cause.UNREADABLE: FastState.FAILED}


class Absence:
    """All times are media time. `loss`: why no pictures come now, None while they do; `last_s`: when the last one was.

    Until the first one comes the camera is being connected to, since `now_s`.
    """

    def __init__(self, now_s: float) -> None:
        self.last_s = self._came_s = now_s
        self.loss: Loss | None = Loss(since_s=now_s, state=FastState.OFFLINE, cause=Cause.CONNECTING)
        self._suspected = False  # the loss is, by one picture that may be of before a silence

    def lost(self, cause: Cause) -> None:
        """The camera is gone, or still is."""
        since_s = self.last_s if self.loss is None else self.loss.since_s
        self.loss = Loss(since_s=since_s, state=_STATES.get(cause, FastState.OFFLINE), cause=cause)
        self._suspected = False

    def picture(self, media_s: float, arrived_s: float, patience_s: float) -> Loss | None:
        """A picture came, of a camera that may be silent for `patience_s`; -> the loss that it ends, if there was one."""
        held = self._held_back(media_s, arrived_s, patience_s)
        # What comes after one that was suspected shows that the camera had only been slow.
        loss = (None if self._suspected else self.loss) or self._hole(media_s, patience_s)
        ended = loss if loss is not None and loss.since_s < media_s else None
        self.last_s, self._came_s = max(self.last_s, media_s), arrived_s
        self._suspected, self.loss = held, self._stalled() if held else None
        return ended

    def _held_back(self, media_s: float, arrived_s: float, patience_s: float) -> bool:
        """Whether it is of before a silence: FFmpeg gives what it has of a picture when its patience ends."""
        silent = arrived_s - self._came_s > _SILENT * patience_s
        there = self.loss is None or self._suspected
        return silent and there and media_s - self.last_s <= _SILENT * patience_s

    def _hole(self, media_s: float, patience_s: float) -> Loss | None:
        """The stall that is seen only now, by the media time of the picture after it."""
        return self._stalled() if media_s - self.last_s > patience_s else None

    def _stalled(self) -> Loss:
        return Loss(since_s=self.last_s, state=FastState.STALLED, cause=Cause.STALLED)
