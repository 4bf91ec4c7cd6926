"""Parts of a question: what a few words name, and a plan with only that changed."""

from collections import Counter
from dataclasses import dataclass, replace

from agent.ask.colours import coloured, without_colours
from agent.ask.footage import Footage
from agent.ask.names import Known, Named, find_names
from agent.ask.plan import Parts, counted, placed, read_parts
from agent.ask.scan import NotUnderstood
from agent.ask.times import Window, read_times
from agent.ask.words import ANY, ENTERED, EXITED, SEEN, Noun, Verb
from vidette.answers import Plan
from vidette.models import EventType

PRESENCE = (EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING)
"""What says that a thing is in a zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What some words give; what they do not speak of is empty. `when` are the words of its time."""

    text: str
    named: Named
    window: Window
    parts: Parts | None = None
    colours: str = ""
    when: str = ""

    @property
    def noun(self) -> Noun | None:
        """The thing."""
        return self.parts.noun if self.parts else None

    @property
    def verb(self) -> Verb | None:
        """What it did."""
        return self.parts.verb if self.parts else None

    @property
    def empty(self) -> bool:
        """Whether nothing is given at all."""
        places = self.named.streams or self.named.zones or self.named.lines
        return not (places or self.window.bounded or self.noun or self.verb or self.colours)

    @property
    def placed(self) -> bool:
        """Whether a stream, zone or line is given."""
        return bool(self.named.streams or self.named.zones or self.named.lines)


def read_fragment(text: str, known: Known, footage: Footage) -> Fragment:
    """What the words give. Raises NotUnderstood for words that are not known here."""
    named = find_names(text, known)
    if named.problem:
        raise NotUnderstood(named.problem)
    streams = tuple(s for s in footage.streams if not named.streams or s.name in named.streams)
    rest, window = read_times(named.text, replace(footage, streams=streams))
    if window.problem:
        raise NotUnderstood(window.problem)
    when = _gone(named.text, rest)
    rest, colours = without_colours(rest, known)
    parts = read_parts(rest) if rest.strip() else None
    return Fragment(text=text, named=named, window=window, parts=parts, colours=colours, when=when)


def _gone(text: str, rest: str) -> str:
    """The words of a text that are not in what is left of it."""
    left = Counter(rest.split())
    out = []
    for word in text.split():
        left[word] -= 1
        if left[word] < 0:
            out.append(word)
    return " ".join(out)


def with_missing(fragment: Fragment, other: Fragment) -> Fragment:
    """The fragment with what only the other gives."""
    named, window = fragment.named, fragment.window
    if not fragment.placed:
        named = replace(other.named, notes=(*named.notes, *other.named.notes))
    parts = fragment.parts or other.parts
    if parts and other.parts:
        notes = tuple(dict.fromkeys((*parts.notes, *other.parts.notes)))
        parts = replace(parts, noun=parts.noun or other.parts.noun, verb=parts.verb or other.parts.verb, notes=notes)
    return replace(fragment, named=named, window=window if window.bounded else other.window, parts=parts)


def counting(fragment: Fragment) -> Plan:
    """The plan that counts what the fragment speaks of."""
    if fragment.parts is None:
        seen = Plan(kind="count", of="tracks", subject=ANY.singular, subjects=ANY.plural, verb="seen", moving=True)
        return coloured(placed(amended_places(seen, fragment.named), fragment.named, fragment.window), fragment.colours)
    return coloured(counted(fragment.parts, fragment.named, fragment.window), fragment.colours)


def amended(plan: Plan, fragment: Fragment) -> Plan:
    """The plan, and what hangs on it, with what the fragment gives in place of what it had."""
    plan = _with_noun(plan, fragment)
    if fragment.verb:
        raise NotUnderstood("ask that as a question of its own")
    plan = amended_places(coloured(plan, fragment.colours), fragment.named)
    if fragment.window.bounded:
        plan = _with_window(plan, fragment.window)
    if fragment.named.streams:
        plan = _with_streams(plan, fragment.named.streams)
    return replace(
        plan,
        sides=tuple(amended(side, fragment) for side in plan.sides),
        notes=(*fragment.named.notes, *fragment.window.notes),
    )


def _with_noun(plan: Plan, fragment: Fragment) -> Plan:
    noun = fragment.noun
    if noun is None:
        return plan
    if plan.subject == "event" or plan.of not in ("events", "tracks") or plan.sides:
        raise NotUnderstood(f"I cannot ask that of {noun.plural!r}; ask it in full")
    where = replace(plan.where, labels=noun.labels, kinds=noun.kinds)
    return replace(plan, where=where, subject=noun.singular, subjects=noun.plural)


def amended_places(plan: Plan, named: Named) -> Plan:
    """The plan in other zones or at other lines. Raises NotUnderstood where it is not about such a place."""
    if named.lines:
        if EventType.LINE_CROSSED not in plan.where.types:
            raise NotUnderstood("that was not about a line; ask it in full")
        said = f"crossed the line {' or '.join(named.lines)}"
        plan = replace(plan, where=replace(plan.where, lines=named.lines), verb=said)
    if not named.zones:
        return plan
    types, verb = _zoned(plan)
    past = f"{verb} the zone {' or '.join(named.zones)}"
    where = replace(plan.where, types=types, zones=named.zones, starts_inside=types != PRESENCE)
    distinct = plan.kind == "count" or plan.distinct
    return replace(plan, of="events", where=where, verb=past, moving=False, distinct=distinct)


def _zoned(plan: Plan) -> tuple[tuple[EventType, ...], str]:
    match plan.where.types:
        case ENTERED.types | ENTERED.zone:
            return ENTERED.zone, "entered"
        case EXITED.types | EXITED.zone:
            return EXITED.zone, "went out of"
        case () | (EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING):
            return PRESENCE, f"{SEEN.past} in"
    return plan.where.types, f"{plan.verb.split(' in the zone ')[0]} in"


def _with_window(plan: Plan, window: Window) -> Plan:
    lasting = plan.of == "tracks" or plan.kind == "how_long"
    where = replace(
        plan.where,
        from_s=window.from_s,
        to_s=window.to_s,
        since=window.since,
        until=window.until,
        starts_inside=not lasting and not window.point,
    )
    relations = tuple(replace(r, anchor=_with_window(r.anchor, window)) for r in plan.relations)
    return replace(plan, where=where, relations=relations)


def _with_streams(plan: Plan, streams: tuple[str, ...]) -> Plan:
    relations = tuple(replace(r, anchor=_with_streams(r.anchor, streams)) for r in plan.relations)
    return replace(plan, where=replace(plan.where, streams=streams), relations=relations)
