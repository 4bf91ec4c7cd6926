"""Settling (design §11): which event each assertion supports, as pure functions.

Given events (fast ones, and deep ones that name themselves in `of`) stand by themselves. What the deep
assertions of one stream and type say is a function of two sets, the given events and the deep assertions,
so neither order nor repetition can matter:

1. One with a known subject supports the given event of that subject that it overlaps most; where none
   does, the first such assertion by (start, id) founds an event, and those that overlap a founder of
   their subject support it.
2. One without supports the given event, or founded one of 1., that it overlaps most; where none does,
   they found and support events among themselves as in 1.

A founder's times are its event's: support never stretches. An assertion depends only on given events that
overlap it and on deep assertions joined to it by a chain of overlaps; `closure` finds that chain.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from vidette.geometry import Box
from vidette.ids import milliseconds
from vidette.intervals import union
from vidette.models import Assertion, Attributes, EventType, Role, State

TOLERANCE_MS = 500
"""One sampling interval: a deep look's times may miss a fast event's by this much."""

_NEAR_MS = 15_000
"""Windows as near as this are read at once: a wider one changes what is read, never what follows."""

Window = tuple[float, float]
"""Media milliseconds [from, to); `to` may be infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """When something was, in media milliseconds, and to whom: an assertion or event as overlap sees it."""

    id: str
    start: float
    end: float
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as its newest own assertion leaves it."""

    id: str
    stream_id: str
    type: EventType
    start_s: float
    end_s: float | None
    confidence: float
    caption: str
    state: State
    box: Box | None
    zone: str | None
    line: str | None
    attributes: Attributes


def fold(event: Event | None, said: Assertion) -> Event:
    """The event after one more of its own assertions; None: this is the first."""
    fresh = Event(
        id=said.of or said.id,
        stream_id=said.stream_id,
        type=said.type,
        start_s=said.start_s,
        end_s=said.end_s,
        confidence=said.confidence,
        caption=said.caption,
        state=said.state,
        box=said.box,
        zone=said.zone,
        line=said.line,
        attributes=said.attributes,
    )
    if event is None:
        return fresh
    return replace(
        fresh,
        start_s=event.start_s,
        caption=said.caption or event.caption,
        box=said.box or event.box,
        zone=said.zone or event.zone,
        line=said.line or event.line,
        attributes={**event.attributes, **said.attributes},
    )


def happening(id_: str, start_s: float, end_s: float | None, roles: Iterable[Role]) -> Happening:
    """A deep assertion as overlap sees it; without an end it is an instant."""
    start = milliseconds(start_s)
    end = milliseconds(end_s) if end_s is not None else start
    return Happening(id=id_, start=start, end=max(end, start + 1), subjects=subjects(roles))


def window_of(event: Event) -> Window:
    """When an event was, in media milliseconds; one that goes on lasts for ever."""
    start = milliseconds(event.start_s)
    return start, float("inf") if event.end_s is None else max(start + 1, milliseconds(event.end_s))


def moved(before: Event, after: Event) -> bool:
    """Whether overlap with an event may have changed."""
    held = [event.state is State.RETRACTED for event in (before, after)]
    return window_of(before) != window_of(after) or held[0] != held[1]


def subjects(roles: Iterable[Role]) -> frozenset[str]:
    """Tracks that an assertion is about: its `subject` roles, else every track that takes part."""
    listed = [role for role in roles if role.track_id]
    named = [role for role in listed if role.role == "subject"] or listed
    return frozenset(role.track_id for role in named if role.track_id)


def overlap(a: Happening, b: Happening) -> float:
    """Milliseconds that two share; below 0 is how far apart they are."""
    return min(a.end, b.end) - max(a.start, b.start)


def supports(given: Iterable[Happening], deep: Iterable[Happening]) -> dict[str, str]:
    """Which event each deep assertion supports, by ids; one that supports itself founds an event."""
    events, said = sorted(given, key=_order), sorted(deep, key=_order)
    out: dict[str, str] = {}
    by_subject: dict[tuple[str, ...], list[Happening]] = {}
    for one, near in _near(said, events, TOLERANCE_MS):
        theirs = [
            event for event in near if not (event.subjects and one.subjects and event.subjects.isdisjoint(one.subjects))
        ]
        if one.subjects and not theirs:
            by_subject.setdefault(tuple(sorted(one.subjects)), []).append(one)
        elif one.subjects:
            out[one.id] = _most(one, theirs)
    founded = sorted((one for group in by_subject.values() for one in _found(out, group)), key=_order)
    rest = [one for one in said if not one.subjects]
    theirs_too = {one.id: near for one, near in _near(rest, founded, 0)}
    for one, near in _near(rest, events, TOLERANCE_MS):
        if near + theirs_too[one.id]:
            out[one.id] = _most(one, near + theirs_too[one.id])
    _found(out, [one for one in rest if one.id not in out])
    return out


def placements(
    windows: Iterable[Window],
    load: Callable[[Window], Iterable[Happening]],
    given: Callable[[Window], Iterable[Happening]],
) -> dict[str, str]:
    """Which event each deep assertion near the windows supports; `load` gives such assertions, `given` the given events."""
    deep: dict[str, Happening] = {}
    for low, high in union((low - _NEAR_MS, high + _NEAR_MS) for low, high in windows):
        deep.update(closure(load, (low, high)))
    if not deep:
        return {}
    low = min(one.start for one in deep.values()) - TOLERANCE_MS
    high = max(one.end for one in deep.values()) + TOLERANCE_MS
    return supports(given((low, high)), deep.values())


def closure(load: Callable[[Window], Iterable[Happening]], window: Window) -> dict[str, Happening]:
    """Every deep assertion joined to the window by a chain of overlaps.

    `load` gives those that overlap a window; only what a step adds to the reach is loaded next.
    """
    found: dict[str, Happening] = {}
    low, high = window
    pending = [window]
    while pending:
        fresh = [one for one in load(pending.pop()) if one.id not in found]
        found.update((one.id, one) for one in fresh)
        first = min((one.start for one in fresh), default=low)
        last = max((one.end for one in fresh), default=high)
        if first < low:
            pending.append((first, low))
            low = first
        if last > high:
            pending.append((high, last))
            high = last
    return found


def _order(one: Happening) -> tuple[float, str]:
    return one.start, one.id


def _most(one: Happening, events: Iterable[Happening]) -> str:
    return min(events, key=lambda event: (-overlap(one, event), event.id)).id


def _near(
    ones: Iterable[Happening], events: list[Happening], slack: float
) -> Iterator[tuple[Happening, list[Happening]]]:
    """Each of `ones` with the events that overlap it or miss it by less than `slack`; both in order."""
    at = 0
    active: list[Happening] = []
    for one in ones:
        while at < len(events) and events[at].start < one.end + slack:
            active.append(events[at])
            at += 1
        active = [event for event in active if event.end + slack > one.start]
        yield one, [event for event in active if overlap(one, event) + slack > 0]


def _found(out: dict[str, str], said: list[Happening]) -> list[Happening]:
    """Events that `said` (in order) found among themselves; the others support the one they overlap most."""
    founders: list[Happening] = []
    for one in said:
        # Founders do not overlap each other, so the last one reaches furthest.
        if not founders or overlap(founders[-1], one) <= 0:
            founders.append(one)
    for one, near in _near(said, founders, 0):
        out[one.id] = _most(one, near)
    return founders
