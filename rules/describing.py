"""Alerts told better: what a deep look says of the thing or the event that one is about, once each run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rules import sentence
from rules.hearing import Hearing
from rules.rule import Rule
from rules.sending import Sending
from vidette.alerts import Alert, AlertFilter, AlertState, Change, Telling, Verdict

_ALERTS = 1000
_RUNS = 16
_TOLD = (AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.RESOLVED)
"""What is over is described all the same: a recording is over before any deep look at it. What was dismissed is not."""


def describe(rules: Sequence[Rule], hearing: Hearing, sending: Sending) -> None:
    """Give the alerts that were raised before what the case's look says of them, and tell those who were told of them."""
    telling = hearing.case.telling
    if telling is None:
        return
    known = {rule.id: rule for rule in rules}
    for alert in _about(telling, hearing):
        said = _said(telling, alert)
        if said and alert.rule in known and telling.run_id not in (alert.described_by or ()):
            _describe(alert, said, known[alert.rule], hearing, sending)


def _about(telling: Telling, hearing: Hearing) -> Iterator[Alert]:
    """Stored alerts about an event that the look supports, or about a thing that it describes while it happened."""
    found: dict[str, Alert] = {}
    if telling.events:
        where = AlertFilter(events=tuple(telling.events), states=_TOLD)
        found |= {alert.id: alert for alert in hearing.stored(where, _ALERTS)}
        joined = [one.id for one in hearing.alerts.values() if not telling.events.keys().isdisjoint(one.events)]
        if joined:  # the event may have come to the alert with this very look
            where = AlertFilter(ids=tuple(joined), states=_TOLD)
            found |= {alert.id: alert for alert in hearing.stored(where, _ALERTS)}
    if telling.things:
        where = AlertFilter(subjects=tuple(telling.things), states=_TOLD)
        described = [alert for alert in hearing.stored(where, _ALERTS) if alert.id not in found]
        found |= {alert.id: alert for alert in described if _meets(telling, alert, hearing)}
    yield from found.values()


def _meets(telling: Telling, alert: Alert, hearing: Hearing) -> bool:
    """Whether an event of the alert overlaps what was looked at."""
    return any(
        event.start_s < telling.end_s and (event.end_s is None or event.end_s >= telling.start_s)
        for event in hearing.events(alert.events)
    )


def _said(telling: Telling, alert: Alert) -> str:
    """What the look says of it: of its event, else of its subject, else of the whole segment."""
    of_events = (telling.events.get(event, "") for event in alert.events)
    return next(filter(None, (*of_events, telling.things.get(alert.subject or "", ""), telling.caption)), "")


def _describe(alert: Alert, said: str, rule: Rule, hearing: Hearing, sending: Sending) -> None:
    assert hearing.case.telling is not None
    run_id = hearing.case.telling.run_id
    alert = replace(
        alert,
        change=Change.DESCRIBED,
        sequence=alert.sequence + 1,
        text=sentence.closer(alert.text, said),
        described_by=(*(alert.described_by or ()), run_id)[-_RUNS:],
    )
    hearing.alerts[alert.id] = alert
    why = f"a deep look says {sentence.quoted(said)}"
    if sending.too_old(alert):
        why += "; too old now, so nobody is told"
    elif hearing.was_sent(alert.id):
        sending.follow(alert)
    hearing.decide(rule, alert.events[0], Verdict.DESCRIBED, alert.at, (why,), alert.id)
