"""Why an alert was raised or an event raised none: decisions, deliveries, attempts, in one place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import click

from app.tables import clock, many, short
from vidette.alerting import Alerts, Attempts, Decisions, Deliveries
from vidette.alerts import Alert, AlertFilter, Attempt, Decision, Delivery, DeliveryFilter, DeliveryStatus
from vidette.errors import ConfigError
from vidette.ports import GraphStore
from vidette.queries import Events, Filter
from vidette.rows import EventRow
from vidette.text import plain

SHORTEST = 4
_MOST = 1000
_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A delivery and its attempts, without the message."""

    id: str
    sink: str
    sequence: int
    change: str
    status: DeliveryStatus
    tries: int
    next_at: str | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """All that is known of why: about an event, or about an alert and its events.

    `incident` are the ids of all alerts of the alerts' incidents.
    """

    alerts: tuple[Alert, ...]
    events: tuple[EventRow, ...]
    decisions: tuple[Decision, ...]
    deliveries: tuple[Told, ...]
    incident: tuple[str, ...] = ()


def reasons_of(store: GraphStore, prefix: str) -> Reasons:
    """What is known of an alert or an event. Raises ConfigError where no id, or more than one, starts so."""
    alert = find(store, prefix)
    if alert:
        ids = alert.events
        decisions = store.read(Decisions(alerts=(alert.id,), limit=_MOST))
        alerts = [alert]
    else:
        ids = (_event(store, prefix),)
        decisions = store.read(Decisions(events=ids, limit=_MOST))
        alerts = store.read(Alerts(where=AlertFilter(events=ids), limit=_MOST))
    return Reasons(
        alerts=tuple(alerts),
        events=tuple(store.read(Events(where=Filter(ids=ids, retracted=True), limit=_MOST))),
        decisions=tuple(decisions),
        deliveries=_told(store, alerts),
        incident=_incident(store, alerts),
    )


def _event(store: GraphStore, prefix: str) -> str:
    from app.clip import find as find_event

    try:
        return find_event(store, prefix).id
    except ConfigError as error:
        raise ConfigError(f"no alert has the id {prefix!r}, and {error}") from error


def _incident(store: GraphStore, alerts: Sequence[Alert]) -> tuple[str, ...]:
    """The ids of the alerts of their incidents, by time."""
    where = AlertFilter(incidents=tuple(alert.incident for alert in alerts))
    return tuple(one.id for one in store.read(Alerts(where=where, limit=_MOST))) if alerts else ()


def _told(store: GraphStore, alerts: Sequence[Alert]) -> tuple[Told, ...]:
    if not alerts:
        return ()
    where = DeliveryFilter(alerts=tuple(alert.id for alert in alerts))
    found = store.read(Deliveries(where=where, limit=_MOST))
    attempts: dict[str, list[Attempt]] = {}
    for attempt in store.read(Attempts(deliveries=tuple(one.id for one in found))):
        attempts.setdefault(attempt.delivery, []).append(attempt)
    return tuple(_of(one, attempts.get(one.id, [])) for one in found)


def _of(delivery: Delivery, attempts: Sequence[Attempt]) -> Told:
    from vidette.codec import instant

    waits = delivery.status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
    return Told(
        id=delivery.id,
        sink=delivery.sink,
        sequence=delivery.message.sequence,
        change=delivery.message.change,
        status=delivery.status,
        tries=delivery.tries,
        next_at=instant(delivery.next_at) if waits else None,
        attempts=tuple(attempts),
    )


def say(found: Reasons, tz: tzinfo | None) -> None:
    """Print it for people."""
    for text in _lines(found, tz):
        click.echo(plain(text))


def _lines(found: Reasons, tz: tzinfo | None) -> Iterator[str]:
    for alert in found.alerts:
        trial = ", on trial" if alert.shadow else ""
        yield f"alert {alert.id}: {alert.severity.upper()}, {alert.state}, rule {alert.rule}{trial}"
        yield f"  {alert.text}"
        yield f"  raised {clock(alert.raised_at, tz)}, because {'; '.join(alert.why)}"
        yield f"  incident {short(alert.incident)}: {_others(found.incident, alert)}"
    for event in found.events:
        yield f"event {event.id}: {event.type} at {clock(event.start, tz)} on {event.stream}: {event.caption}"
    yield many(len(found.decisions), "decision") if found.decisions else "no rule decided about it"
    for decision in found.decisions:
        what = decision.verdict.replace("_", " ")
        yield f"  {clock(decision.at, tz)} {decision.rule}: {what}, event {short(decision.event)}: {'; '.join(decision.why)}"
    if found.alerts:
        yield many(len(found.deliveries), "delivery", "deliveries") if found.deliveries else "nobody was told"
    for told in found.deliveries:
        due = f", next {told.next_at}" if told.next_at else ""
        yield f"  to {told.sink}: {told.change}, {told.status}{due} ({told.id})"
        for attempt in told.attempts:
            yield f"    {_attempt(attempt, tz)}"


def _others(incident: Sequence[str], alert: Alert) -> str:
    """The other alerts of its incident."""
    others = [short(one) for one in incident if one != alert.id]
    return f"with alert {', '.join(others[:8])}{' …' if len(others) > 8 else ''}" if others else "it alone"


def _attempt(attempt: Attempt, tz: tzinfo | None) -> str:
    said = attempt.error or f"{attempt.status}{f' (code {attempt.code})' if attempt.code is not None else ''}"
    return f"try {attempt.number} at {clock(attempt.at, tz)}, {attempt.took_s:.2f} s: {said}"


def find(store: GraphStore, prefix: str) -> Alert | None:
    """The alert whose id starts so, None where there is none. Raises ConfigError where there are several."""
    exact = store.read(Alerts(where=AlertFilter(ids=(prefix,))))
    if exact:
        return exact[0]
    if len(prefix) < SHORTEST:
        raise ConfigError(f"{prefix!r} is too short for an id; give {SHORTEST} characters or more")
    rows = [row for row in store.read(Alerts(limit=_ALL, newest=True)) if row.id.startswith(prefix.lower())]
    if len(rows) > 1:
        raise ConfigError(f"{len(rows)} alerts have ids that start with {prefix!r}; give more of it")
    return rows[0] if rows else None


def named(store: GraphStore, prefix: str) -> Alert:
    """The alert whose id starts so. Raises ConfigError where there is none, or more than one."""
    found = find(store, prefix)
    if found is None:
        raise ConfigError(f"no alert has the id {prefix!r}; `vidette alerts` lists them")
    return found
