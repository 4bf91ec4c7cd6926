"""Questions about alerts, their deliveries, and what rules decided and remember."""

from dataclasses import dataclass, field
from datetime import datetime

from vidette.alerts import (
    Alert,
    AlertFilter,
    AlertState,
    Attempt,
    Decision,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    RuleState,
    Severity,
    SinkState,
    SinkTrouble,
)
from vidette.queries import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts(Query[list[Alert]]):
    """Alerts as they are now, by `at`; `newest`: the last `limit` of them, newest first."""

    where: AlertFilter = field(default_factory=AlertFilter)
    limit: int = 100
    newest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaHeld(Query[dict[str, datetime]]):
    """Which of these pictures and clips (SHA-256; none given: all) are evidence of an alert; when the newest was raised."""

    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries(Query[list[Delivery]]):
    """Deliveries by when their message was raised, then sink and sequence."""

    where: DeliveryFilter = field(default_factory=DeliveryFilter)
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts(Query[dict[tuple[Severity, AlertState], int]]):
    """How many alerts there are, by severity and state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCounts(Query[dict[tuple[str, DeliveryStatus], int]]):
    """How many deliveries there are, by sink and status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts(Query[list[Attempt]]):
    """Every try of these deliveries, oldest first."""

    deliveries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions(Query[list[Decision]]):
    """What rules decided about these events (or alerts, or of these rules), by time."""

    events: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStates(Query[list[RuleState]]):
    """What rules remember of a stream."""

    stream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStates(Query[list[SinkState]]):
    """Sinks that are disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkTroubles(Query[list[SinkTrouble]]):
    """Sinks whose last try failed, by name."""
