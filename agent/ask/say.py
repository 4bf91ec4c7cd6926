"""Plain sentences from rows: times, durations, names of things and of what happened."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from agent.ask.footage import Footage
from agent.ask.words import WORDS, Verb
from vidette.answers import Plan, Relation
from vidette.geometry import Box
from vidette.models import EventType
from vidette.queries import Filter
from vidette.rows import EventRow, TrackRow

_PASSIVE = frozenset(
    [
        "seen",
        "left",
        "removed",
        "abandoned",
        "blocked",
        "too",
        "blurred",
        "frozen",
        "looped",
        "lost",
        "tampered",
        "changed",
        "moved",
    ]
)
_CAPTION = 160
_BORDERS = frozenset({EventType.ZONE_ENTERED, EventType.ZONE_EXITED})
_VERBS = [verb for verb in WORDS.values() if isinstance(verb, Verb) and len(verb.types) == 1]
_PAST = {
    **{verb.types[0]: f"{verb.noun} {verb.past}".strip() for verb in _VERBS},
    EventType.OBJECT_LEFT: "left",
    EventType.ZONE_ENTERED: "entered",
    EventType.ZONE_EXITED: "went out of",
    EventType.LOITERING: "loitered",
}
_ALONE = frozenset(verb.types[0] for verb in _VERBS if verb.about != "thing") - {EventType.LOITERING}


def media(seconds: float) -> str:
    """Media time as m:ss or h:mm:ss."""
    whole = int(max(0.0, seconds) + 1e-6)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def lasting(seconds: float) -> str:
    """A duration in the two largest units that say it."""
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes instants as the asker's clock shows them, with the date where it is not today's."""

    footage: Footage

    def at(self, moment: datetime, pts_s: float | None = None) -> str:
        """ "12:04:11 (0:03)"."""
        local = moment.astimezone(self.footage.tz)
        today = self.footage.now.astimezone(self.footage.tz).date()
        text = f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"
        return text if pts_s is None or self.footage.live else f"{text} ({media(pts_s)})"

    def on(self, stream: str) -> str:
        """Which stream, where there are several."""
        return f" on {plain(stream, 60)}" if len(self.footage.streams) > 1 else ""

    def claim(self, row: EventRow | TrackRow) -> str:
        """What one row says, with its times."""
        if isinstance(row, TrackRow):
            end = f" to {self.at(row.end, row.end_s)}" if row.end and row.end_s is not None else ""
            what = plain(str(row.attributes.get("kind") or row.label.value), 60)
            return f"{what} in view {'from' if end else 'since'} {self.at(row.start, row.start_s)}{end}{self.on(row.stream)}"
        what = plain(row.caption, _CAPTION).rstrip(".") or event_said(row)
        ends = row.end is not None and row.end_s is not None and row.end_s - row.start_s >= 1
        until = f" to {self.at(row.end, row.end_s)}" if ends and row.end else ""
        return f"{what}, {'from' if until else 'at'} {self.at(row.start, row.start_s)}{until}{self.on(row.stream)}"


def plain(text: str, most: int) -> str:
    """Text of a name, file or model on one bounded line, without control or direction marks."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: 4 * most] if unicodedata.category(c) not in ("Cf", "Cs", "Co"))  # fmt: skip
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def event_said(row: EventRow) -> str:
    """An event without a caption: "object entered"."""
    past = _PAST.get(row.type, row.type.value.replace("_", " "))
    if row.type in _ALONE:
        return past
    subjects = (entity for entity in row.entities if entity.role == "subject")
    thing = next((plain(str(one.attributes.get("kind") or one.label.value), 60) for one in subjects), "object")
    zone = f"{'' if row.type in _BORDERS else 'in '}the zone {plain(row.zone, 60)}" if row.zone else ""
    line = f"the line {plain(row.line, 60)}" if row.line else ""
    if row.type in _BORDERS and not zone:
        zone = "a zone"
    return " ".join(part for part in (thing, "crossed" if line else past, line or zone) if part)


def did(plan: Plan, count: int) -> str:
    """The verb for so many, with the conditions: "passed", "was removed", "were seen and never stopped"."""
    return f"{_did(plan, count)}{conditions_told(plan)}"


def _did(plan: Plan, count: int) -> str:
    past = plan.verb or "seen"
    if past.split()[0] in _PASSIVE and not (past == "moved" and plan.of == "tracks"):
        return f"{'was' if count == 1 else 'were'} {past}"
    return past


def conditions_told(plan: Plan) -> str:
    """What else was asked to hold: " after a bag was left", " for 10 min or more", " and never stopped"."""
    parts = [f" {'and then' if plan.ordered else 'and'} {one.verb}" for one in plan.also]
    parts += [f" and never {one.verb}" for one in plan.never]
    if plan.where.text and plan.kind != "search":
        parts.append(f" that captions call {' or '.join(plan.where.text.split())}")
    if plan.longer_s is not None:
        parts.append(f" for {lasting(round(plan.longer_s))} or more")
    if plan.shorter_s is not None:
        parts.append(f" for less than {lasting(plan.shorter_s)}")
    return "".join([*parts, *(_related(relation) for relation in plan.relations)])


def _related(relation: Relation) -> str:
    anchor, how = relation.anchor, {"during": "while"}.get(relation.kind, relation.kind)
    within = "" if relation.within_s is None else f"within {lasting(relation.within_s)} "
    if anchor.subject == "scene":
        return f" {within}{'during' if how == 'while' else how} {anchor.verb}"
    named = anchor.subject if anchor.subject.startswith("the ") else f"the {anchor.pick} {anchor.subject}" if anchor.pick else f"{_article(anchor.subject)} {anchor.subject}"  # fmt: skip
    stood = how == "while" and anchor.where.types == (EventType.OBJECT_STOPPED,) and anchor.kind != "when"
    return f" {within}{how} {named} {'stood still' if stood else did(anchor, 1)}"


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeio" else "a"


def stands_alone(plan: Plan) -> bool:
    """The camera's own states and scenes are told by their name, not counted as things."""
    return plan.subject == "scene" or plan.subject.startswith("the ")


def things(plan: Plan, count: int) -> str:
    """ "1 object", "4 objects", "no objects"."""
    noun = plan.subject if count == 1 else plan.subjects
    return f"{count or 'no'} {noun}"


def place(box: Box) -> str:
    """Where in the picture, in words."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else "middle"
    return "in the middle of the picture" if across == down else f"at the {down} {across} of the picture"


def plan_words(plan: Plan, tz: tzinfo = UTC) -> str:
    """The plan in readable words, instants as the zone's clocks show them: "count tracks · label vehicle · stream any"."""
    where = plan.where
    parts = [f"{plan.kind.replace('_', ' ')} {plan.of}"]
    for name, values in (
        ("type", () if plan.kind == "search" else where.types),
        ("label", where.labels),
        ("kind", where.kinds),
        ("zone", where.zones),
        ("line", where.lines),
    ):
        if values:
            parts.append(f"{name} {' or '.join(plain(str(v), 60) for v in values)}")
    if plan.alerts:
        parts += [
            f"{name} {' or '.join(plain(str(v), 60) for v in values)}"
            for name, values in (
                ("rule", plan.alerts.rules),
                ("severity", plan.alerts.severities),
                ("state", plan.alerts.states),
            )
            if values
        ]
    parts.append(f"stream {' or '.join(plain(s, 60) for s in where.streams) or 'any'}")
    parts += [window for window in (_seconds_said(where), _instants_said(where, tz)) if window]
    if plan.moving:
        parts.append("moving only")
    return " · ".join(parts + _conditions_said(plan, tz))


def _conditions_said(plan: Plan, tz: tzinfo) -> list[str]:
    """What else must hold, and how it is counted."""
    parts = [f"by {plan.by}"] if plan.by else []
    if plan.nth is not None:
        parts.append(f"number {plan.nth}")
    if plan.where.text:
        parts.append(f"words {plain(plan.where.text, 120)!r}")
    for relation in plan.relations:
        within = "" if relation.within_s is None else f" within {relation.within_s:g} s"
        parts.append(f"{relation.kind}{within} ({plan_words(relation.anchor, tz)})")
    if plan.longer_s is not None:
        parts.append(f"at least {plan.longer_s:g} s")
    if plan.shorter_s is not None:
        parts.append(f"under {plan.shorter_s:g} s")
    parts += [f"{'then' if plan.ordered else 'also'} ({plan_words(other, tz)})" for other in plan.also]
    parts += [f"never ({plan_words(other, tz)})" for other in plan.never]
    parts += [f"without {_left_out(out, tz)}" for out in plan.without]
    parts += [f"of {label.value} only {' or '.join(kinds)}" for label, kinds in plan.narrow]
    if plan.at_least is not None or plan.at_most is not None:
        parts.append(f"number {plan.at_least or 0} to {'any' if plan.at_most is None else plan.at_most}")
    if plan.sides:
        parts.append(" against ".join(f"({plan_words(side, tz)})" for side in plan.sides))
    return [*parts, "turned round"] if plan.negated else parts


def _left_out(out: Filter, tz: tzinfo) -> str:
    said = [*(label.value for label in out.labels), *out.kinds, _seconds_said(out), _instants_said(out, tz)]
    return " ".join(part for part in said if part)


def _seconds_said(where: Filter) -> str:
    if where.from_s is None and where.to_s is None:
        return ""
    if where.to_s is None:
        return f"from second {where.from_s:g}"
    return f"second {where.from_s or 0:g} to {where.to_s:g}"


def _instants_said(where: Filter, tz: tzinfo) -> str:
    since = f"from {where.since.astimezone(tz):%Y-%m-%d %H:%M:%S %Z}" if where.since else ""
    until = f"to {where.until.astimezone(tz):%Y-%m-%d %H:%M:%S %Z}" if where.until else ""
    return " ".join(part for part in (since, until) if part)
