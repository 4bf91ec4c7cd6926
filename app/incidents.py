"""`vidette alerts --by incident`: alerts that belong together, as one row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from vidette.alerts import Alert, AlertState, Severity

_ORDER = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """Alerts that belong together, by time; the sentence is that of the most severe one, the first of these."""

    incident: str
    start: datetime
    end: datetime
    severity: Severity
    state: AlertState
    text: str
    streams: tuple[str, ...]
    rules: tuple[str, ...]
    alerts: tuple[str, ...]


def incidents(alerts: Iterable[Alert]) -> list[IncidentRow]:
    """The incidents of these alerts, the one that began last first."""
    found: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda one: (one.at, one.id)):
        found.setdefault(alert.incident, []).append(alert)
    rows = [_row(key, members) for key, members in found.items()]
    return sorted(rows, key=lambda row: (row.start, row.incident), reverse=True)


def _row(key: str, members: list[Alert]) -> IncidentRow:
    worst = max(members, key=lambda one: _ORDER.index(one.severity))
    return IncidentRow(
        incident=key,
        start=members[0].at,
        end=members[-1].at,
        severity=worst.severity,
        state=_state([one.state for one in members]),
        text=worst.text,
        streams=tuple(dict.fromkeys(stream for one in members for stream in one.streams)),
        rules=tuple(dict.fromkeys(one.rule for one in members)),
        alerts=tuple(one.id for one in members),
    )


def _state(states: list[AlertState]) -> AlertState:
    """Open while one of them is; else the first of acknowledged, resolved, dismissed that one is in."""
    return next(state for state in AlertState if state in states)


def table(rows: Sequence[IncidentRow], tz: tzinfo | None) -> None:
    """Print them."""
    from app.tables import date_and_time, many, short, show

    columns = ("=date", "clock", ">for", "severity", "state", ">alerts", "*what", "*rules", "*=streams", "id")
    cells = (
        (
            *date_and_time(row.start, tz),
            _lasted(row),
            row.severity.upper(),
            str(row.state),
            str(len(row.alerts)),
            row.text,
            ", ".join(row.rules),
            ", ".join(row.streams),
            short(row.incident),
        )
        for row in rows
    )
    show(many(len(rows), "incident"), columns, cells, "no alerts here; `vidette rules list` says what would raise one")


def _lasted(row: IncidentRow) -> str:
    from rules.sentence import duration

    seconds = (row.end - row.start).total_seconds()
    return duration(seconds) if seconds else ""
