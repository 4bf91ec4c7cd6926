"""Captions in plain words, from what was tracked: no model, no invention."""

from collections.abc import Sequence

from vidette.geometry import Box
from vidette.models import EventType, Label

_ROWS = ("top", "middle", "bottom")
_COLUMNS = ("left", "centre", "right")


def thing(label: Label, colour: str, *, article: bool = True) -> str:
    """ "a white object", "a person in red"."""
    if label == Label.PERSON:
        words = f"person in {colour}" if colour else "person"
    else:
        words = f"{colour} {label}" if colour else str(label)
    if not article:
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def place(box: Box) -> str:
    """Which ninth of the picture the middle of a box is in: "top left", "centre"."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    row, column = _ROWS[min(2, int(y * 3))], _COLUMNS[min(2, int(x * 3))]
    if row == "middle":
        return "centre" if column == "centre" else f"{column} side"
    return f"{row} {column}" if column != "centre" else row


def border(box: Box) -> str | None:
    """The edge of the picture that a box is at, if it is at one."""
    gaps = {"left": box[0], "top": box[1], "right": 1 - box[2], "bottom": 1 - box[3]}
    name = min(gaps, key=lambda side: gaps[side])
    return name if gaps[name] < 0.03 else None


def entered(who: str, box: Box) -> str:
    """Somebody came into view."""
    side = border(box)
    return _sentence(f"{who} entered {'from the ' + side if side else 'the view, ' + place(box)}")


def exited(who: str, box: Box, stayed_s: float) -> str:
    """Somebody went out of view."""
    side = border(box)
    return _sentence(f"{who} went out {'at the ' + side if side else 'of view, ' + place(box)} after {_time(stayed_s)}")


def heading(first: Box, last: Box) -> str:
    """Which way a thing went over the picture: "left to right", "down", ..."""
    dx = (last[0] + last[2] - first[0] - first[2]) / 2
    dy = (last[1] + last[3] - first[1] - first[3]) / 2
    if max(abs(dx), abs(dy)) < 0.05:
        return "in place"
    if abs(dx) > abs(dy):
        return "left to right" if dx > 0 else "right to left"
    return "downwards" if dy > 0 else "upwards"


def said(text: str) -> str:
    """A sentence: first letter large, a full stop."""
    return _sentence(text)


def segment(events: Sequence[tuple[str, str]], in_view: int) -> str:
    """What happened in a segment, of its events' (type, caption): a few sentences."""
    told = list(dict.fromkeys(text for type_, text in events if type_ != EventType.COUNT_CHANGED))
    if not told:
        return _sentence(f"{_number(in_view)} in view, moving") if in_view else "Something moved for a moment."
    text = " ".join(told[:6])
    return text if len(told) <= 6 else f"{text} And {len(told) - 6} more."


def _number(count: int) -> str:
    return "one thing" if count == 1 else f"{count} things"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
