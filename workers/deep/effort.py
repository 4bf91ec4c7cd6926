"""How much a deep look is worth when little is left to spend or many wait: fewer pictures, questions only, none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vidette.models import Segment
from vidette.vision import LookRequest
from workers.deep.allowance import Strain

T = TypeVar("T")
_ONE, _VERDICTS, _NONE = 3, 4, 64
_TURNS = 8.0
"""A queue that holds so many turns of all that may be asked at once is half a strain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What may be asked: `level` 0 everything, 1 half of the pictures, 2 a quarter, 3 one, 4 only the questions, `none` nothing."""

    level: int = 0
    reason: str = ""

    @property
    def none(self) -> bool:
        """Whether the model is not to be asked."""
        return self.level >= _NONE


def leave_of(strain: Strain) -> Leave:
    """Each time that half of what was left is spent, one level less; nothing once all is."""
    if strain.share >= 1:
        return Leave(level=_NONE, reason=f"all of `{strain.of}` is spent")
    level = _halvings(strain.share)
    if level == 0:
        return Leave()
    return Leave(level=level, reason=f"{strain.share:.0%} of `{strain.of}` is spent")


def leave_behind(waiting: int, at_once: int) -> Leave:
    """What may be asked while so many wait, of which `at_once` are asked about at the same time."""
    level = _halvings(1 - 1 / (1 + waiting / (_TURNS * max(1, at_once))))
    return Leave(level=level, reason=f"{waiting} wait" if level else "")


def lessened(request: LookRequest, leave: Leave) -> tuple[LookRequest, str]:
    """The request with no more than may be asked, and what coverage says of that: nothing where it is the whole one."""
    if leave.level == 0:
        return request, ""
    if leave.level >= _VERDICTS and request.questions:
        return replace(_with(request, 1), effort="verdicts"), leave.reason  # the look says that it was only these
    frames = max(len(one.keyframes) for one in request.parts or (request.segment,))
    most = 1 if leave.level >= _ONE else max(1, frames >> leave.level)
    return replace(_with(request, most), effort="fewer"), f"fewer pictures: {leave.reason}"


def _with(request: LookRequest, most: int) -> LookRequest:
    """The request with so many pictures of each of its segments at most."""
    parts = tuple(_thinned(part, most) for part in request.parts)
    whole = replace(request.segment, keyframes=tuple(frame for part in parts for frame in part.keyframes))
    return replace(request, segment=whole if parts else _thinned(request.segment, most), parts=parts)


def _thinned(segment: Segment, most: int) -> Segment:
    frames = sorted(segment.keyframes, key=lambda frame: (frame.pts_s, frame.id))
    return replace(segment, keyframes=tuple(spread(frames, most)))


def spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly from their middle outwards."""
    if len(items) <= most:
        return list(items)
    step = len(items) / most
    return [items[int((place + 0.5) * step)] for place in range(most)]


def _halvings(share: float) -> int:
    level, left = 0, 1 - share
    while left <= 0.5 and level < _VERDICTS:
        level, left = level + 1, 2 * left
    return level
