"""Timed captions from files: JSON, SRT and WebVTT. Everything in such a file is hostile until read.

JSON is a list of rows `{start, end, text, type?, label?, stream?}` (seconds), or an object of videos
`{name: {duration, timestamps: [[start, end]], sentences: [text]}}`. SRT is as players take it; WebVTT
as in w3.org/TR/webvtt1 with cue settings, tags, notes, styles and regions dropped.
"""

import html
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vidette.errors import SourceError
from vidette.models import EventType, Label

MAX_BYTES = 64 * 1024 * 1024
MAX_CAPTIONS = 200_000
MAX_TEXT = 4_000
MAX_NAME = 120
MAX_S = 366 * 86_400.0

Kind = TypeVar("Kind", EventType, Label)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_NOTE = re.compile(r"^(?:NOTE|STYLE|REGION)(?:\s|$)")
_ARROW = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCaption:
    """What was said of [start_s, end_s) of a stream; `duration_s` is the stream's, where the file tells it.

    `stream` is empty where the file names none.
    """

    stream: str
    start_s: float
    end_s: float
    text: str
    type: EventType | None = None
    label: Label | None = None
    duration_s: float | None = None


def read_captions(path: Path) -> list[TimedCaption]:
    """The captions of a file, in its order. Raises SourceError with the line or row at fault."""
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}; give a captions file") from error
    return parse_captions(data, path.name)


def parse_captions(data: bytes, name: str) -> list[TimedCaption]:
    """The captions in the bytes of a file called `name`. Raises SourceError with the line or row at fault."""
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name!r} is larger than {MAX_BYTES // 2**20} MiB; split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(f"{name!r} line {line}: not UTF-8; convert the file") from error
    try:
        found = list(_bounded(_parse(text)))
    except _FaultyError as fault:
        raise SourceError(f"{name!r} {fault.place}: {fault}") from fault
    if not found:
        raise SourceError(f"{name!r} holds no captions; give JSON, SRT or WebVTT")
    return found


class _FaultyError(Exception):
    """What is wrong, and at which line or row."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


def _bounded(captions: Iterator[TimedCaption]) -> Iterator[TimedCaption]:
    for number, caption in enumerate(captions, 1):
        if number > MAX_CAPTIONS:
            raise _FaultyError(f"row {number}", f"more than {MAX_CAPTIONS} captions; split the file")
        yield caption


def _parse(text: str) -> Iterator[TimedCaption]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _json(text)
    return _cues(text)


def _json(text: str) -> Iterator[TimedCaption]:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _FaultyError(f"line {error.lineno}", f"not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise _FaultyError("line 1", "JSON nested too deep, or a number too long") from error
    if isinstance(value, list):
        for number, row in enumerate(value, 1):
            yield _row(f"row {number}", row)
        return
    for name, video in value.items():
        yield from _video(name, video)


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _row(place: str, row: Any) -> TimedCaption:
    if not isinstance(row, dict):
        raise _FaultyError(place, f"{_shown(row)} is no caption; give {{start, end, text}}")
    start_s, end_s = _when(place, row.get("start"), row.get("end"))
    return TimedCaption(
        stream=_name(place, row.get("stream")),
        start_s=start_s,
        end_s=end_s,
        text=_caption(place, row.get("text")),
        type=_choice(place, "type", EventType, row.get("type")),
        label=_choice(place, "label", Label, row.get("label")),
    )


def _video(name: str, video: Any) -> Iterator[TimedCaption]:
    place = f"video {_shown(name)}"
    if not isinstance(video, dict):
        raise _FaultyError(place, "no object; give {duration, timestamps, sentences}")
    times, sentences = video.get("timestamps"), video.get("sentences")
    if not isinstance(times, list) or not isinstance(sentences, list) or len(times) != len(sentences):
        raise _FaultyError(place, "`timestamps` and `sentences` are not two lists of one length")
    duration = None if video.get("duration") is None else _seconds(place, "duration", video["duration"])
    for number, (pair, sentence) in enumerate(zip(times, sentences, strict=True), 1):
        here = f"{place} row {number}"
        if not isinstance(pair, list) or len(pair) != 2:
            raise _FaultyError(here, f"{_shown(pair)} is no [start, end]")
        start_s, end_s = _when(here, *pair)
        said = _caption(here, sentence)
        yield TimedCaption(stream=_name(place, name), start_s=start_s, end_s=end_s, text=said, duration_s=duration)


def _cues(text: str) -> Iterator[TimedCaption]:
    """SRT and WebVTT: a block with an arrow is a cue, its other lines after the arrow are its text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at = 0
    while at < len(lines):
        if _NOTE.match(lines[at]) or "-->" not in lines[at]:
            at = _skip(lines, at)
            continue
        place, body = f"line {at + 1}", at + 1
        while body < len(lines) and lines[body].strip() and not _ARROW.match(lines[body]):
            body += 1
        words = _plain(" ".join(lines[at + 1 : body]))
        if words:
            start_s, end_s = _clocks(place, lines[at])
            yield TimedCaption(stream="", start_s=start_s, end_s=end_s, text=_caption(place, words))
        at = body


def _skip(lines: list[str], at: int) -> int:
    """Past a line without an arrow; past the whole block where it is a note, style or region."""
    if not _NOTE.match(lines[at]):
        return at + 1
    while at < len(lines) and lines[at].strip():
        at += 1
    return at


def _clocks(place: str, line: str) -> tuple[float, float]:
    match = _ARROW.match(line)
    if not match:
        raise _FaultyError(place, f"{_shown(line)} is no time; write 00:00:01,000 --> 00:00:02,000")
    parts = match.groups(default="0")
    return _when(place, _clock(parts[:4]), _clock(parts[4:]))


def _clock(parts: tuple[str | Any, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _when(place: str, start: Any, end: Any) -> tuple[float, float]:
    start_s, end_s = _seconds(place, "start", start), _seconds(place, "end", end)
    if end_s < start_s:
        raise _FaultyError(place, f"ends at {end_s} s, before it starts at {start_s} s")
    return start_s, end_s


def _seconds(place: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _FaultyError(place, f"`{key}` is {_shown(value)}, not a number of seconds")
    if not 0 <= value <= MAX_S or not math.isfinite(value):
        raise _FaultyError(place, f"`{key}` is {_shown(value)}; give 0 to {MAX_S:.0f} seconds")
    return float(value)


def _caption(place: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _FaultyError(place, f"`text` is {_shown(value)}, not text")
    text = _CONTROL.sub(" ", value).strip()
    if not text:
        raise _FaultyError(place, "`text` is empty")
    if len(text) > MAX_TEXT:
        raise _FaultyError(place, f"`text` has {len(text)} characters; at most {MAX_TEXT}")
    return text


def _name(place: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not 0 < len(_CONTROL.sub("", value).strip()) <= MAX_NAME:
        raise _FaultyError(place, f"`stream` is {_shown(value)}; give a name of 1 to {MAX_NAME} characters")
    return _CONTROL.sub("", value).strip()


def _choice(place: str, key: str, kind: type[Kind], value: Any) -> Kind | None:
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError as error:
        raise _FaultyError(place, f"`{key}` is {_shown(value)}; choices: {', '.join(kind)}") from error


def _plain(text: str) -> str:
    """Cue text without tags and entities."""
    return html.unescape(_TAG.sub("", text)).strip()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
