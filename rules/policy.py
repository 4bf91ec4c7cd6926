"""What holds for telling of every alert, whatever the rule: sinks, quiet hours, bounds, what is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from rules.active import Active, active_of
from vidette.alerts import Alert, Change, Severity
from vidette.models import Attributes
from vidette.rule_settings import AlertSettings, SinkSettings
from vidette.settings import StreamSettings

RANK = {severity: rank for rank, severity in enumerate(Severity)}
"""How severe, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours in which these sinks (none: all) are not told of what is less severe."""

    active: Active
    below: Severity
    sinks: frozenset[str]

    def holds(self, sink: str, severity: Severity, at: datetime) -> bool:
        """Whether the sink is not to be told of that severity at this instant."""
        named = not self.sinks or sink in self.sinks
        return named and RANK[severity] < RANK[self.below] and self.active.holds(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Made of settings. Without `life` there are only sinks, ages and cooldowns: nothing else is read or kept.

    `near` are the streams beside each, both ways; `most` new alerts are told to a sink in `window_s` (0: any number);
    `unbounded` are sinks that disturb nobody and are told everything. `tz` is the clock of what is said.
    """

    sinks: tuple[SinkSettings, ...] = ()
    max_age_s: float = 3600.0
    life: bool = False
    quiet: tuple[Quiet, ...] = ()
    most: int = 0
    window_s: float = 600.0
    unbounded: frozenset[str] = frozenset()
    known: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    near: Mapping[str, frozenset[str]] = field(default_factory=dict)
    incident_s: float = 300.0
    tz: tzinfo = UTC

    def listening(self, alert: Alert, named: Iterable[str]) -> list[str]:
        """The sinks that a new alert of a rule which names these (none: all) is for."""
        asked = frozenset(named)
        return [
            sink.id
            for sink in self.sinks
            if (not asked or sink.id in asked) and RANK[alert.severity] >= RANK[sink.min_severity]
        ]

    def following(self, alert: Alert, told: Iterable[str]) -> list[str]:
        """Of the sinks that were told of an alert, those that want to be told of its newest change."""
        before = frozenset(told)
        return [sink.id for sink in self.sinks if sink.id in before and _wanted(sink, alert.change)]

    def bounded(self, sink: str, alert: Alert) -> bool:
        """Whether a new alert counts in the storm of a sink."""
        return self.most > 0 and alert.severity is not Severity.CRITICAL and sink not in self.unbounded

    def window(self, at: datetime) -> datetime:
        """The begin of the window that an instant of event time is in."""
        width = timedelta(seconds=self.window_s)
        epoch = datetime(1970, 1, 1, tzinfo=at.tzinfo)
        return epoch + (at - epoch) // width * width

    def knows(self, attributes: Attributes) -> str:
        """What makes a thing a known one, in words; empty where it is none."""
        for asked in self.known:
            if all(str(attributes.get(key, "")).casefold() in (one.casefold() for one in asked[key]) for key in asked):
                return " and ".join(f"{key} {attributes[key]}" for key in asked)
        return ""

    def beside(self, streams: Iterable[str]) -> tuple[str, ...]:
        """Streams near these, without them."""
        own = frozenset(streams)
        return tuple(sorted(frozenset[str]().union(*(self.near.get(one, ()) for one in own)) - own))


def _wanted(sink: SinkSettings, change: Change) -> bool:
    return {Change.RESOLVED: sink.resolved, Change.DESCRIBED: sink.described}.get(change, True)


def policy_of(
    sinks: Sequence[SinkSettings],
    *,
    max_age_s: float,
    tz: tzinfo,
    alerts: AlertSettings | None = None,
    near: Mapping[str, frozenset[str]] | None = None,
) -> Policy:
    """The policy that the settings say; `tz` where quiet hours name none."""
    if alerts is None:
        return Policy(sinks=tuple(sinks), max_age_s=max_age_s, tz=tz)
    quiet = ((said, active_of(said.active, tz)) for said in alerts.quiet)
    return Policy(
        sinks=tuple(sinks),
        max_age_s=max_age_s,
        life=True,
        quiet=tuple(
            Quiet(active=hours, below=said.below, sinks=frozenset(said.sinks)) for said, hours in quiet if hours
        ),
        most=alerts.storm.most,
        window_s=alerts.storm.window_s,
        unbounded=frozenset(sink.id for sink in sinks if sink.kind == "jsonl"),
        known=tuple(alerts.known),
        near=near or {},
        incident_s=alerts.incident_s,
        tz=tz,
    )


def near_of(streams: Iterable[StreamSettings]) -> dict[str, frozenset[str]]:
    """The streams beside each, both ways whichever of two says it."""
    out: dict[str, set[str]] = {}
    for one in streams:
        for other in one.near:
            out.setdefault(one.name, set()).add(other)
            out.setdefault(other, set()).add(one.name)
    return {name: frozenset(others - {name}) for name, others in out.items()}
