"""Whether an alert is told, and why not: the one door between what rules found and the sinks."""

from rules import sentence
from rules.hearing import Hearing
from rules.rule import Rule
from vidette.alerts import Alert, Verdict
from vidette.models import EventRow


class Sending:
    """Of one case: alerts that are new ask for attention, which much may speak against; what follows follows."""

    def __init__(self, hearing: Hearing, max_age_s: float) -> None:
        self._hearing = hearing
        self._max_age_s = max_age_s

    def raised(self, alert: Alert, rule: Rule, event: EventRow, *, at_s: float, last_s: float | None) -> bool:
        """Tell of a new alert, or keep why nobody is told; -> whether anybody is.

        `at_s` is when it came true, `last_s` when the last one that was sent did, both on one clock of event time.
        """
        why = self._withheld(alert, rule, at_s, last_s) or self._hearing.deaf(alert, rule)
        if why:
            self._hearing.decide(rule, event.id, Verdict.NOT_SENT, alert.at, (why,), alert.id)
            return False
        return self._hearing.tell(alert, rule)

    def follow(self, alert: Alert, rule: Rule) -> bool:
        """Tell how an alert that somebody was told of goes on; -> whether anybody is told."""
        return self._hearing.tell(alert, rule)

    def too_old(self, alert: Alert) -> bool:
        """Whether a live stream's alert is older than what is sent of one."""
        return self._hearing.case.stream.kind == "live" and self._age_s(alert) > self._max_age_s

    def _age_s(self, alert: Alert) -> float:
        return (self._hearing.now - alert.at).total_seconds()

    def _withheld(self, alert: Alert, rule: Rule, at_s: float, last_s: float | None) -> str:
        if self.too_old(alert):
            age, most = sentence.duration(self._age_s(alert)), sentence.duration(self._max_age_s)
            return f"{age} old, at most {most} is sent of a live stream"
        since_s = rule.cooldown_s if last_s is None else abs(at_s - last_s)
        if since_s < rule.cooldown_s:
            since, asked = sentence.duration(since_s), sentence.duration(rule.cooldown_s)
            return f"the last alert was sent {since} before, the rule asks for {asked} between two"
        return ""
