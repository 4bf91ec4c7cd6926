"""Alerts that nobody acknowledges: told louder once, and again for as long as they are open (wall clock)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from rules import quiet, sentence
from rules.docket import Docket
from rules.policy import Policy
from rules.rule import Rule
from vidette.alerts import Alert, AlertState, Change, Severity, Timer, TimerKind, Verdict
from vidette.handling import DueTimers

HOLD_S = 60.0
"""What speaks against telling now is asked again after this time."""
_NOT: dict[TimerKind, Verdict] = {"escalate": Verdict.NOT_ESCALATED, "repeat": Verdict.NOT_REPEATED}
_ORDER = list(Severity)


def remind(docket: Docket, policy: Policy, rules: Mapping[str, Rule]) -> None:
    """Put what is due by now to these rules; alerts of other rules are left to those who know them."""
    asked = tuple(rule.id for rule in rules.values() if rule.escalate_s or rule.repeat_s)
    for timer in docket.read(DueTimers(now=docket.now, rules=asked)) if asked else ():
        alert = docket.alert(timer.alert)
        if alert is None or not _waits(alert, rules[timer.rule], timer.kind):
            docket.forget(timer)
        else:
            _due(docket, policy, rules[timer.rule], alert, timer)


def _waits(alert: Alert, rule: Rule, kind: TimerKind) -> bool:
    """Whether nobody has acknowledged it, and the rule as it is now asks for it."""
    asked = rule.escalate_s if kind == "escalate" else rule.repeat_s
    return alert.state is AlertState.OPEN and bool(asked) and not (kind == "escalate" and alert.escalated_at)


def _due(docket: Docket, policy: Policy, rule: Rule, alert: Alert, timer: Timer) -> None:
    told = docket.told(alert.id)
    newer = _louder(alert, rule, docket) if timer.kind == "escalate" else _again(alert)
    sinks = [sink.id for sink in policy.sinks if sink.id in (told | rule.escalate_to if _loud(newer) else told)]
    why = {sink: quiet.hours(docket, policy, sink, newer) for sink in sinks}
    silence = quiet.silenced(docket, policy, newer)
    free = [sink for sink, said in why.items() if not said]
    if silence or not free:
        reasons = (
            (silence,) if silence else tuple(f"{sink}: {said}" for sink, said in why.items()) or ("no sink is set",)
        )
        docket.of_alert(alert, _NOT[timer.kind], reasons)
        docket.remind(alert, timer.kind, docket.now + timedelta(seconds=HOLD_S))
        return
    docket.alerts[alert.id] = newer
    docket.deliver(newer, free)
    _decided(docket, newer, rule, timer.kind, free)


def _decided(docket: Docket, alert: Alert, rule: Rule, kind: TimerKind, sinks: list[str]) -> None:
    to = f"told {', '.join(sinks)}"
    if kind == "escalate":
        docket.of_alert(alert, Verdict.ESCALATED, (alert.why[-1], f"{alert.severity} now", to))
        docket.remind(alert, kind, None)
    else:
        docket.of_alert(alert, Verdict.REPEATED, (f"still open after {_age(alert, docket)}", to))
        docket.remind(alert, kind, docket.now + timedelta(seconds=rule.repeat_s))


def _louder(alert: Alert, rule: Rule, docket: Docket) -> Alert:
    """One step more severe, said to be so because nobody acknowledged it."""
    return replace(
        alert,
        severity=_ORDER[min(_ORDER.index(alert.severity) + 1, len(_ORDER) - 1)],
        change=Change.ESCALATED,
        sequence=alert.sequence + 1,
        escalated_at=docket.now,
        why=(*alert.why, f"nobody acknowledged it for {sentence.duration(rule.escalate_s)}"),
    )


def _again(alert: Alert) -> Alert:
    return replace(alert, change=Change.REPEATED, sequence=alert.sequence + 1)


def _loud(alert: Alert) -> bool:
    return alert.change is Change.ESCALATED


def _age(alert: Alert, docket: Docket) -> str:
    return sentence.duration((docket.now - alert.raised_at).total_seconds())
