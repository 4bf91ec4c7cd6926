"""Who goes first: alerts before all, cameras before files, and each stream its fair share. 0 goes first, 9 last."""

import math

from vidette.alerts import Severity
from workers.jobs import Decode, Deliver, Job, LookAt, Settle, Watch
from workers.queue.routing import HINTS, QUEUE_OF

URGENT, OWED = 0, 9
_FIRST, _LAST = 1, 8
_OF_SEVERITY = {Severity.CRITICAL: 0, Severity.HIGH: 1, Severity.MEDIUM: 3, Severity.LOW: 5}


def priority_of(job: Job) -> int:
    """What a job is worth by itself. A look's depends on what else waits, a delivery's on what is told: see below."""
    match job:
        case Watch(spec=spec):
            return 2 if spec.url else 5
        case Decode():
            return HINTS[QUEUE_OF["decode"]]
        case Settle(observation=observation):
            if observation.look == "deep":
                return 3
            return 1 if observation.feed else 5
        case LookAt(owed=owed):
            return OWED if owed else _FIRST
        case Deliver():
            return _OF_SEVERITY[Severity.MEDIUM]


def of_look(waiting: int, *, urgent: bool = False) -> int:
    """That of a look of a stream of which so many wait already.

    Those in front of it are at most twice as many of any other stream, however many looks that one asks for.
    """
    return URGENT if urgent else min(_LAST, _FIRST + int(math.log2(1 + max(0, waiting))))


def of_severity(severity: Severity) -> int:
    """That of deliveries of which this is the most severe."""
    return _OF_SEVERITY.get(severity, _LAST)
