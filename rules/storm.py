"""Storms: a sink is told of so many new alerts in a window of event time, and of how many more there were."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from rules import sentence
from rules.docket import Docket
from rules.policy import RANK, Policy
from vidette.alerts import Alert, AlertState, Change, Held, Severity, Storm, Verdict
from vidette.handling import DueStorms, StormOf
from vidette.ids import make_id

RULE = "vidette.storm"
"""The rule of summaries: no rule of the settings has such a name."""
_GRACE_S = 5.0
_LISTED = 20


def admits(docket: Docket, policy: Policy, sink: str, alert: Alert) -> bool:
    """Count a new alert in the sink's window; -> whether the sink is told of it, and not held back."""
    if not policy.bounded(sink, alert):
        return True
    storm = _storm(docket, policy, sink, alert.at)
    admitted = storm.sent < policy.most
    docket.storms[sink, storm.start] = (
        replace(storm, sent=storm.sent + 1)
        if admitted
        else replace(storm, held=_with(storm.held, alert), severity=_worse(storm, alert))
    )
    return admitted


def _storm(docket: Docket, policy: Policy, sink: str, at: datetime) -> Storm:
    """The window as it is so far; due when it is over, or, where that was before, when nothing was heard for as long."""
    start = policy.window(at)
    due_at = max(start + timedelta(seconds=policy.window_s + _GRACE_S), docket.now + timedelta(seconds=policy.window_s))
    if start <= docket.now < start + timedelta(seconds=policy.window_s):
        due_at = start + timedelta(seconds=policy.window_s + _GRACE_S)
    known = docket.storms.get((sink, start)) or docket.read(StormOf(sink=sink, start=start))
    return replace(known, due_at=due_at) if known else Storm(sink=sink, start=start, due_at=due_at)


def _with(held: tuple[Held, ...], alert: Alert) -> tuple[Held, ...]:
    counts = {(one.rule, one.stream): one.count for one in held}
    key = (alert.rule, alert.streams[0] if alert.streams else "")
    counts[key] = counts.get(key, 0) + 1
    return tuple(Held(rule=rule, stream=stream, count=count) for (rule, stream), count in sorted(counts.items()))


def _worse(storm: Storm, alert: Alert) -> Severity:
    return max(storm.severity, alert.severity, key=RANK.__getitem__)


def sum_up(docket: Docket, policy: Policy, *, ending: bool = False) -> None:
    """Tell of what was held back in windows that are over; `ending`: in all of them."""
    sinks = tuple(sink.id for sink in policy.sinks)
    for storm in docket.read(DueStorms(now=docket.now, sinks=sinks, ending=ending)) if policy.most else ():
        if storm.held:
            summary = _summary(storm, policy, docket.now)
            docket.alerts[summary.id] = summary
            docket.of_alert(summary, Verdict.RAISED, summary.why)
            docket.deliver(summary, [storm.sink])
        docket.storms[storm.sink, storm.start] = _after(storm, policy, docket.now)


def _after(storm: Storm, policy: Policy, now: datetime) -> Storm:
    """What is kept of a window: that it is full, for as long as late alerts may come."""
    if not storm.held:
        return replace(storm, over=True)
    due_at = now + timedelta(seconds=policy.window_s)
    return replace(storm, held=(), severity=Severity.LOW, summaries=storm.summaries + 1, due_at=due_at)


def _summary(storm: Storm, policy: Policy, now: datetime) -> Alert:
    end = storm.start + timedelta(seconds=policy.window_s)
    key = make_id("summary", storm.sink, storm.start.isoformat(), storm.summaries)
    count = sum(one.count for one in storm.held)
    more = f"{count} more alert{'s' if count > 1 else ''}"
    when = f"from {sentence.clock(storm.start, policy.tz)} to {sentence.clock(end, policy.tz)}"
    return Alert(
        id=key,
        rule=RULE,
        rule_version="",
        severity=storm.severity,
        state=AlertState.RESOLVED,
        change=Change.RAISED,
        sequence=1,
        streams=("system",),
        at=storm.start,
        raised_at=now,
        incident=make_id("incident", key),
        events=(),
        text=f"{more} {when}, kept and not sent: {_most(storm.held)}",
        why=(f"{storm.sink} is told of {policy.most} in {sentence.duration(policy.window_s)}", *_counts(storm.held)),
    )


def _most(held: Iterable[Held]) -> str:
    by_count = sorted(held, key=lambda one: (-one.count, one.rule, one.stream))
    listed = ", ".join(_said(one) for one in by_count[:_LISTED])
    return listed + (f" and {len(by_count) - _LISTED} other kinds" if len(by_count) > _LISTED else "")


def _counts(held: Iterable[Held]) -> tuple[str, ...]:
    return tuple(_said(one) for one in held)[:1000]


def _said(one: Held) -> str:
    return f"{one.count} of {one.rule} on {sentence.quoted_name(one.stream)}"
