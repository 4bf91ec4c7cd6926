"""What a model is asked about a segment, as text: what is the same for all first, so that servers can reuse it.

Names, descriptions and questions come from others: they are quoted as JSON texts, on one line each, and bounded.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from agent.perception.reply import clean
from agent.perception.vlm.schema import MAX_QUESTIONS, MAX_TRACKS, outline
from ingest.tiling import Tile
from vidette.errors import TooMuch
from vidette.geometry import Box
from vidette.models import Keyframe, PathPoint, Segment, Track
from vidette.vision import LookRequest

NAMES = (
    "system",
    "place",
    "drawn",
    "normal",
    "example",
    "says",
    "pictures",
    "look",
    "parts",
    "report",
    "verdicts",
    "again",
)
"""The texts of which a prompt is made: files of that name."""
_QUOTED = 2000
_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A frame as the model knows it: by its number from 1, and seconds from the segment's start.

    `part`: only this part of it is shown, larger; `of` is then the number of the whole one.
    """

    number: int
    at_s: float
    keyframe: Keyframe
    part: Tile | None = None
    of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture to compare with, by its address in the media store; `text` stands before and `says` behind it."""

    text: str
    sha256: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What one look says, in its order: what is the same for all looks at a stream first.

    `rest` comes behind the pictures, then what kind of answer is wanted. `tracks` by their short names; `drawn`: they
    are drawn on the pictures. `parts`: so many segments are described in one answer, 0: one.
    """

    system: str
    place: str
    references: tuple[Reference, ...]
    pictures: tuple[Picture, ...]
    rest: str
    tracks: dict[str, Track]
    drawn: bool = False
    manner: tuple[str, str] = ("always", "full")
    parts: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of all that is asked, pictures and all: equal for equal questions."""
        shown = [(one.number, _seconds(one.at_s), one.keyframe.sha256) for one in self.pictures]
        compared = [(one.text, one.sha256, one.says) for one in self.references]
        whole = [self.system, self.place, compared, shown, self.rest, self.drawn, self.manner]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def prompt_of(request: LookRequest, most: int) -> Prompt:
    """The prompt of a look with `most` pictures at most, those to compare with and all, evenly chosen.

    Raises TooMuch where some of the segments that it is to describe would not be shown.
    """
    segment, tracks = request.segment, request.tracks[:MAX_TRACKS]
    references = _references(request)[: most // 2]
    pictures = _pictures(request, most - len(references))
    names = {f"t{i}": track for i, track in enumerate(tracks, 1)}
    where = () if request.boxes == "drawn" else pictures
    rest = _filled(
        "look",
        length=_seconds(segment.end_s - segment.start_s),
        tracks="\n".join(_tracked(name, one, where) for name, one in names.items()) or _NONE,
        questions="\n".join(f"{i}. {quoted(one)}" for i, one in enumerate(request.questions[:MAX_QUESTIONS], 1))
        or _NONE,
    )
    if request.parts:
        rest = f"{rest}\n{_filled('parts', count=str(len(request.parts)), parts=_parts(request))}"
    place = _filled("place", stream=quoted(request.stream_name), context=quoted(request.context) or _NONE)
    drawn = bool(tracks) and request.boxes != "listed"
    return Prompt(
        system=system(),
        place=f"{place}\n{_filled('drawn')}" if request.boxes != "listed" else place,
        references=references,
        pictures=pictures,
        rest=rest,
        tracks=names,
        drawn=drawn,
        manner=(request.describe, request.effort),
        parts=len(request.parts),
    )


def _references(request: LookRequest) -> tuple[Reference, ...]:
    normal = [Reference(text=_filled("normal"), sha256=request.normal)] if request.normal else []
    examples = (
        Reference(text=_filled("example"), sha256=one.sha256, says=_filled("says", says=quoted(one.says)))
        for one in request.examples
    )
    return (*normal, *examples)


def _pictures(request: LookRequest, most: int) -> tuple[Picture, ...]:
    """The keyframes in the order of their times."""
    segment = request.segment
    if request.parts:
        shares = shared(most, [len(part.keyframes) for part in request.parts])
        frames = [one for part, share in zip(request.parts, shares, strict=True) for one in _some(part, share)]
    else:
        frames = _chosen(_sorted(segment), most)
    return tuple(
        Picture(number=i, at_s=max(0.0, frame.pts_s - segment.start_s), keyframe=frame)
        for i, frame in enumerate(frames, 1)
    )


def _some(part: Segment, share: int) -> list[Keyframe]:
    """So many of a part's pictures; one alone is of its middle, for others show what was before and after."""
    frames = _sorted(part)
    return _chosen(frames, share) if share > 1 else frames[len(frames) // 2 :][:share]


def _sorted(segment: Segment) -> list[Keyframe]:
    return sorted(segment.keyframes, key=lambda frame: (frame.pts_s, frame.id))


def shared(most: int, wanted: Sequence[int]) -> list[int]:
    """How many of `most` pictures each of several segments is given, that would take so many: one each, then in turns.

    Raises TooMuch where there is not one for each.
    """
    if most < len(wanted):
        raise TooMuch(f"{len(wanted)} segments cannot be shown in {most} pictures; raise `vlm.max_images`")
    shares = [0] * len(wanted)
    for place in (
        place for turn in range(max(wanted, default=0)) for place in range(len(wanted)) if wanted[place] > turn
    ):
        if sum(shares) < most:
            shares[place] += 1
    return shares


def _parts(request: LookRequest) -> str:
    start_s = request.segment.start_s
    spans = ((_seconds(one.start_s - start_s), _seconds(one.end_s - start_s)) for one in request.parts)
    return "\n".join(f"{i}. from {start} to {end} s" for i, (start, end) in enumerate(spans, 1))


def caption_of(picture: Picture, same_as: int = 0) -> str:
    """What stands before a picture, or in place of one that looks as another does."""
    text = f"Picture {picture.number}, at {_seconds(picture.at_s)} s"
    if picture.part is not None:
        text += f", part {_sides(picture.part.box)} of picture {picture.of}"
    return f"{text}: the same as picture {same_as}." if same_as else f"{text}:"


def opening() -> str:
    """What stands before the pictures of the segment."""
    return _filled("pictures")


def wanted(*, verdicts: bool) -> str:
    """What is said last: which kind of answer is wanted."""
    return _filled("verdicts" if verdicts else "report")


def again(fault: str) -> str:
    """What is said once more after an answer that could not be read."""
    return _filled("again", fault=quoted(fault))


@cache
def system() -> str:
    """What is said first, the same for every look."""
    return _filled("system", schema=outline())


@cache
def prompt_hash() -> str:
    """SHA-256 of the texts and the schema: another one is another run."""
    return hashlib.sha256("\0".join([*map(_text, NAMES), system()]).encode()).hexdigest()


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
    if not pictures:
        return f"{name} {track.label}"
    found = ((one.number, box_at(track.path, one.keyframe.pts_s)) for one in pictures)
    boxes = [f"picture {number} {_sides(box)}" for number, box in found if box]
    return f"{name} {track.label}: {'; '.join(boxes) or 'in none of the pictures'}"


def _sides(box: Box) -> str:
    return f"[{', '.join(f'{side:.3f}' for side in box)}]"


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
