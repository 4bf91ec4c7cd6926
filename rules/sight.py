"""What a camera could not see: alerts about it are of its blindness, not of the place."""

from collections.abc import Sequence
from datetime import timedelta

from rules import sentence
from rules.docket import Docket
from rules.policy import Policy
from vidette.alerts import Alert
from vidette.families import SIGNAL, SYSTEM
from vidette.models import EventType
from vidette.queries import Events, Filter
from vidette.rows import EventRow

BLINDING = frozenset({EventType.SIGNAL_LOST, EventType.VIEW_BLOCKED, EventType.PICTURE_FROZEN})
"""While one of these goes on, a stream shows nothing of the place."""
TELLING = BLINDING | SIGNAL | SYSTEM
"""What is told all the same: that it is blind, or something that no picture is needed for."""


def inhibited(docket: Docket, policy: Policy, alert: Alert, events: Sequence[EventRow]) -> str:
    """Why the alert's streams could not see what it tells of (all of them); empty where one could."""
    if not alert.streams or (events and all(event.type in TELLING for event in events)):
        return ""
    found = [_blinded(docket, stream, alert, events) for stream in alert.streams]
    causes = [event for event in found if event is not None]
    if len(causes) < len(found):
        return ""
    first = min(causes, key=lambda event: (event.start, event.id))
    since = sentence.clock(first.start, policy.tz)
    return f"{sentence.quoted_name(first.stream)} could not see: {str(first.type).replace('_', ' ')} since {since}"


def _blinded(docket: Docket, stream: str, alert: Alert, events: Sequence[EventRow]) -> EventRow | None:
    """What blinded a stream when the alert came true; what came of it at that very moment has the same cause."""
    until = alert.at + timedelta(milliseconds=1)
    where = Filter(streams=(stream,), types=tuple(sorted(BLINDING)), since=alert.at, until=until)
    own = {event.id for event in events}
    found = docket.read(Events(where=where, limit=16, brief=True))
    return next((one for one in found if one.id not in own), None)
