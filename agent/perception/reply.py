"""Checking a vision model's reply: what it says is hostile until it fits the closed lists and bounds."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from vidette.families import CLOCK, SIGNAL, SYSTEM
from vidette.geometry import Box, Point
from vidette.models import Attributes, EventType, Label, Verdict
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent, SeenText

MAX_CAPTION = 500
MAX_ENTITIES = 64
MAX_EVENTS = 32
MAX_TRACKS = 16
MAX_ATTRIBUTES = 16
MAX_VALUE = 120
MAX_CORNERS = 64
MAX_TEXTS = 32
MAX_VERDICTS = 64
_HUGE = 1e15
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NOT_SEEN = SIGNAL | CLOCK | SYSTEM  # facts about clocks, hosts and signals: no picture shows them


def checked(reply: LookReply, request: LookRequest) -> LookReply:
    """The reply with all that is outside the schema, the segment or the bounds clamped or left out.

    Times are clamped to the segment, and an event wholly outside it is refused; labels and event
    types must be of the closed lists; tracks must be among those asked about; boxes lie in 0..1;
    texts lose control characters and are cut.
    """
    tracks = {track.id for track in request.tracks} | set(request.segment.track_ids)
    window = (request.segment.start_s, request.segment.end_s)
    entities = (_entity(thing, tracks, window) for thing in _first(reply.entities, MAX_ENTITIES))
    events = (_event(event, tracks, window) for event in _first(reply.events, MAX_EVENTS))
    return LookReply(
        caption=clean(reply.caption, MAX_CAPTION),
        entities=tuple(thing for thing in entities if thing),
        events=tuple(event for event in events if event),
        text=tuple(filter(None, (_text(one, window) for one in _first(reply.text, MAX_TEXTS)))),
        verdicts=tuple(filter(None, (_verdict(one, request, window) for one in _first(reply.verdicts, MAX_VERDICTS)))),
        run=reply.run,
        usage=reply.usage,
        note=reply.note,
        captions=tuple(clean(one, MAX_CAPTION) for one in reply.captions[: len(request.parts)]),
    )


def _text(one: SeenText, window: tuple[float, float]) -> SeenText | None:
    at, text = _within(one.at_s, window), clean(one.text, MAX_CAPTION)
    return SeenText(at_s=at, text=text) if at is not None and text else None


def _verdict(one: Verdict, request: LookRequest, window: tuple[float, float]) -> Verdict | None:
    """Only a verdict on what was asked, in one of the three words."""
    confidence = _number(one.confidence)
    if one.question not in request.questions or one.answer not in ("yes", "no", "unknown") or confidence is None:
        return None
    return replace(one, confidence=min(1.0, max(0.0, confidence)), at_s=_within(one.at_s, window))


def clean(text: object, limit: int) -> str:
    """One line of printable text of at most `limit` characters; other than text is empty."""
    if not isinstance(text, str):
        return ""
    kept = (" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: limit * 4])
    return " ".join("".join(kept).split())[:limit].rstrip()


def _first(things: Iterable[Any], limit: int) -> list[Any]:
    return list(things)[:limit]


def _entity(thing: SeenEntity, tracks: Collection[str], window: tuple[float, float]) -> SeenEntity | None:
    if thing.label not in set(Label):
        return None
    return SeenEntity(
        label=Label(thing.label),
        description=clean(thing.description, MAX_CAPTION),
        track_id=thing.track_id if thing.track_id in tracks else None,
        box=_box(thing.box),
        attributes=_attributes(thing.attributes),
        polygon=_polygon(thing.polygon),
        at_s=_within(thing.at_s, window),
    )


def _event(event: SeenEvent, tracks: Collection[str], window: tuple[float, float]) -> SeenEvent | None:
    if event.type not in set(EventType) - _NOT_SEEN:
        return None
    times = _inside(event.start_s, event.end_s, window)
    confidence = _number(event.confidence)
    if times is None or confidence is None:
        return None
    return SeenEvent(
        type=EventType(event.type),
        start_s=times[0],
        end_s=times[1],
        confidence=min(1.0, max(0.0, confidence)),
        caption=clean(event.caption, MAX_CAPTION),
        track_ids=tuple(dict.fromkeys(id_ for id_ in event.track_ids if id_ in tracks))[:MAX_TRACKS],
        box=_box(event.box),
        at_s=_within(event.at_s, window),
    )


def _within(at_s: object, window: tuple[float, float]) -> float | None:
    at = _number(at_s)
    return at if at is not None and window[0] <= at <= window[1] else None


def _inside(start_s: object, end_s: object, window: tuple[float, float]) -> tuple[float, float] | None:
    """The times clamped to the window; None where they are not times, or lie wholly outside it."""
    start, end = _number(start_s), _number(end_s)
    if start is None or end is None or end < start or end < window[0] or start > window[1]:
        return None
    return max(start, window[0]), min(end, window[1])


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _HUGE else None  # false for NaN too


def _box(box: object) -> Box | None:
    """The box kept inside the picture; None where it is not one or has no area there."""
    if not isinstance(box, tuple | list) or len(box) != 4:
        return None
    numbers = [_number(side) for side in box]
    sides = [min(1.0, max(0.0, side)) for side in numbers if side is not None]
    if len(sides) != 4 or sides[2] <= sides[0] or sides[3] <= sides[1]:
        return None
    return sides[0], sides[1], sides[2], sides[3]


def _polygon(corners: object) -> tuple[Point, ...]:
    """The corners kept inside the picture; none where they are no polygon or too many."""
    if not isinstance(corners, tuple | list) or not 3 <= len(corners) <= MAX_CORNERS:
        return ()
    kept = [_corner(one) for one in corners]
    return tuple(one for one in kept if one) if None not in kept else ()


def _corner(corner: object) -> Point | None:
    if not isinstance(corner, tuple | list) or len(corner) != 2:
        return None
    x, y = _number(corner[0]), _number(corner[1])
    return (min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) if x is not None and y is not None else None


def _attributes(attributes: object) -> Attributes:
    if not isinstance(attributes, dict):
        return {}
    pairs = ((name, _value(value)) for name, value in attributes.items() if _is_name(name))
    return dict([(name, value) for name, value in pairs if value is not None][:MAX_ATTRIBUTES])


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _value(value: object) -> str | float | bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean(value, MAX_VALUE) or None
    return _number(value)
