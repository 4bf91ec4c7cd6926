"""An alert as one sentence that a person reads on a phone."""

import unicodedata
from datetime import datetime, tzinfo

from vidette.rows import EventRow

_CAPTION = 200
_NAME = 80
_CLOSER = ". Seen closer: "


def happened(event: EventRow, tz: tzinfo, lasted_s: float) -> str:
    """What, where, on which stream, how long, since when: `“A bag was left” in entrance on lobby, for 60 s, …`.

    What the event itself says stands in quotation marks: it is data of a camera, a model or a file.
    `lasted_s` 0 leaves out how long.
    """
    where = "".join(f" {word} {quoted_name(name)}" for word, name in (("in", event.zone), ("at", event.line)) if name)
    long = f", for {duration(lasted_s)}" if lasted_s > 0 else ""
    return f"{what(event)}{where} on {quoted_name(event.stream)}{long}, {clock(event.start, tz)}"


def over(text: str, lasted_s: float) -> str:
    """The same, when it is over."""
    return f"Over after {duration(lasted_s)}: {text}"


def taken_back(text: str) -> str:
    """The same, when what it told of was none."""
    return f"Taken back, a closer look found none: {text}"


def closer(text: str, said: str) -> str:
    """The same, with what a closer look says; in place of what an earlier one said."""
    return f"{text.partition(_CLOSER)[0]}{_CLOSER}{quoted(said)}"


def what(event: EventRow) -> str:
    """The caption in quotation marks, else the type in words."""
    return quoted(event.caption) or str(event.type).replace("_", " ").capitalize()


def quoted(text: str) -> str:
    """What a camera, a model or a file says, in quotation marks, which it cannot end; empty where it says nothing."""
    said = plain(text, _CAPTION).rstrip(".").replace("“", '"').replace("”", '"')
    return f"“{said}”" if said else ""


def quoted_name(name: str) -> str:
    """A stream's, zone's or line's name as it may stand in a sentence."""
    return plain(name, _NAME) or "?"


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` letters: control, format and unassigned characters (Unicode C*) are out."""
    said = text[: limit * 4]
    if not said.isprintable():  # what is holds none of them
        said = "".join(letter if not unicodedata.category(letter).startswith("C") else " " for letter in said)
    line = " ".join(said.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def duration(seconds: float) -> str:
    """`12 s`, `3 min`, `1 h 20 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    total = round(seconds / 60)
    hours, rest = divmod(total, 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{rest} min"] * (rest > 0))


def clock(at: datetime, tz: tzinfo) -> str:
    """`Sat 21 Nov 14:03:05 CET`."""
    local = at.astimezone(tz)
    return f"{local:%a} {local.day} {local:%b %H:%M:%S %Z}".rstrip()
