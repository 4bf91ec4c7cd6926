"""What a live source says between its pictures."""

from dataclasses import dataclass

from vidette.feeds import Cause
from vidette.models import FastState


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """No pictures from media time `since_s` on; `state` is what coverage calls that stretch.

    STALLED: connected, nothing comes. OFFLINE: not connected. FAILED: what comes cannot be decoded.
    DROPPED: pictures came and were left out on purpose. NOT_RUNNING: not watched at this hour.
    """

    since_s: float
    state: FastState
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a feed says instead of a picture: media time is now `pts_s`.

    Without `loss` the feed is well and only time has passed (a tick). With one, it has been lost
    since then; it is told again at least once a second until pictures come back. `over` marks a
    loss that is told once, when it is already past: [loss.since_s, pts_s) was left out and
    pictures go on after it. `jump_s` is by how much the camera's own clock jumped at `pts_s`.
    """

    pts_s: float
    loss: Loss | None = None
    over: bool = False
    jump_s: float | None = None
