"""Pictures that are missing: what coverage calls that time, and the events of a signal that is lost and comes back."""

from typing import Any

from agent.perception import captions
from agent.perception.fast import FastLook
from agent.perception.ledger import Saying
from vidette.feeds import CAUSES, Cause
from vidette.models import EventType, FastState
from vidette.signals import Signal

_ABSENT = "Vidette was not running"
# A loss was said so long ago: whoever looks after many cameras has had the time to say that all are lost. They notice
# the same stall up to a second apart.
_HEARD_S = 2.0
_BELIEVED_S = 1.0  # pictures must have come for this long before the signal is said to be back
_UNTOLD = (Cause.NETWORK, Cause.SCHEDULE)  # one event for all cameras, or none: told by others
_TOLD = (FastState.STALLED, FastState.OFFLINE, FastState.FAILED)


class Outage:
    """Follows the signal of one stream; `state` is what is missing is called, None while pictures come."""

    def __init__(self, look: FastLook, lost_s: float) -> None:
        self.look = look
        self.lost_s = lost_s
        self.state: FastState | None = None
        self.reason = ""
        self._since_s = self._said_s = self._from_s = 0.0
        self._let_go = False
        self._event = ""
        self._back_s: float | None = None

    def absent(self, now_s: float) -> None:
        """Nothing watched from the last commit until now."""
        self._begin(self.look.last_s)
        self._go_on(now_s, FastState.NOT_RUNNING, _ABSENT)

    def lost(self, signal: Signal) -> None:
        """What the feed says of a loss."""
        loss = signal.loss
        assert loss is not None
        if self.state is None:
            self._begin(loss.since_s)
            self._said_s, self._from_s = signal.pts_s, self._since_s
        elif signal.over and self.reason == _ABSENT:  # somebody knows better why nothing was watched
            since_s = max(loss.since_s, self._since_s)
            self.look.covering.missed(since_s, self.look.last_s, loss.state, CAUSES[loss.cause])
        else:
            self.look.missed(min(loss.since_s, signal.pts_s), self.state, self.reason)
            if self.reason == _ABSENT:  # that nothing ran is no fault of the camera: it has to be missing from now on
                self._said_s = self._from_s = signal.pts_s
        self._go_on(signal.pts_s, loss.state, CAUSES[loss.cause])
        lasted = signal.pts_s >= max(self._from_s + self.lost_s, self._said_s + _HEARD_S)
        if lasted and not signal.over and loss.state in _TOLD and loss.cause not in _UNTOLD and not self._event:
            text = captions.said(f"the signal is lost: {CAUSES[loss.cause]}")
            saying = Saying(type=EventType.SIGNAL_LOST, caption=text, confidence=1.0, attributes={"cause": loss.cause})
            self._event = self.look.ledger.begin(saying, "view", min(self._since_s, self.look.seen_s or self._since_s))

    def picture(self, pts_s: float) -> None:
        """A good picture came."""
        if self.state is not None:
            self._go_on(pts_s, self.state, self.reason)
            if self._let_go:
                self.look.resume(pts_s)
            self.state, self._let_go, self._back_s = None, False, pts_s
        self.time(pts_s)

    def time(self, pts_s: float) -> None:
        """Time has passed without a loss: the signal is back for good."""
        if self.state is None and self._event and self._back_s is not None and pts_s - self._back_s >= _BELIEVED_S:
            self.look.ledger.end(self._event, self._back_s)
            text = captions.said("the signal is back")
            saying = Saying(type=EventType.SIGNAL_RESTORED, caption=text, confidence=1.0)
            self.look.ledger.happened(saying, "view", self._back_s)
            self._event, self._back_s = "", None

    def kept(self) -> dict[str, Any]:
        """What `restore` needs: whether the loss was told, and what has come since."""
        return {"event": self._event, "back_s": self._back_s}

    def restore(self, kept: dict[str, Any]) -> None:
        """Go on from that; a loss that was told stays open until pictures come."""
        self._event, self._back_s = kept.get("event", ""), kept.get("back_s")

    def _begin(self, since_s: float) -> None:
        self.look.interrupt(since_s)
        self._since_s, self._back_s = self.look.last_s, None

    def _go_on(self, until_s: float, state: FastState, reason: str) -> None:
        self.state, self.reason = state, reason
        self.look.missed(until_s, state, reason)
        if not self._let_go and self.look.last_s - self.look.seen_s > self.look.settings.fast.lost_s:
            self._let_go = True
            self.look.lose()
