"""Rules that are well written and yet hold never, or always: what a person should look at again."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.occurrence import INSTANTS
from rules.rulebook import hearers, near
from rules.words import listed, words_of
from vidette.alerts import Severity
from vidette.families import CAMERA, MEANING, SYSTEM
from vidette.models import EventType, Label
from vidette.rule_settings import RuleSettings, SinkSettings, WhenSettings
from vidette.settings import Settings

PLACELESS = CAMERA | SYSTEM | {EventType.CROWD_FORMED, EventType.COUNT_CHANGED}
"""Types that are about the whole picture: in no zone, of no thing."""


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
        streams=frozenset(one.name for one in settings.streams),
        zones=frozenset(zone.name for one in chosen for zone in one.zones),
        lines=frozenset(line.name for one in chosen for line in one.lines),
    )


def doubts(rule: RuleSettings, settings: Settings, sinks: list[SinkSettings]) -> Iterator[str]:
    """One sentence each."""
    yield from _never(rule.when)
    yield from _untold(rule.when, settings)
    yield from _names(rule.when, settings)
    yield from _always(rule.when)
    if rule.active and rule.active.begin == rule.active.end:
        yield f"active from {rule.active.begin} to {rule.active.end} is never"
    yield from _unheard(rule, sinks)


def _never(when: WhenSettings) -> Iterator[str]:
    types = frozenset(when.event)
    instants = types & INSTANTS
    if when.for_s and instants:
        yield f"{listed(instants, 'and')} {_is(instants)} over at once: `for_s` {when.for_s:g} never holds"
    if when.for_s and not types and when.line:
        yield f"a line is crossed in an instant: `for_s` {when.for_s:g} never holds"
    unlined = types - {EventType.LINE_CROSSED}
    if when.line and unlined:
        yield f"{listed(unlined, 'and')} {_is(unlined)} at no line: only line_crossed is"
    placeless = types & PLACELESS
    for noun, asked in (("zone", when.zone), ("label", when.label)):
        if asked and placeless:
            yield f"{listed(placeless, 'and')} {_is(placeless)} about the whole picture and has no {noun}"


def _untold(when: WhenSettings, settings: Settings) -> Iterator[str]:
    told = {Label.OBJECT} | ({Label.PERSON} if settings.fast.people else set())
    labels, types = frozenset(when.label) - told, frozenset(when.event) & MEANING
    if settings.vlm.backend == "none" and labels:
        yield f"nothing here tells {listed(labels, 'and')}: without a vision-language model things are {listed(told)}"
    if settings.vlm.backend == "none" and types:
        yield f"nothing here tells {listed(types, 'and')}: that needs a vision-language model"


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
    if when.caption and not words_of(when.caption):
        yield f"caption {when.caption!r} holds no word and asks for nothing"
    if not (when.event or when.label or words_of(when.caption) or when.zone or when.line):
        yield "it names no event, label, caption, zone or line: every event raises an alert"


def _unheard(rule: RuleSettings, sinks: list[SinkSettings]) -> Iterator[str]:
    if not sinks:
        yield "no sink is set: its alerts are kept, nobody is told"
        return
    order = list(Severity)
    hearing = hearers(sinks, rule.sinks)
    if hearing and all(order.index(rule.severity) < order.index(sink.min_severity) for sink in hearing):
        yield f"no sink takes severity {rule.severity}: its alerts are kept, nobody is told"


def _is(names: frozenset[EventType]) -> str:
    return "is" if len(names) == 1 else "are"
