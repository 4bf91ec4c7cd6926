"""Occurrences found again in memory: after a restart, a changed rule, a second watch, a late fact."""

from collections.abc import Iterator

from rules.condition import came_true
from rules.hearing import Hearing
from rules.occurrence import LULL_S, Occurrence, begun
from rules.place import subject_key, subject_of, subject_tracks
from rules.rule import Rule
from vidette.alerts import Alert, AlertFilter, AlertState
from vidette.rows import EventRow

_ALERTS = 1000
_NEAR = 4
_LIVING = (AlertState.OPEN, AlertState.ACKNOWLEDGED)


def rebuilt(alert: Alert, hearing: Hearing) -> Occurrence | None:
    """The occurrence of a stored alert; None where nothing is left of its events."""
    events = sorted(hearing.events(alert.events), key=lambda event: (event.start_s, event.id))
    if not events:
        return None
    first, *others = events
    found = begun(alert.id, subject_key(first), subject_tracks(first), first, sent=hearing.was_sent(alert.id))
    for event in others:
        found = found.holding(event).known_as(subject_key(event), subject_tracks(event))
    return found


def living(rules: list[Rule], hearing: Hearing) -> dict[str, list[Occurrence]]:
    """By rule, what its alerts on this stream that are not over tell of: for a rule that remembers nothing."""
    out: dict[str, list[Occurrence]] = {rule.id: [] for rule in rules}
    where = AlertFilter(rules=tuple(out), streams=(hearing.case.stream.name,), states=_LIVING)
    for alert in hearing.stored(where, _ALERTS) if rules else ():
        found = rebuilt(alert, hearing)
        if found:
            out[alert.rule].append(found)
    return out


def telling(rule: Rule, event: EventRow, hearing: Hearing) -> Occurrence | None:
    """The stored occurrence of the rule to which the event belongs already, or is near enough to belong."""
    for alert in _candidates(rule, event, hearing):
        found = rebuilt(alert, hearing)
        if found and (event.id in found.events or _belongs(found, event)):
            return found
    return None


def told(rule: Rule, event: EventRow, hearing: Hearing) -> Occurrence | None:
    """The occurrence of the rule's living alert that tells of the event."""
    alerts = hearing.stored(AlertFilter(rules=(rule.id,), events=(event.id,), states=_LIVING), 1)
    return rebuilt(alerts[0], hearing) if alerts else None


def alerts_of(rule: Rule, subject: str, hearing: Hearing) -> list[Alert]:
    """The rule's stored alerts about an entity, newest first."""
    where = AlertFilter(rules=(rule.id,), streams=(hearing.case.stream.name,), subjects=(subject,))
    return hearing.stored(where, _ALERTS)


def _belongs(found: Occurrence, event: EventRow) -> bool:
    return subject_key(event) in found.subjects and found.near(event.start_s, event.end_s)


def _candidates(rule: Rule, event: EventRow, hearing: Hearing) -> Iterator[Alert]:
    yield from hearing.stored(AlertFilter(rules=(rule.id,), events=(event.id,)), 1)
    subject = subject_of(event)
    if subject:
        yield from alerts_of(rule, subject, hearing)[:_NEAR]
        return
    # without an entity, those about the same time: what they are about is told by their events
    until = hearing.case.stream.at((event.end_s or event.start_s) + rule.for_s + LULL_S)
    where = AlertFilter(rules=(rule.id,), streams=(hearing.case.stream.name,), until=max(until, came_true(rule, event)))
    yield from (one for one in hearing.stored(where, _NEAR) if one.subject is None)
