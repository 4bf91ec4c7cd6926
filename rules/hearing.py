"""One case while it is judged: what is read of memory, and what follows so far."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rules.place import Places
from rules.rule import Rule
from vidette.alerts import (
    Alert,
    AlertFilter,
    Case,
    Change,
    Decision,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    Severity,
    Verdict,
)
from vidette.models import EventRow
from vidette.ports import Reader
from vidette.queries import Alerts, Deliveries, Events, Filter
from vidette.rule_settings import SinkSettings

_REASONS = 10_000  # sentences about what was not raised, of one case: a whole stream judged anew may have millions
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Hearing:
    """What all rules share while they judge a case; `now` is the wall clock, read once."""

    def __init__(self, case: Case, read: Reader, sinks: Sequence[SinkSettings], now: datetime) -> None:
        self.case = case
        self.read = read
        self.now = now
        self.places = Places(case.stream, read)
        self.alerts: dict[str, Alert] = {}
        self.deliveries: dict[str, Delivery] = {}
        self.decisions: dict[tuple[str, str, Verdict], Decision] = {}
        self._sinks = sinks

    def alert(self, alert_id: str) -> Alert | None:
        """An alert as it is now, changes of this case included."""
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

    def was_sent(self, alert_id: str) -> bool:
        """Whether any sink was told of a stored alert."""
        return bool(self.read(Deliveries(where=DeliveryFilter(alerts=(alert_id,)), limit=1)))

    def tell(self, alert: Alert, rule: Rule) -> bool:
        """One delivery to each sink that listens; -> whether any does."""
        listening = [sink for sink in self._sinks if _listens(sink, alert, rule)]
        for sink in listening:
            key = f"{alert.id}_{alert.sequence}_{sink.id}"
            self.deliveries[key] = Delivery(
                id=key, sink=sink.id, message=alert, status=DeliveryStatus.PENDING, next_at=self.now
            )
        return bool(listening)

    def deaf(self, alert: Alert, rule: Rule) -> str:
        """Why no sink listens to an alert; empty where one does."""
        if not self._sinks:
            return "no sink is set"
        if any(_listens(sink, alert, rule) for sink in self._sinks):
            return ""
        return f"no sink of the rule takes severity {alert.severity}"

    @property
    def told_enough(self) -> bool:
        """Whether no more is to be said about what was not raised."""
        return len(self.decisions) >= _REASONS

    def decide(
        self, rule: Rule, event: str, verdict: Verdict, at: datetime, why: tuple[str, ...], alert: str | None = None
    ) -> None:
        """Keep a decision; the last of a (rule, event, verdict) stands."""
        self.decisions[rule.id, event, verdict] = Decision(
            rule=rule.id, stream=self.case.stream.name, event=event, verdict=verdict, at=at, why=why, alert=alert
        )


def _listens(sink: SinkSettings, alert: Alert, rule: Rule) -> bool:
    named = not rule.sinks or sink.id in rule.sinks
    unwanted = {Change.RESOLVED: not sink.resolved, Change.DESCRIBED: not sink.described}
    return named and not unwanted.get(alert.change) and _RANK[alert.severity] >= _RANK[sink.min_severity]
