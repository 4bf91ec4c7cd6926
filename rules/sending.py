"""Whether an alert is told, and why not: the one door between what rules found and the sinks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from rules import quiet, sentence
from rules.hearing import Hearing
from rules.incident import Grouping, Joined
from rules.place import subject_of
from rules.policy import Policy
from rules.rule import Rule
from rules.sight import inhibited
from rules.storm import admits
from vidette.alerts import Alert, TimerKind, Verdict
from vidette.ids import make_id
from vidette.rows import EventRow

_ON_TRIAL = "the rule is on trial (`shadow`)"


class Sending:
    """Of one case: alerts that are new ask for attention, which much may speak against; what follows follows."""

    def __init__(self, hearing: Hearing, policy: Policy) -> None:
        self._hearing, self._policy = hearing, policy
        self._grouping = Grouping(hearing, policy)

    def raised(
        self, alert: Alert, rule: Rule, events: Sequence[EventRow], *, about: str, at_s: float, last_s: float | None
    ) -> bool:
        """Complete a new alert of these events, and tell of it or keep why nobody is told; -> whether anybody is.

        `about` is what decisions are kept under: an event, or what came true without one. `at_s` is when it came true,
        `last_s` when the last one that was sent did, both on one clock of event time. Of a rule on trial nobody is
        told, and True means that somebody would have been.
        """
        alert = self._completed(alert, rule, events, about)
        why = next(filter(None, self._against(alert, rule, events, at_s, last_s)), "")
        if not (why or rule.shadow):
            return self._tell(alert, rule, about)
        self._hearing.decide(rule, about, Verdict.NOT_SENT, alert.at, (why or _ON_TRIAL,), alert.id)
        return not why

    def follow(self, alert: Alert) -> bool:
        """Tell those who were told of an alert how it goes on; -> whether anybody is."""
        return self._hearing.deliver(alert, self._policy.following(alert, self._hearing.told(alert.id)))

    def too_old(self, alert: Alert) -> bool:
        """Whether a live stream's alert is older than what is sent of one."""
        return self._hearing.case.stream.kind == "live" and self._age_s(alert) > self._policy.max_age_s

    def _age_s(self, alert: Alert) -> float:
        return (self._hearing.now - alert.at).total_seconds()

    def _completed(self, alert: Alert, rule: Rule, events: Sequence[EventRow], about: str) -> Alert:
        """With its place, what it is of, and its incident."""
        if not self._policy.life:
            alert = replace(alert, incident=make_id("incident", alert.subject or alert.id), shadow=rule.shadow or None)
            self._hearing.alerts[alert.id] = alert
            return alert
        alert = replace(
            alert,
            zones=tuple(sorted({zone for event in events for zone in self._hearing.places.zones(event)})) or None,
            labels=tuple(sorted({one.label for event in events for one in event.entities})) or None,
            shadow=rule.shadow or None,
        )
        joined = self._grouping.join(alert) if not rule.shadow else Joined(make_id("incident", alert.id))
        alert = replace(alert, incident=joined.incident)
        self._hearing.alerts[alert.id] = alert
        if joined.why:
            self._hearing.decide(rule, about, Verdict.GROUPED, alert.at, (f"{joined.why}: one incident",), alert.id)
        return alert

    def _against(
        self, alert: Alert, rule: Rule, events: Sequence[EventRow], at_s: float, last_s: float | None
    ) -> Iterator[str]:
        """What speaks against telling anybody; the first that is not empty counts."""
        yield self._late(alert)
        yield _soon(rule, at_s, last_s)
        if self._policy.life:
            yield inhibited(self._hearing, self._policy, alert, events)
            yield self._known(events)
            yield quiet.silenced(self._hearing, self._policy, alert)
        if not rule.shadow:
            yield self._deaf(alert, rule)

    def _late(self, alert: Alert) -> str:
        if not self.too_old(alert):
            return ""
        age, most = sentence.duration(self._age_s(alert)), sentence.duration(self._policy.max_age_s)
        return f"{age} old, at most {most} is sent of a live stream"

    def _known(self, events: Sequence[EventRow]) -> str:
        subjects = (one for event in events for one in event.entities if one.id == subject_of(event))
        found = next(filter(None, (self._policy.knows(one.attributes) for one in subjects)), "")
        return f"it is about something known: {sentence.plain(found, 200)}" if found else ""

    def _deaf(self, alert: Alert, rule: Rule) -> str:
        if not self._policy.sinks:
            return "no sink is set"
        if self._policy.listening(alert, rule.sinks):
            return ""
        return f"no sink of the rule takes severity {alert.severity}"

    def _tell(self, alert: Alert, rule: Rule, about: str) -> bool:
        """Each sink that listens, but those that are not to be disturbed."""
        why = {sink: self._spared(sink, alert) for sink in self._policy.listening(alert, rule.sinks)}
        spared = tuple(f"{sink}: {said}" for sink, said in why.items() if said)
        if spared:
            self._hearing.decide(rule, about, Verdict.NOT_SENT, alert.at, spared, alert.id)
        if not self._hearing.deliver(alert, [sink for sink, said in why.items() if not said]):
            return False
        now = self._hearing.now
        waits: tuple[tuple[TimerKind, float], ...] = (("escalate", rule.escalate_s), ("repeat", rule.repeat_s))
        for kind, wait_s in waits:
            if wait_s:
                self._hearing.remind(alert, kind, now + timedelta(seconds=wait_s))
        return True

    def _spared(self, sink: str, alert: Alert) -> str:
        """Why this sink is not told; empty where it is."""
        said = quiet.hours(self._hearing, self._policy, sink, alert)
        if said or admits(self._hearing, self._policy, sink, alert):
            return said
        return f"it was told of {self._policy.most} in {sentence.duration(self._policy.window_s)} already (storm)"


def _soon(rule: Rule, at_s: float, last_s: float | None) -> str:
    since_s = rule.cooldown_s if last_s is None else abs(at_s - last_s)
    if since_s >= rule.cooldown_s:
        return ""
    since, asked = sentence.duration(since_s), sentence.duration(rule.cooldown_s)
    return f"the last alert was sent {since} before, the rule asks for {asked} between two"
