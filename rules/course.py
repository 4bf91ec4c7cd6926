"""From the matches of a rule over time to its alerts: what is raised, goes on, ends, and is taken back."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rules import answers, composed, sentence
from rules.fitting import is_thing
from rules.hearing import Hearing
from rules.occurrence import LULL_S, SEEN_S, TOLD_LATE_S
from rules.rule import Rule
from rules.sending import Sending
from rules.tree import Absence, Ask, Count, Rate
from rules.witness import Witness, instant_of
from vidette.alerts import Alert, AlertState, Change, Verdict
from vidette.ids import make_id, milliseconds
from vidette.matches import Match, Said
from vidette.models import Evidence
from vidette.remembering import SaidOfRule
from vidette.rows import EventRow

_EVENTS = 256
_EVIDENCE = 4
_KEPT = 256
_NAMES = 64
_STREAMS = 16
_LATE_S = 5.0
_LULL_MS, _TOLD_LATE_MS, _SEEN_MS = milliseconds(LULL_S), milliseconds(TOLD_LATE_S), milliseconds(SEEN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert that is not over: its subject, its matches by id and those that go on, from when to when (milliseconds)."""

    alert: str
    key: str
    matches: tuple[str, ...]
    open: tuple[str, ...]
    start: int
    last: int
    lasting: bool
    sent: bool

    def near(self, match: Match) -> bool:
        """Whether the match is of the same occurrence, less than a lull away."""
        after = bool(self.open) or match.start <= self.last + _LULL_MS
        return after and (match.end is None or match.end >= self.start - _LULL_MS)

    def holding(self, match: Match) -> "Told":
        """With one more match, or with what is newly known of one of its own.

        What goes on may yet turn out to have been an instant, where one stream is ahead of another: only its end tells.
        """
        others = tuple(one for one in self.open if one != match.id)
        end = match.start if match.end is None else match.end
        return replace(
            self,
            matches=tuple(dict.fromkeys((*self.matches, match.id)))[-_NAMES:],
            open=(*others, match.id)[-_NAMES:] if match.end is None else others,
            start=min(self.start, match.start),
            last=max(self.last, end),
            lasting=self.lasting or match.end not in (None, match.start),
        )

    def without(self, match_id: str) -> "Told":
        """With one match less."""
        return replace(
            self,
            matches=tuple(one for one in self.matches if one != match_id),
            open=tuple(one for one in self.open if one != match_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a rule over time remembers beside its matches: alerts that are not over, when the last one was sent.

    `undecided` is the first moment of which more may be said though nothing happens, `shed` up to where what fits of a
    live stream was last forgotten. Milliseconds since 1970. `missed` are the latest minutes since 1970 of which it was
    said what nearly came true, and nothing is said of what was settled before `misses_from`.
    """

    told: tuple[Told, ...] = ()
    sent: int | None = None
    undecided: int | None = None
    shed: int = 0
    missed: tuple[int, ...] = ()
    misses_from: int = 0


class Course:
    """The alerts of one rule over time while a case is judged; `has_more` tells whether an alert has matches left."""

    def __init__(
        self,
        rule: Rule,
        before: Remembered,
        witness: Witness,
        hearing: Hearing,
        sending: Sending,
        *,
        has_more: Callable[[str], bool],
    ) -> None:
        self.rule = rule
        self.hearing = hearing
        self.sending = sending
        self.witness = witness
        self._has_more = has_more
        self._told = list(before.told)
        self._sent = before.sent

    def come(self, match: Match) -> str | None:
        """A match that was not there; -> the alert that tells of it, if any does."""
        at = instant_of(match.start)
        if self.rule.active is not None and not self.rule.active.holds(at):
            local = at.astimezone(self.rule.active.tz)
            self._decide(match, Verdict.NOT_RAISED, (f"{local:%a %H:%M} is outside {self.rule.active}",))
            return None
        key = _key(self.rule, match)
        for i in range(len(self._told) - 1, -1, -1):
            if self._told[i].key == key and self._told[i].near(match):
                return self._join(i, match)
        return self._rejoin(match, key) or self._raise(match, key)

    def change(self, said: Said, match: Match) -> None:
        """What is newly known of a match, too that it is another: one that began before or after."""
        i = self._place(said)
        if i is not None:
            told = self._told[i] if said.id == match.id else self._told[i].without(said.id)
            self._told[i] = told.holding(match)
            self._extend(self._told[i], match)
        elif said.alert and not self._is_over(_begun(said.alert, "", match)):
            alert = self.hearing.alert(said.alert)
            if alert is not None:
                self._take_up(alert, _key(self.rule, match), match)

    def gone(self, said: Said) -> None:
        """A match that is none any more: its alert is over where that was all it told of."""
        i = self._place(said)
        if i is not None:
            self._told[i] = self._told[i].without(said.id)
            if not self._told[i].matches and not self._has_more(self._told[i].alert):
                self._over(self._told.pop(i), none=True)
        elif said.alert and said.match and not self._has_more(said.alert):
            alert = self.hearing.alert(said.alert)
            if alert is not None:
                sent = self.hearing.was_sent(alert.id)
                self._over(replace(_begun(alert.id, "", said.match), sent=sent), none=True)

    def close(self, later: list[float]) -> tuple[tuple[Told, ...], int | None]:
        """End what is over; -> what is not, and when the last alert was sent. `later`: when more may be over."""
        kept = []
        for one in self._told:
            if self._is_over(one):
                self._over(one, none=False)
            else:
                kept.append(one)
                if not one.open:
                    later.append(one.last + _LULL_MS + _TOLD_LATE_MS)
        return tuple(kept[-_KEPT:]), self._sent

    def _is_over(self, one: Told) -> bool:
        if one.open:
            return False
        if self.witness.over:
            return one.last + _SEEN_MS <= max((heard.reach for heard in self.witness.streams), default=0)
        return one.last + _LULL_MS + _TOLD_LATE_MS <= self.witness.reach

    def _place(self, said: Said) -> int | None:
        return next((i for i, one in enumerate(self._told) if said.id in one.matches), None)

    def _join(self, i: int, match: Match) -> str:
        self._told[i] = self._told[i].holding(match)
        alert = self.hearing.alert(self._told[i].alert)
        if alert is not None:  # else it was erased
            self._decide(match, Verdict.UPDATED, (f"the same as in alert {alert.id}",), alert.id)
            self._extend(self._told[i], match)
        return self._told[i].alert

    def _rejoin(self, match: Match, key: str) -> str | None:
        """The alert that told of the same occurrence and was over: a recording is, before a model is asked about it."""
        if not any(isinstance(leaf, Ask) for leaf in self.rule.leaves):
            return None
        since = match.start - _LULL_MS
        asked = SaidOfRule(rule=self.rule.id, version=self.rule.version, since=since, limit=_NAMES)
        for one in self.hearing.read(asked):
            near = (
                one.match is not None and _key(self.rule, one.match) == key and _begun("", key, one.match).near(match)
            )
            alert = self.hearing.alert(one.alert) if near and one.alert else None
            if alert is not None:
                self._decide(match, Verdict.UPDATED, (f"the same as in alert {alert.id}",), alert.id)
                self._take_up(alert, key, match)
                return alert.id
        return None

    def _extend(self, told: Told, match: Match) -> None:
        """The alert with the events that it did not have; raised once more where it was over and is not."""
        alert = self.hearing.alert(told.alert)
        if alert is None:
            return
        new = [event for event in match.events if event not in alert.events]
        if new:
            rows = self._rows(tuple(new))
            events = (*alert.events, *new)[:_EVENTS]
            alert = replace(alert, events=events, evidence=_pictures(alert.evidence, rows))
            self.hearing.alerts[alert.id] = alert
        if alert.state is AlertState.RESOLVED and (not told.lasting or not self._is_over(told)):
            self._again(alert, match, sent=told.sent)

    def _take_up(self, alert: Alert, key: str, match: Match) -> None:
        """An alert that was over, or of which nothing is remembered, goes on."""
        told = replace(_begun(alert.id, key, match), sent=self.hearing.was_sent(alert.id))
        self._told.append(told)
        self._extend(told, match)

    def _again(self, alert: Alert, match: Match, *, sent: bool) -> None:
        text = composed.text_of(self.rule, self._rows(match.events), alert.streams, instant_of(match.start))
        alert = replace(alert, state=AlertState.OPEN, change=Change.RAISED, sequence=alert.sequence + 1, text=text)
        self.hearing.alerts[alert.id] = alert
        if sent:
            self.sending.follow(alert)

    def _raise(self, match: Match, key: str) -> str:
        alert_id = make_id("alert", self.rule.id, match.id)
        known = self.hearing.alert(alert_id)
        if known is not None:
            self._take_up(known, key, match)
            return alert_id
        rows = self._rows(match.events)
        alert = self._alert(alert_id, match, rows)
        self.hearing.alerts[alert_id] = alert
        self._decide(match, Verdict.RAISED, alert.why, alert_id)
        sent = self.sending.raised(
            alert,
            self.rule,
            rows,
            about=self._about(match),
            at_s=match.start / 1000,
            last_s=None if self._sent is None else self._sent / 1000,
        )
        if sent:
            self._sent = match.start if self._sent is None else max(self._sent, match.start)
        self._told.append(replace(_begun(alert_id, key, match), sent=sent))
        return alert_id

    def _alert(self, alert_id: str, match: Match, rows: list[EventRow]) -> Alert:
        streams = (match.streams or self.witness.names)[:_STREAMS]
        at = instant_of(match.start)
        late_s = (min(self.witness.reach, match.start + 1e12) - match.start) / 1000
        subject = match.subject if is_thing(match.subject) else None
        said = answers.answers_for(self.rule, match, self.hearing.read)
        return Alert(
            id=alert_id,
            rule=self.rule.id,
            rule_version=self.rule.version,
            severity=self.rule.severity,
            state=AlertState.OPEN,
            change=Change.RAISED,
            sequence=1,
            streams=streams,
            at=at,
            raised_at=self.hearing.now,
            incident=make_id("incident", subject or alert_id),
            events=match.events[:_EVENTS],
            text=composed.text_of(self.rule, rows, streams, at),
            why=(*composed.why_of(self.rule, rows), *answers.why_of(self.rule, said)),
            subject=subject,
            late_s=late_s if self.hearing.case.look == "deep" and late_s > _LATE_S else None,
            evidence=(*answers.pictures_of(said), *_pictures((), rows))[:_EVIDENCE],
            zones=match.zones or None,
        )

    def _over(self, one: Told, *, none: bool) -> None:
        """Resolve the alert of something that lasted, or that there was not."""
        alert = self.hearing.alert(one.alert)
        if alert is None or alert.state not in (AlertState.OPEN, AlertState.ACKNOWLEDGED) or not (none or one.lasting):
            return
        lasted = sentence.duration((one.last - one.start) / 1000)
        text = (
            f"Taken back, what is known now says otherwise: {alert.text}"
            if none
            else f"Over after {lasted}: {alert.text}"
        )
        alert = replace(
            alert, state=AlertState.RESOLVED, change=Change.RESOLVED, sequence=alert.sequence + 1, text=text
        )
        self.hearing.alerts[alert.id] = alert
        why = "taken back" if none else f"over after {lasted}"
        about = alert.events[-1] if alert.events else alert.id
        self.hearing.decide(
            self.rule, about, Verdict.RESOLVED, instant_of(one.last), (why,), alert.id, stream=alert.streams[-1]
        )
        if one.sent:
            self.sending.follow(alert)

    def _rows(self, events: tuple[str, ...]) -> list[EventRow]:
        return sorted(self.hearing.events(events), key=lambda event: (event.start, event.id))

    def _about(self, match: Match) -> str:
        return match.events[-1] if match.events else match.id

    def _decide(self, match: Match, verdict: Verdict, why: tuple[str, ...], alert: str | None = None) -> None:
        stream = match.streams[-1] if match.streams else ""
        self.hearing.decide(self.rule, self._about(match), verdict, instant_of(match.start), why, alert, stream=stream)


def _key(rule: Rule, match: Match) -> str:
    """What makes two matches be about the same: their subject, else their one stream, else nothing but the rule.

    Of a count it is the rule: on which streams it stands changes while it lasts.
    """
    counted = isinstance(rule.when, Count | Rate | Absence)
    return match.subject or (match.streams[0] if len(match.streams) == 1 and not counted else "")


def _begun(alert: str, key: str, match: Match) -> Told:
    empty = Told(
        alert=alert, key=key, matches=(), open=(), start=match.start, last=match.start, lasting=False, sent=False
    )
    return empty.holding(match)


def _pictures(had: tuple[Evidence, ...], rows: list[EventRow]) -> tuple[Evidence, ...]:
    """At most so many, the last event's first; but what there is, it keeps."""
    new = [one for event in reversed(rows) for one in event.evidence if one not in had]
    return (*had, *dict.fromkeys(new))[: max(len(had), _EVIDENCE)]
