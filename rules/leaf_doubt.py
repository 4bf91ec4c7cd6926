"""Conditions on one event, or one answer, that nothing here can fulfil, and names that nothing here has."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.occurrence import INSTANTS
from rules.rulebook import near
from rules.sentence import quoted
from rules.words import folded, listed, words_of
from vidette.families import CAMERA, MEANING, SYSTEM
from vidette.models import EventType, Label
from vidette.rule_settings import WhenSettings
from vidette.settings import Settings

PLACELESS = CAMERA | SYSTEM | {EventType.CROWD_FORMED, EventType.COUNT_CHANGED}
"""Types that are about the whole picture: in no zone, of no thing."""
SYSTEM_STREAM = "system"
"""What happens to the machine is told of this stream."""
_ATTRIBUTES = frozenset({"colour", "heading", "size", "speed"})
_OF_EVENTS = frozenset({"direction", "count", "before", "cause", "by_s", "off_s", "still"})
_OPEN = frozenset({"what", "who", "whom", "whose", "where", "when", "why", "which", "how"})
_CROSSED = EventType.LINE_CROSSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that the settings give."""

    streams: frozenset[str]
    zones: frozenset[str]
    lines: frozenset[str]


def known(settings: Settings, streams: tuple[str, ...] = ()) -> Known:
    """Zones and lines of these streams (all, where none is named)."""
    chosen = [one for one in settings.streams if not streams or one.name in streams]
    return Known(
        streams=frozenset(one.name for one in settings.streams) | {SYSTEM_STREAM},
        zones=frozenset(zone.name for one in chosen for zone in one.zones),
        lines=frozenset(line.name for one in chosen for line in one.lines),
    )


def leaf_doubts(when: WhenSettings, settings: Settings) -> Iterator[str]:
    """One sentence each, of a condition on one event."""
    yield from _never(when)
    yield from _untold(when, settings)
    yield from _of_system(when)
    yield from _names(when, settings)
    yield from _always(when)


def ask_doubts(when: WhenSettings, settings: Settings) -> Iterator[str]:
    """One sentence each, of a question."""
    if settings.vlm.backend == "none":
        yield "nothing here answers questions: that needs a vision-language model (`vlm.backend`)"
    if folded(when.ask).partition(" ")[0] in _OPEN:
        yield f"{quoted(when.ask)} is not answered by yes or no"
    if tuple(when.stream) == (SYSTEM_STREAM,):
        yield f"the stream {SYSTEM_STREAM!r} has no pictures"
    yield from _names(when, settings)


def never(when: WhenSettings, settings: Settings) -> bool:
    """Whether a condition on one event, or a question, cannot hold, whatever happens."""
    there = known(settings, when.stream)
    if settings.streams and any(
        asked and names.isdisjoint(asked)
        for asked, names in ((when.stream, there.streams), (when.zone, there.zones), (when.line, there.lines))
    ):
        return True
    if when.ask:
        return settings.vlm.backend == "none"
    labels = frozenset(when.label)
    if labels and labels <= _untold_labels(labels, settings):
        return True
    return bool(when.event) and not any(_can(type_, when, settings) for type_ in when.event)


def instant(when: WhenSettings) -> bool:
    """Whether all that a condition on one event may be is over at once."""
    return frozenset(when.event) <= INSTANTS if when.event else bool(when.line or when.direction)


def _can(type_: EventType, when: WhenSettings, settings: Settings) -> bool:
    """Whether an event of this type can be what is asked for."""
    return not (
        (when.for_s and type_ in INSTANTS)
        or ((when.line or when.direction) and type_ != _CROSSED)
        or ((when.zone or when.label) and type_ in PLACELESS)
        or (settings.vlm.backend == "none" and type_ in MEANING)
        or (when.stream and (type_ in SYSTEM) and SYSTEM_STREAM not in when.stream)
        or (tuple(when.stream) == (SYSTEM_STREAM,) and type_ not in SYSTEM)
    )


def _never(when: WhenSettings) -> Iterator[str]:
    types = frozenset(when.event)
    instants = types & INSTANTS
    if when.for_s and instants:
        yield f"{listed(instants, 'and')} {_is(instants)} over at once: `for_s` {when.for_s:g} never holds"
    if when.for_s and not types and (when.line or when.direction):
        yield f"a line is crossed in an instant: `for_s` {when.for_s:g} never holds"
    unlined = types - {_CROSSED}
    if when.line and unlined:
        yield f"{listed(unlined, 'and')} {_is(unlined)} at no line: only line_crossed is"
    elif when.direction and unlined:
        yield f"{listed(unlined, 'and')} {_has(unlined)} no direction: only line_crossed has"
    placeless = types & PLACELESS
    for noun, asked in (("zone", when.zone), ("label", when.label)):
        if asked and placeless:
            yield f"{listed(placeless, 'and')} {_is(placeless)} about the whole picture and has no {noun}"


def _untold(when: WhenSettings, settings: Settings) -> Iterator[str]:
    labels = _untold_labels(frozenset(when.label), settings)
    if labels:
        told = listed(_told_labels(settings))
        yield f"nothing here tells {listed(labels, 'and')}: without a vision-language model things are {told}"
    types = frozenset(when.event) & MEANING
    if settings.vlm.backend == "none" and types:
        yield f"nothing here tells {listed(types, 'and')}: that needs a vision-language model"
    keys = frozenset(map(folded, when.attributes)) - _ATTRIBUTES - _OF_EVENTS
    if keys and not _recognises(settings):
        told = listed(_ATTRIBUTES, "and")
        yield f"nothing here tells {listed(keys, 'and')}: without a vision-language model things have {told}"


def _untold_labels(labels: frozenset[Label], settings: Settings) -> frozenset[Label]:
    return frozenset() if _recognises(settings) else labels - _told_labels(settings)


def _told_labels(settings: Settings) -> frozenset[Label]:
    return frozenset({Label.OBJECT, Label.PERSON} if settings.fast.people else {Label.OBJECT})


def _recognises(settings: Settings) -> bool:
    """Whether a model tells what things are."""
    return settings.vlm.backend != "none" or settings.detector.backend != "none"


def _of_system(when: WhenSettings) -> Iterator[str]:
    system = frozenset(when.event) & SYSTEM
    if when.stream and system and SYSTEM_STREAM not in when.stream:
        yield f"{listed(system, 'and')} {_is(system)} told of the stream {SYSTEM_STREAM!r} only"
    others = frozenset(when.event) - SYSTEM
    if tuple(when.stream) == (SYSTEM_STREAM,) and others:
        yield f"{listed(others, 'and')} {_is(others)} never told of the stream {SYSTEM_STREAM!r}"


def _names(when: WhenSettings, settings: Settings) -> Iterator[str]:
    """Names that no stream of the settings has; without any stream there is nothing to hold them against."""
    if not settings.streams:
        return
    there = known(settings, when.stream)
    for noun, asked, names in (
        ("stream", when.stream, there.streams),
        ("zone", when.zone, there.zones),
        ("line", when.line, there.lines),
    ):
        for name in asked:
            if name not in names:
                yield f"no {noun} {name!r} in the settings{near(name, names)}"


def _always(when: WhenSettings) -> Iterator[str]:
    words = words_of(when.caption)
    if when.caption and not words:
        yield f"caption {when.caption!r} holds no word and asks for nothing"
    if not (when.event or when.label or when.attributes or words or when.zone or when.line or when.direction):
        yield "it names no event, label, attribute, caption, zone or line: every event fits"


def _is(names: frozenset[EventType]) -> str:
    return "is" if len(names) == 1 else "are"


def _has(names: frozenset[EventType]) -> str:
    return "has" if len(names) == 1 else "have"
