"""One rule put to one case: which alerts it raises, changes and ends, and what it remembers after."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from rules import recall, sentence
from rules.condition import (
    SLACK_S,
    Finding,
    came_true,
    candidate,
    findings,
    hours,
    lasted,
    matches,
    on_time,
    words_alone,
)
from rules.hearing import Hearing
from rules.occurrence import STILL, Awaited, Memory, Occurrence, begun
from rules.place import subject_key, subject_of, subject_tracks
from rules.rule import Rule
from rules.sending import Sending
from rules.tree import Leaf
from vidette.alerts import Alert, AlertState, Change, Verdict
from vidette.ids import make_id
from vidette.models import Evidence, State
from vidette.rows import EventRow

_EVENTS = 256
_EVIDENCE = 4
_LATE_S = 5.0


class Ruling:
    """The judgement of one rule on one case."""

    def __init__(self, rule: Rule, memory: Memory, hearing: Hearing, sending: Sending) -> None:
        self.rule = rule
        self.hearing = hearing
        self.sending = sending
        self.case = hearing.case
        self._awaited = dict(memory.awaited)
        self._occurrences = list(memory.occurrences)
        self._sent_s = memory.sent_s

    def judge(self, events: Iterable[EventRow]) -> Memory:
        """What is remembered after these events of the case, and those awaited that are due."""
        given = {event.id: event for event in self._telling(events)}
        due = [key for key, one in self._awaited.items() if key not in given and self._due(one.start_s)]
        given.update((event.id, event) for event in self.hearing.events(due))
        for event in sorted(given.values(), key=lambda event: (event.start_s, event.id)):
            self._event(event)
        kept = tuple(one for one in self._occurrences if not self._ended(one))
        return Memory(awaited=self._awaited, occurrences=kept, sent_s=self._sent_s).bounded()

    def _telling(self, events: Iterable[EventRow]) -> Iterable[EventRow]:
        """Those given; where they hold words that are asked for, also those that held them before and do not now."""
        if not words_alone(self.rule.leaf):
            return events
        known = set(self._awaited).union(*(one.events for one in self._occurrences))
        return (*events, *self.hearing.changed(known))

    def _due(self, start_s: float) -> bool:
        return self.case.final or self.case.watermark_s + SLACK_S >= start_s + self.rule.for_s

    def _event(self, event: EventRow) -> None:
        known = next((i for i, one in enumerate(self._occurrences) if event.id in one.events), None)
        if known is not None:
            self._occurrences[known] = self._occurrences[known].holding(event)
        if event.state is State.RETRACTED:
            self._taken_back(event, known)
        elif known is None:
            self._consider(event)

    def _consider(self, event: EventRow) -> None:
        """An event that no occurrence holds yet."""
        waited = self._awaited.pop(event.id, None) is not None
        zones = self.hearing.places.zones
        leaf = self.rule.leaf
        if leaf is None:
            return
        if not (matches(leaf, event, zones) and on_time(self.rule, event)):
            if not self.hearing.told_enough and candidate(leaf, event, zones):
                failed = (one.said for one in self._findings(leaf, event) if not one.holds)
                self._decide(event, Verdict.NOT_RAISED, tuple(failed))
            return
        held_s = lasted(event, self.case.watermark_s)
        if held_s + SLACK_S >= self.rule.for_s:
            self._true(event)
        elif event.end_s is None and not self.case.final:
            self._await(event, waited)
        else:
            self._decide(event, Verdict.NOT_RAISED, (self._too_short(held_s),))

    def _findings(self, leaf: Leaf, event: EventRow) -> tuple[Finding, ...]:
        at = came_true(self.rule, event)
        return (*findings(leaf, event, self.hearing.places.zones), *hours(self.rule, at))

    def _too_short(self, held_s: float) -> str:
        return f"lasted {sentence.duration(max(0.0, held_s))}, {sentence.duration(self.rule.for_s)} asked"

    def _await(self, event: EventRow, waited: bool) -> None:
        same = self._same(event)
        self._awaited[event.id] = Awaited(
            start_s=event.start_s,
            subject=subject_key(event),
            alert=None if same is None else self._occurrences[same].alert,
        )
        if not waited:
            at = sentence.clock(came_true(self.rule, event), self.rule.tz)
            asked = sentence.duration(self.rule.for_s)
            self._decide(event, Verdict.WAITING, (f"{asked} asked: comes true at {at} if it is still so",))

    def _true(self, event: EventRow) -> None:
        """Every condition holds: the event belongs to an occurrence, or begins one."""
        found = self._same(event)
        if found is None:
            stored = recall.telling(self.rule, event, self.hearing)
            if stored is not None and all(one.alert != stored.alert for one in self._occurrences):
                self._occurrences.append(stored)
                found = len(self._occurrences) - 1
        if found is None:
            self._raise(event)
        else:
            self._join(found, event)

    def _same(self, event: EventRow) -> int | None:
        """The occurrence of the same subject, or of a still thing at the same place, the newest first."""
        key, tracks = subject_key(event), subject_tracks(event)
        for i in range(len(self._occurrences) - 1, -1, -1):
            one = self._occurrences[i]
            if not one.near(event.start_s, event.end_s):
                continue
            still = one.still and event.type in STILL and tracks
            if key in one.subjects or (still and self.hearing.places.same_thing(one.tracks, tracks, event.start_s)):
                return i
        return None

    def _join(self, i: int, event: EventRow) -> None:
        one = self._occurrences[i].holding(event).known_as(subject_key(event), subject_tracks(event))
        self._occurrences[i] = one
        alert = self.hearing.alert(one.alert)
        if alert is None:  # erased
            return
        if event.id in alert.events:  # judged before: a rule that is new, a stream watched again
            return
        events = (*alert.events, event.id)[:_EVENTS]
        alert = replace(alert, events=events, evidence=_pictures(alert, event))
        self.hearing.alerts[alert.id] = alert
        self._decide(event, Verdict.UPDATED, (f"the same as in alert {alert.id}",), alert.id)
        if alert.state is AlertState.RESOLVED and not one.over(self.case.watermark_s, final=self.case.final):
            self._again(i, alert, event)

    def _again(self, i: int, alert: Alert, event: EventRow) -> None:
        """What was over is not."""
        one = self._occurrences[i]
        alert = replace(
            alert,
            state=AlertState.OPEN,
            change=Change.RAISED,
            sequence=alert.sequence + 1,
            text=sentence.happened(self._placed(event), self.rule.tz, self.rule.for_s),
        )
        self.hearing.alerts[alert.id] = alert
        if one.sent:
            self.sending.follow(alert)

    def _raise(self, event: EventRow) -> None:
        key, subject, at = subject_key(event), subject_of(event), came_true(self.rule, event)
        alert_id = self._new_id(event, key, subject)
        held = tuple(one.said for one in self._findings(self.rule.leaf, event)) if self.rule.leaf else ()
        lasted_s = (f"stayed true for {sentence.duration(self.rule.for_s)}",) if self.rule.for_s else ()
        late_s = self.case.watermark_s - event.start_s - self.rule.for_s
        alert = Alert(
            id=alert_id,
            rule=self.rule.id,
            rule_version=self.rule.version,
            severity=self.rule.severity,
            state=AlertState.OPEN,
            change=Change.RAISED,
            sequence=1,
            streams=(self.case.stream.name,),
            at=at,
            raised_at=self.hearing.now,
            incident=make_id("incident", subject or alert_id),
            events=(event.id,),
            text=sentence.happened(self._placed(event), self.rule.tz, self.rule.for_s),
            why=(held + lasted_s) or ("the rule asks for nothing",),
            subject=subject,
            late_s=late_s if self.case.look == "deep" and late_s > _LATE_S else None,
            evidence=event.evidence[:_EVIDENCE],
        )
        self.hearing.alerts[alert_id] = alert
        self._decide(event, Verdict.RAISED, alert.why, alert_id)
        sent = self._send(alert, event)
        self._occurrences.append(begun(alert_id, key, subject_tracks(event), event, sent=sent))

    def _new_id(self, event: EventRow, key: str, subject: str | None) -> str:
        """Of rule, stream, subject and occurrence: an entity's are counted, others are named by their first event.

        Counting makes the id the same, whichever of several events about one thing is judged first.
        """
        parts = ("alert", self.rule.id, self.case.stream.id, key)
        if subject is None:
            return make_id(*parts, event.id)
        number = len(recall.alerts_of(self.rule, subject, self.hearing))
        while self.hearing.alert(found := make_id(*parts, number)) is not None:
            number += 1
        return found

    def _send(self, alert: Alert, event: EventRow) -> bool:
        """Tell the sinks, unless something speaks against it; -> whether anybody was told."""
        at_s = event.start_s + self.rule.for_s
        sent = self.sending.raised(alert, self.rule, (event,), about=event.id, at_s=at_s, last_s=self._sent_s)
        if sent:
            self._sent_s = at_s if self._sent_s is None else max(self._sent_s, at_s)
        return sent

    def _taken_back(self, event: EventRow, known: int | None) -> None:
        if self._awaited.pop(event.id, None) is not None:
            self._decide(event, Verdict.NOT_RAISED, ("taken back before it had lasted",))
        if known is None:
            found = recall.told(self.rule, event, self.hearing)
            if found is None or any(one.alert == found.alert for one in self._occurrences):
                return
            self._occurrences.append(found)
            known = len(self._occurrences) - 1
        one = self._occurrences[known]
        self._occurrences[known] = replace(one, taken_back=self._all_taken_back(one))

    def _all_taken_back(self, one: Occurrence) -> bool:
        alert = self.hearing.alert(one.alert)
        events = self.hearing.events(alert.events if alert else one.events)
        return bool(events) and all(event.state is State.RETRACTED for event in events)

    def _ended(self, one: Occurrence) -> bool:
        """Whether the occurrence may be forgotten; its alert is resolved where it told of something lasting."""
        if not one.over(self.case.watermark_s, final=self.case.final):
            return False
        if not one.taken_back and any(awaited.concerns(one) for awaited in self._awaited.values()):
            return False
        alert = self.hearing.alert(one.alert)
        living = alert is not None and alert.state in (AlertState.OPEN, AlertState.ACKNOWLEDGED)
        none = living and (one.taken_back or self._all_taken_back(one))
        if alert and living and (one.lasting or none):
            self._resolve(alert, one, none=none)
        return True

    def _resolve(self, alert: Alert, one: Occurrence, *, none: bool) -> None:
        lasted_s = one.last_s - one.start_s
        text = sentence.taken_back(alert.text) if none else sentence.over(alert.text, lasted_s)
        alert = replace(
            alert, state=AlertState.RESOLVED, change=Change.RESOLVED, sequence=alert.sequence + 1, text=text
        )
        self.hearing.alerts[alert.id] = alert
        why = "taken back" if none else f"over after {sentence.duration(lasted_s)}"
        at = self.case.stream.at(one.last_s)
        self.hearing.decide(self.rule, one.events[-1], Verdict.RESOLVED, at, (why,), alert.id)
        if one.sent:
            self.sending.follow(alert)

    def _placed(self, event: EventRow) -> EventRow:
        """The event with the zone that the rule asked for, where it names none itself."""
        inside = self.hearing.places.zones(event) & self.rule.zones
        return event if event.zone or not inside else replace(event, zone=min(inside))

    def _decide(self, event: EventRow, verdict: Verdict, why: tuple[str, ...], alert: str | None = None) -> None:
        at = event.start + timedelta(seconds=self.rule.for_s)
        self.hearing.decide(self.rule, event.id, verdict, at, why, alert)


def _pictures(alert: Alert, event: EventRow) -> tuple[Evidence, ...]:
    """At most so many, but what an alert has once, a clip too, it keeps."""
    new = [one for one in event.evidence if one not in alert.evidence]
    return (*alert.evidence, *new[: max(0, _EVIDENCE - len(alert.evidence))])
