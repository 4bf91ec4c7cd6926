"""`vidette coverage --cost`: what deep looks cost by stream and hour, and what the gate missed."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Literal

import click

from app.tables import console, date_and_time, many, media, show
from vidette.text import plain

if TYPE_CHECKING:
    from vidette.looks import Cost, GateAudit
    from vidette.queries import Filter

_SEGMENTS = ("examined", "failed", "dropped", "gated", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A stream's gate, as its audits tell: `recall` is the share of what there is that it lets through.

    `missed_low`, `missed_high`: 95 % interval of the share of quiet segments in which there is something.
    """

    stream: str
    passed: int
    gated: int
    audited: int
    missed: int
    missed_low: float
    missed_high: float
    recall: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None
    row: Literal["gate"] = "gate"


def audit_row(audit: "GateAudit") -> AuditRow:
    """An audit with the shares that follow from it."""
    low, high = audit.miss_rate
    recall = audit.recall or (None, None, None)
    return AuditRow(
        stream=audit.stream,
        passed=audit.passed,
        gated=audit.gated,
        audited=audit.audited,
        missed=audit.missed,
        missed_low=low,
        missed_high=high,
        recall=recall[0],
        recall_low=recall[1],
        recall_high=recall[2],
    )


def show_costs(memory: Any, where: "Filter", *, as_json: bool) -> None:
    """What deep looks cost, by stream and hour, then what audits say of each stream's gate."""
    from app.options import zone
    from vidette.codec import line, row
    from vidette.looks import Costs, GateAudits

    costs, audits = memory.store.read(Costs(where=where)), memory.store.read(GateAudits(where=where))
    if as_json:
        for cost in costs:
            click.echo(line({**row(cost), "row": "hour"}))
        for audit in audits:
            click.echo(line(audit_row(audit)))
        return
    _table(costs, zone(memory.settings))
    for audit in audits:
        if said := audit_line(audit):
            console().print(plain(said), soft_wrap=True)


def _table(costs: "list[Cost]", tz: tzinfo | None) -> None:
    columns = ("*=stream", "=date", "from", ">media", *(f">{name}" for name in _SEGMENTS))
    spent = (">calls", ">tokens in", ">out", ">waited", ">model", ">refused")
    show("deep looks by the hour", (*columns, *spent), (_cells(one, tz) for one in costs), "no segments here")


def _cells(cost: "Cost", tz: tzinfo | None) -> tuple[str, ...]:
    counts = (_count(getattr(cost, name)) for name in _SEGMENTS)
    spent = (
        _count(cost.calls),
        _count(cost.prompt_tokens),
        _count(cost.completion_tokens),
        _seconds(cost.wall_s),
        _seconds(cost.gpu_s),
        _count(cost.refused),
    )
    return (cost.stream, *date_and_time(cost.start, tz), media(cost.start_s), *counts, *spent)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds else ""


def audit_line(audit: "GateAudit") -> str:
    """What the audit tells, as a sentence; empty where nothing was audited."""
    if not audit.audited:
        return ""
    low, high = audit.miss_rate
    said = f"{audit.stream}: of {many(audit.gated, 'segment')} that the gate left out {audit.audited} were looked at, "
    said += f"{audit.missed} held something ({low:.1%} to {high:.1%} of all, at 95 %)"
    recall = audit.recall
    if recall is None:
        return said
    return f"{said}; it lets through {recall[0]:.0%} of what there is ({recall[1]:.0%} to {recall[2]:.0%})"
