"""What follows from what is judged, so far: nothing of it is written before all of it is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from vidette.alerting import Alerts, Deliveries
from vidette.alerts import (
    Alert,
    AlertFilter,
    Decision,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    Judgement,
    RuleState,
    Silence,
    Storm,
    Timer,
    TimerKind,
    Verdict,
)
from vidette.handling import Silences
from vidette.ports import Reader
from vidette.queries import Events, Filter
from vidette.rows import EventRow

_MANY = 100_000


class Docket:
    """Alerts, messages and reasons to come, over what is stored; `now` is the wall clock, read once."""

    def __init__(self, read: Reader, now: datetime) -> None:
        self.read = read
        self.now = now
        self.alerts: dict[str, Alert] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.decisions: dict[tuple[str, str, Verdict], Decision] = {}
        self._timers: dict[tuple[str, TimerKind], Timer] = {}
        self.storms: dict[tuple[str, datetime], Storm] = {}
        self._told: dict[str, set[str]] = {}

    @cached_property
    def silences(self) -> list[Silence]:
        """Those that hold now."""
        return self.read(Silences(at=self.now))

    def alert(self, alert_id: str) -> Alert | None:
        """An alert as it is now, what follows so far included."""
        if alert_id in self.alerts:
            return self.alerts[alert_id]
        return next(iter(self.read(Alerts(where=AlertFilter(ids=(alert_id,)), limit=1))), None)

    def stored(self, where: AlertFilter, limit: int) -> list[Alert]:
        """Stored alerts, newest first, as they are now."""
        return [self.alerts.get(one.id, one) for one in self.read(Alerts(where=where, limit=limit, newest=True))]

    def events(self, ids: Iterable[str]) -> list[EventRow]:
        """Events as they are now, those taken back included."""
        asked = tuple(ids)
        return self.read(Events(where=Filter(ids=asked, retracted=True), limit=len(asked))) if asked else []

    def told(self, alert_id: str) -> frozenset[str]:
        """The sinks that were told of an alert."""
        stored = self.read(Deliveries(where=DeliveryFilter(alerts=(alert_id,)), limit=_MANY))
        return frozenset(one.sink for one in stored) | self._told.get(alert_id, set())

    def was_sent(self, alert_id: str) -> bool:
        """Whether any sink was told of a stored alert."""
        return bool(self.read(Deliveries(where=DeliveryFilter(alerts=(alert_id,)), limit=1)))

    def deliver(self, alert: Alert, sinks: Iterable[str]) -> bool:
        """One message, as the alert is now, to each of these sinks, due at once; -> whether there are any."""
        listed = list(sinks)
        self._told.setdefault(alert.id, set()).update(listed)
        for sink in listed:
            key = f"{alert.id}_{alert.sequence}_{sink}"
            self.deliveries[key] = Delivery(
                id=key, sink=sink, message=alert, status=DeliveryStatus.PENDING, next_at=self.now
            )
        return bool(listed)

    def keep(self, decision: Decision) -> None:
        """Keep a decision; the last of a (rule, event, verdict) stands."""
        self.decisions[decision.rule, decision.event, decision.verdict] = decision

    def of_alert(self, alert: Alert, verdict: Verdict, why: tuple[str, ...]) -> None:
        """Keep what time or a person decided about an alert, now."""
        self.keep(
            Decision(
                rule=alert.rule,
                stream=alert.streams[0] if alert.streams else "",
                event=alert.events[0] if alert.events else alert.id,
                verdict=verdict,
                at=self.now,
                why=why,
                alert=alert.id,
            )
        )

    def remind(self, alert: Alert, kind: TimerKind, due_at: datetime | None) -> None:
        """Think of the alert again at that time; never, without one."""
        self._timers[alert.id, kind] = Timer(alert=alert.id, rule=alert.rule, kind=kind, due_at=due_at)

    def forget(self, timer: Timer) -> None:
        """It is over."""
        self._timers[timer.alert, timer.kind] = replace(timer, due_at=None)

    def judgement(self, states: Sequence[RuleState] = ()) -> Judgement:
        """All of it; messages name the incident as it came to be."""
        return Judgement(
            states=tuple(states),
            alerts=tuple(self.alerts.values()),
            deliveries=tuple(self._grouped(one) for one in self.deliveries.values()),
            decisions=tuple(self.decisions.values()),
            timers=tuple(self._timers.values()),
            storms=tuple(self.storms.values()),
        )

    def _grouped(self, delivery: Delivery) -> Delivery:
        message = delivery.message
        now = self.alerts.get(message.id, message)
        if now.incident == message.incident:
            return delivery
        return replace(delivery, message=replace(message, incident=now.incident))
