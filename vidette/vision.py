"""The words of a deep look: what a model is asked about pictures, and what comes back."""

from dataclasses import dataclass, field
from typing import Literal

from vidette.geometry import Box, Point
from vidette.models import Attributes, EventType, Label, Run, Segment, Track, Usage, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture of the place, by its address in the media store, and what is rightly said of it."""

    sha256: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRequest:
    """One deep look: a segment, its keyframes, the tracks in view and the closed questions.

    `context` is what the settings say of the place, in words; `normal` the address of a picture of it when nothing is
    wrong. `boxes`: whether tracks are listed, drawn on the pictures, or both. `describe`: `asked` answers the questions
    first and describes only where an answer is not no. `effort`: `fewer` pictures, of which no part is shown larger, or
    `verdicts` alone. `parts`: segments in time order that are described in one answer, `segment` then reaches over all of
    them and has their keyframes; none: `segment` is what it seems.
    """

    stream_id: str
    stream_name: str
    segment: Segment
    tracks: tuple[Track, ...] = ()
    questions: tuple[str, ...] = ()
    context: str = ""
    normal: str = ""
    examples: tuple[Example, ...] = ()
    boxes: Literal["listed", "drawn", "both"] = "listed"
    describe: Literal["always", "asked"] = "always"
    effort: Literal["full", "fewer", "verdicts"] = "full"
    parts: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A thing in one picture: `kind` is the detector's own word, `polygon` its outline of 3 to 64 corners, if known.

    `confidence` 0..1; None where the model gives none.
    """

    label: Label
    kind: str
    box: Box
    confidence: float | None = None
    polygon: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEntity:
    """A thing a VLM saw; `track_id` where it named one that the tracker follows.

    `box` and `polygon` (at most 64 corners) are its place in the picture at media time `at_s`, where that is known.
    """

    label: Label
    description: str = ""
    track_id: str | None = None
    box: Box | None = None
    attributes: Attributes = field(default_factory=dict)
    polygon: tuple[Point, ...] = ()
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """An event a VLM saw, with media times inside the segment; `at_s` is that of the picture which shows it best."""

    type: EventType
    start_s: float
    end_s: float
    confidence: float
    caption: str
    track_ids: tuple[str, ...] = ()
    box: Box | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """Readable text in the picture at a media time: data, whatever it says."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookReply:
    """A VLM's checked answer about one segment; `run` says who spoke where that was not the model asked first.

    An empty caption: only the questions were answered. `note` is what coverage says of the look, where it was less than
    a whole one. `captions`: of each part, where several were asked about.
    """

    caption: str
    entities: tuple[SeenEntity, ...] = ()
    events: tuple[SeenEvent, ...] = ()
    text: tuple[SeenText, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    run: Run | None = None
    usage: Usage | None = None
    note: str = ""
    captions: tuple[str, ...] = ()
