"""People who go through a door one after the other, and the rule that tells of it."""

from vidette.models import EventType, Label

TAILGATING = {"in_order": [{"event": "line_crossed", "line": "door"}] * 2, "within_s": 3}


def rule(when, **more):
    return {"id": "r", "when": when, **more}


def crosses(w, name, at_s, line="door"):
    return w.happens(EventType.LINE_CROSSED, w.thing(name, Label.PERSON, start_s=at_s), at_s, line=line)


def seconds(w, alert):
    return (alert.at - w.stream.start).total_seconds()
