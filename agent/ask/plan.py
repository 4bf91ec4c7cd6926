"""From words to a typed plan. A word that the grammar does not know is never skipped: it might change the meaning."""

import itertools
from dataclasses import dataclass, replace
from typing import Literal

from agent.ask.names import Named
from agent.ask.scan import NotUnderstood, Said, scan
from agent.ask.times import Window
from agent.ask.words import (
    ANY,
    CAMERA_MOVED,
    ENTERED,
    EXITED,
    LEFT_BEHIND,
    MOVED,
    PASSED,
    SEEN,
    SOMEONE,
    Ask,
    Mark,
    Noun,
    Verb,
    Word,
)
from vidette.answers import Kind, Of, Plan
from vidette.families import THINGS
from vidette.models import EventType, Label
from vidette.queries import Filter

_STILL = frozenset({Label.BAG, Label.PACKAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the words of a question come to."""

    words: tuple[Said, ...]
    kind: Kind
    times: bool = False
    noun: Noun | None = None
    verb: Verb | None = None
    notes: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether one of these marks is among the words."""
        return any(isinstance(said.word, Mark) and said.word.name in names for said in self.words)


def make_plan(named: Named, text: str, window: Window) -> Plan:
    """The plan of a question without its names and times. Raises NotUnderstood."""
    parts = read_parts(text)
    return placed(_shape(parts, named), named, window, parts.notes)


def counted(parts: Parts, named: Named, window: Window) -> Plan:
    """The plan that counts what these words speak of, whatever they ask. Raises NotUnderstood."""
    parts = replace(parts, kind="count")
    verb = parts.verb or SEEN
    zoned = bool(named.zones) or parts.has("zone")
    if verb.about != "thing":
        plan = _seen_as(parts, verb)
    elif parts.has("events") and not parts.noun and not verb.types:
        plan = _happenings(parts)
    else:
        plan = _presence(parts, parts.noun or ANY, verb, named, zoned)
    return placed(plan, named, window, parts.notes)


def placed(plan: Plan, named: Named, window: Window, notes: tuple[str, ...] = ()) -> Plan:
    """The plan on the streams named and in the window."""
    if (named.zones and not plan.where.zones) or (named.lines and not plan.where.lines):
        plan = _in_places(plan, named)
    where = replace(
        plan.where,
        streams=named.streams,
        from_s=window.from_s,
        to_s=window.to_s,
        since=window.since,
        until=window.until,
        starts_inside=window.bounded and plan.where.starts_inside and not window.point,
    )
    return replace(plan, where=where, notes=(*named.notes, *notes, *window.notes))


def _in_places(plan: Plan, named: Named) -> Plan:
    """The plan of what happened, in the zones and at the lines named. Raises NotUnderstood of what is in no zone."""
    if plan.of not in ("events", "tracks") or plan.subject.startswith("the "):
        raise NotUnderstood("that is told by cameras, not by zones and lines; name the camera")
    where = replace(plan.where, zones=plan.where.zones or named.zones, lines=plan.where.lines or named.lines)
    return replace(plan, where=where)


def read_parts(text: str) -> Parts:
    """What the words of a text without names and times come to. Raises NotUnderstood."""
    words = scan(text)
    if not words:
        raise NotUnderstood("there is no question in it")
    words, notes = _resolved(words)
    kind, times = _kind(words)
    verb = _verb(words, kind)
    noun, more = _noun(words, verb, kind, times)
    parts = Parts(words=words, kind=kind, times=times, noun=noun, verb=verb, notes=(*notes, *more))
    _joined(parts)
    _counted(parts)
    if (
        kind == "exists"
        and (noun or verb)
        and any(said.text in ("all", "every", "each", "everything") for said in words)
    ):
        raise NotUnderstood("I cannot tell that of all of them; ask which did not")
    return parts


def _resolved(words: tuple[Said, ...]) -> tuple[tuple[Said, ...], tuple[str, ...]]:
    """The words whose meaning hangs on the others ("left", "moved") made plain."""
    out = [Said(_meant(said, words, at), said.text) for at, said in enumerate(words)]
    notes = tuple(
        f"{was.text!r} read as going out of view"
        for was, now in zip(words, out, strict=True)
        if isinstance(was.word, Mark) and was.word.name in ("left", "leave") and now.word == EXITED
    )
    return tuple(out), notes


def _meant(said: Said, words: tuple[Said, ...], at: int) -> Word:
    if not isinstance(said.word, Mark):
        return said.word
    before, after = words[:at], words[at + 1 :]
    match said.word.name:
        case "left" | "leave":
            return _left(before, after)
        case "move" | "moved":
            return _moved(words, before)
        case "gone":
            things = any(isinstance(s.word, Noun) and set(s.word.labels) & _STILL for s in words)
            return LEFT_BEHIND if things else SEEN
    return said.word


def _left(before: tuple[Said, ...], after: tuple[Said, ...]) -> Verb:
    """ "was left", "left a bag": a thing put down; "a person left (the scene)": gone out of view."""
    passive = any(s.word == Mark("be") for s in before)
    counted = any(s.word == Ask("count") for s in before)
    nouns = [s.word for s in before if isinstance(s.word, Noun)]
    if passive and (any(noun.agent for noun in nouns) or (counted and any(s.text in ("is", "are") for s in before))):
        raise NotUnderstood("'left' can mean two things here; say 'left behind' or 'went out'")
    thing_after = any(isinstance(s.word, Noun) and not s.word.agent for s in after)
    thing_before = bool(nouns) and all(set(noun.labels) & _STILL for noun in nouns)
    return LEFT_BEHIND if passive or thing_after or thing_before else EXITED


def _moved(words: tuple[Said, ...], before: tuple[Said, ...]) -> Verb:
    if any(s.word == Mark("camera") for s in words):
        return CAMERA_MOVED
    if any(s.word == Mark("be") for s in before):
        raise NotUnderstood("'was moved' can mean two things; ask what was removed, left or passed")
    return MOVED


def _kind(words: tuple[Said, ...]) -> tuple[Kind, bool]:
    asks = list(dict.fromkeys(s.word for s in words if isinstance(s.word, Ask)))
    if len(asks) > 1:
        asks = [ask for ask in asks if ask.kind not in ("list", "exists")] or asks[:1]
    if len(asks) > 1:
        raise NotUnderstood("these are two questions; ask one at a time")
    marks = {s.word.name for s in words if isinstance(s.word, Mark)}
    kind, times = (asks[0].kind, asks[0].times) if asks else (_unasked(words), False)
    if ends := sorted(marks & {"first", "last"}):
        if len(ends) == 2 or kind not in ("when", "list", "how_long", "where"):
            raise NotUnderstood(f"{ends[0]!r} does not go with this question")
        if kind in ("when", "list"):
            kind = "first" if ends[0] == "first" else "last"
    return kind, times


def _unasked(words: tuple[Said, ...]) -> Kind:
    """A question without a question word: "did …", "any …", or only what to list."""
    first = words[0]
    if first.text == "any" or (isinstance(first.word, Mark) and first.word.name in ("be", "do")):
        return "exists"
    return "list"


def _verb(words: tuple[Said, ...], kind: Kind) -> Verb | None:
    verbs = list(dict.fromkeys(s.word for s in words if isinstance(s.word, Verb)))
    if len(verbs) > 1:
        verbs = [verb for verb in verbs if verb != SEEN] or verbs
    if len(verbs) <= 1:
        return verbs[0] if verbs else None
    joiners = {s.word.name for s in words if isinstance(s.word, Mark)} & {"and", "or"}
    if joiners != {"or"} and not (joiners == {"and"} and kind in ("list", "when", "where")):
        raise NotUnderstood(f"I cannot relate {verbs[0].past!r} and {verbs[1].past!r}; ask one at a time")
    if any(not verb.types or verb.about != verbs[0].about for verb in verbs):
        raise NotUnderstood(f"I cannot join {verbs[0].past!r} and {verbs[1].past!r}; ask one at a time")
    return replace(
        verbs[0],
        past=" or ".join(verb.past for verb in verbs),
        types=tuple(dict.fromkeys(t for verb in verbs for t in verb.types)),
        lasting=all(verb.lasting for verb in verbs),
        zone=tuple(dict.fromkeys(t for verb in verbs for t in verb.zone)),
    )


def _noun(words: tuple[Said, ...], verb: Verb | None, kind: Kind, times: bool) -> tuple[Noun | None, tuple[str, ...]]:
    nouns = [(at, s.word) for at, s in enumerate(words) if isinstance(s.word, Noun)]
    who = any(s.word == Mark("who") for s in words)
    if verb and set(verb.types) & THINGS:
        return _thing(words, nouns, who, kind == "count" and not times)
    if who:
        nouns.insert(0, (0, SOMEONE)) if not nouns else None
    if len(nouns) > 1:
        return _either(words, nouns), ()
    return (nouns[0][1] if nouns else None), ()


def _thing(
    words: tuple[Said, ...], nouns: list[tuple[int, Noun]], who: bool, counted: bool
) -> tuple[Noun | None, tuple[str, ...]]:
    """What was left or removed; who did it is not told by anything yet."""
    agents = [noun for _, noun in nouns if noun.agent]
    things = [(at, noun) for at, noun in nouns if not noun.agent]
    if who or (agents and counted):
        raise NotUnderstood("nothing here tells who left or took a thing; ask when or how often it happened")
    notes = ("who did it is not told",) if agents else ()
    if len(things) > 1:
        return _either(words, things), notes
    return (things[0][1] if things else ANY), notes


def _either(words: tuple[Said, ...], nouns: list[tuple[int, Noun]]) -> Noun:
    """ "cars and people", "bags or parcels": any of them."""
    for (a, one), (b, other) in itertools.pairwise(nouns):
        between = [s.word.name for s in words[a + 1 : b] if isinstance(s.word, Mark)]
        if not set(between) & {"and", "or"} or any(not isinstance(s.word, Mark) for s in words[a + 1 : b]):
            raise NotUnderstood(f"I cannot relate {one.plural!r} and {other.plural!r}; ask about one at a time")
    all_ = [noun for _, noun in nouns]
    wide = any(not noun.labels for noun in all_)
    return Noun(
        " or ".join(dict.fromkeys(noun.singular for noun in all_)),
        " or ".join(dict.fromkeys(noun.plural for noun in all_)),
        () if wide else tuple(dict.fromkeys(label for noun in all_ for label in noun.labels)),
        () if any(not n.kinds for n in all_) else tuple(dict.fromkeys(kind for n in all_ for kind in n.kinds)),
        narrow=_narrow(all_) if not wide and any(not n.kinds for n in all_) else (),
    )


def _narrow(nouns: list[Noun]) -> tuple[tuple[Label, tuple[str, ...]], ...]:
    """ "cars or bicycles": of vehicles only the cars."""
    whole = {label for noun in nouns if not noun.kinds for label in noun.labels}
    return tuple((label, noun.kinds) for noun in nouns if noun.kinds for label in noun.labels if label not in whole)


def _joined(parts: Parts) -> None:
    """An "and" or "or" that joins nothing of one sort joins two questions."""
    nouns = sum(isinstance(said.word, Noun) for said in parts.words)
    verbs = len({said.word for said in parts.words if isinstance(said.word, Verb)})
    verbs = max(verbs, sum(isinstance(said.word, Verb) for said in parts.words))
    joins = sum(isinstance(said.word, Mark) and said.word.name in ("and", "or") for said in parts.words)
    if joins > max(0, nouns - 1) + max(0, verbs - 1):
        raise NotUnderstood("these are two questions; ask one at a time")


def _counted(parts: Parts) -> None:
    """ "How many cameras saw …", "what did … do": the thing asked for is not one that is counted here."""
    if parts.words[-1].word == Mark("do"):
        raise NotUnderstood("I cannot say what someone did; ask what happened")
    asked = next((at for at, said in enumerate(parts.words) if isinstance(said.word, Ask)), 0)
    after = parts.words[asked + 1].word if asked + 1 < len(parts.words) else None
    places = (Mark("camera"), Mark("zone"), Mark("footage"))
    if parts.kind == "count" and not parts.times and after in places and (parts.noun or parts.verb):
        raise NotUnderstood("I count things and events, not the cameras or places that saw them")


def _shape(parts: Parts, named: Named) -> Plan:
    zoned = bool(named.zones) or parts.has("zone")
    if parts.verb is None and parts.noun is None:
        return _about_itself(parts, zoned, named)
    if parts.kind == "coverage":
        raise NotUnderstood("'how much' is for how much was watched; ask 'how many' of things and events")
    if parts.has("events") or (parts.has("happen") and (parts.verb is None or not parts.verb.types)):
        return _happenings(parts)
    verb = parts.verb or SEEN
    if verb.about != "thing":
        return _seen_as(parts, verb)
    if (
        parts.has("who")
        and parts.verb is None
        and any(isinstance(said.word, Noun) for said in parts.words)
        and parts.kind == "list"
    ):
        raise NotUnderstood("nothing here knows who somebody is")
    return _presence(parts, parts.noun or ANY, verb, named, zoned)


def _about_itself(parts: Parts, zoned: bool, named: Named) -> Plan:
    """Questions without a thing or a happening: about what was watched, the streams, or all of it."""
    if parts.has("events", "happen") or parts.kind == "describe":
        return _happenings(parts)
    if parts.has("now") or parts.has("first", "last"):
        raise NotUnderstood("I do not see what is asked about")
    if zoned and parts.kind in ("list", "count"):
        return _presence(parts, ANY, ENTERED, named, zoned=True)
    if parts.has("watched") or parts.kind == "coverage":
        yes_no = parts.kind == "exists"
        return Plan(kind="exists" if yes_no else "coverage", of="coverage", subject="footage", subjects="footage")
    if parts.kind == "how_long" and parts.has("footage"):
        return Plan(kind="how_long", of="coverage", subject="footage", subjects="footage")
    if parts.has("camera", "footage") and parts.kind in ("list", "count", "exists"):
        return Plan(kind=parts.kind, of="streams", subject="stream", subjects="streams")
    raise NotUnderstood("I do not see what is asked about")


def _happenings(parts: Parts) -> Plan:
    if parts.verb and parts.verb.types:
        return (
            _seen_as(parts, parts.verb)
            if parts.verb.about != "thing"
            else _presence(parts, ANY, parts.verb, Named(text=""), False)
        )
    if parts.noun and parts.noun.labels:
        raise NotUnderstood(f"I cannot relate {parts.noun.plural!r} to what happened; ask what they did")
    if parts.kind in ("where", "how_long", "coverage"):
        raise NotUnderstood("ask where or how long of one thing that happened")
    return Plan(kind=parts.kind, subject="event", subjects="events", verb="happened", where=Filter(starts_inside=True))


def _seen_as(parts: Parts, verb: Verb) -> Plan:
    """Happenings that a noun is not counted in: the camera's own, and scenes."""
    noun = parts.noun
    if verb.about == "camera" and noun and noun.labels:
        raise NotUnderstood(f"I cannot relate {noun.plural!r} to the camera's state")
    labels = noun.labels if noun and noun.labels and not noun.agent else ()
    if labels == (Label.VEHICLE,) and set(verb.types) & {EventType.TRAFFIC_ACCIDENT, EventType.VEHICLE_STOPPED_ON_ROAD}:
        labels = ()
    name = verb.noun or "scene"
    now = verb.about == "camera" and verb.lasting and (parts.words[0].text in ("is", "are") or parts.has("now"))
    where = Filter(types=verb.types, labels=labels, starts_inside=not verb.lasting)
    return Plan(
        kind=parts.kind, where=where, subject=name, subjects=name, verb=verb.past, now=now and parts.kind == "exists"
    )


def _presence(parts: Parts, noun: Noun, verb: Verb, named: Named, zoned: bool) -> Plan:
    if parts.has("now"):
        raise NotUnderstood("what is so at this very moment is not something I can tell from what was stored")
    types, past = verb.types, verb.past
    if named.lines and types and set(types) != {EventType.LINE_CROSSED}:
        raise NotUnderstood("a line goes with crossing it; ask about the rest on its own")
    if EventType.LINE_CROSSED in types and named.lines:
        past = f"crossed the line {' or '.join(named.lines)}"
    elif named.lines and not types:
        past = f"{past} at the line {' or '.join(named.lines)}"
    if zoned:
        types, past = _in_zone(verb, named)
    of: Of = "events" if types else "tracks"
    kind = "list" if parts.kind == "describe" else parts.kind
    where = Filter(
        types=types,
        labels=noun.labels,
        kinds=noun.kinds,
        zones=named.zones,
        lines=named.lines,
        starts_inside=of == "events" and not verb.lasting and kind != "how_long",
    )
    still = bool(set(noun.labels) & _STILL)
    distinct = (
        kind == "count" and not parts.times and bool(zoned or set(types) & {EventType.LINE_CROSSED, *LEFT_BEHIND.types})
    )
    return Plan(
        kind=kind,
        of=of,
        where=where,
        subject=noun.singular,
        subjects=noun.plural,
        verb=past,
        moving=of == "tracks" and not still,
        distinct=distinct,
        pick=_pick(parts),
        narrow=noun.narrow,
    )


def _in_zone(verb: Verb, named: Named) -> tuple[tuple[EventType, ...], str]:
    """The types and the past form of a verb where a zone is spoken of."""
    place = f"the zone {' or '.join(named.zones)}" if named.zones else "a zone"
    if verb.zone == ENTERED.zone:
        return verb.zone, f"entered {place}"
    if verb.zone == EXITED.zone:
        return verb.zone, f"went out of {place}"
    if verb in (SEEN, PASSED, MOVED):
        return (EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING), f"seen in {place}"
    return verb.types, f"{verb.past} in {place}"


def _pick(parts: Parts) -> Literal["first", "last"] | None:
    if parts.has("first"):
        return "first"
    return "last" if parts.has("last") else None
