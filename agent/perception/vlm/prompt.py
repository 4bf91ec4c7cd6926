"""What a model is asked about a segment, as text: what is the same for all first, so that servers can reuse it.

Names, descriptions and questions come from others: they are quoted as JSON texts, on one line each, and bounded.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from agent.perception.reply import clean
from agent.perception.vlm.schema import MAX_QUESTIONS, MAX_TRACKS, json_schema
from vidette.models import Box, Keyframe, LookRequest, PathPoint, Track

_NAMES = ("system", "place", "look", "again")
_QUOTED = 2000
_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A frame as the model knows it: by its number from 1, and seconds from the segment's start."""

    number: int
    at_s: float
    keyframe: Keyframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The texts of one look and the pictures that go between `place` and `rest`; tracks by their short names."""

    system: str
    place: str
    pictures: tuple[Picture, ...]
    rest: str
    tracks: dict[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of all that is asked, pictures and all: equal for equal questions."""
        shown = [(one.number, _seconds(one.at_s), one.keyframe.sha256) for one in self.pictures]
        return hashlib.sha256(json.dumps([self.system, self.place, shown, self.rest]).encode()).hexdigest()


def prompt_of(request: LookRequest, most: int) -> Prompt:
    """The prompt of a look with `most` pictures at most, evenly chosen."""
    segment, tracks = request.segment, request.tracks[:MAX_TRACKS]
    frames = _chosen(sorted(segment.keyframes, key=lambda frame: (frame.pts_s, frame.id)), most)
    pictures = tuple(
        Picture(number=i, at_s=max(0.0, frame.pts_s - segment.start_s), keyframe=frame)
        for i, frame in enumerate(frames, 1)
    )
    names = {f"t{i}": track.id for i, track in enumerate(tracks, 1)}
    rest = _filled(
        "look",
        length=_seconds(segment.end_s - segment.start_s),
        tracks="\n".join(_tracked(name, one, pictures) for name, one in zip(names, tracks, strict=True)) or _NONE,
        questions="\n".join(f"{i}. {quoted(one)}" for i, one in enumerate(request.questions[:MAX_QUESTIONS], 1))
        or _NONE,
    )
    place = _filled("place", stream=quoted(request.stream_name), context=quoted(request.context) or _NONE)
    return Prompt(system=system(), place=place, pictures=pictures, rest=rest, tracks=names)


def caption_of(picture: Picture, same_as: int = 0) -> str:
    """What stands before a picture, or in place of one that looks as another does."""
    text = f"Picture {picture.number}, at {_seconds(picture.at_s)} s"
    return f"{text}: the same as picture {same_as}." if same_as else f"{text}:"


def again(fault: str) -> str:
    """What is said once more after an answer that could not be read."""
    return _filled("again", fault=quoted(fault))


@cache
def system() -> str:
    """What is said first, the same for every look."""
    return _filled("system", schema=json.dumps(json_schema(), separators=(",", ":")))


@cache
def prompt_hash() -> str:
    """SHA-256 of the texts and the schema: another one is another run."""
    return hashlib.sha256("\0".join([*map(_text, _NAMES), system()]).encode()).hexdigest()


def quoted(text: str) -> str:
    """A text of others as a JSON text on one line; empty where there is none."""
    said = clean(text, _QUOTED)
    return json.dumps(said, ensure_ascii=False) if said else ""


@cache
def _text(name: str) -> str:
    return (files("agent") / "prompts" / f"{name}.txt").read_text(encoding="utf-8")


def _filled(name: str, **values: str) -> str:
    return Template(_text(name)).substitute(values).rstrip("\n")


def _seconds(value: float) -> str:
    return f"{value:.1f}"


def _chosen(frames: list[Keyframe], most: int) -> list[Keyframe]:
    """At most so many, evenly over all, the first and last among them where there is room."""
    if len(frames) <= most:
        return frames
    step = (len(frames) - 1) / max(1, most - 1)
    return [frames[round(i * step)] for i in range(most)]


def _tracked(name: str, track: Track, pictures: tuple[Picture, ...]) -> str:
    found = ((one.number, box_at(track.path, one.keyframe.pts_s)) for one in pictures)
    boxes = [f"picture {number} [{', '.join(f'{side:.3f}' for side in box)}]" for number, box in found if box]
    return f"{name} {track.label}: {'; '.join(boxes) or 'in none of the pictures'}"


def box_at(path: tuple[PathPoint, ...], pts_s: float) -> Box | None:
    """Where a track was, between the points of its path on the straight line; None before and after them."""
    after = next((i for i, point in enumerate(path) if point.pts_s >= pts_s), None)
    if after is None or (after == 0 and path[0].pts_s > pts_s):
        return None
    b = path[after]
    a = path[after - 1] if after else b
    share = (pts_s - a.pts_s) / (b.pts_s - a.pts_s) if b.pts_s > a.pts_s else 1.0
    x1, y1, x2, y2 = ((1 - share) * low + share * high for low, high in zip(a.box, b.box, strict=True))
    return x1, y1, x2, y2
