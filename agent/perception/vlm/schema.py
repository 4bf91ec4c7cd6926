"""What a model may answer about a segment: one schema, closed lists, every length and number bounded.

What is asked for has every key and nothing nullable: an empty list, an empty text or frame 0 says that there is none.
That keeps the grammar small which servers make of it, and it is what strict modes ask for. What is taken may lack keys
that say nothing, or hold null for them.
"""

import json
import re
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from vidette.families import CLOCK, SIGNAL, SYSTEM
from vidette.models import EventType, Label

MAX_FRAMES, MAX_TRACKS, MAX_QUESTIONS, MAX_CLOSER, MAX_PARTS = 32, 64, 16, 4, 16
_LONGEST_S = 86_400
FARTHEST = 16_384  # pixels
LABELS = tuple(label.value for label in Label)
SHOWN = tuple(type_.value for type_ in EventType if type_ not in SIGNAL | CLOCK | SYSTEM)
"""The event types that a picture can show."""

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=_LONGEST_S)]
Frame = Annotated[int, Field(ge=0, le=MAX_FRAMES)]
Alias = Annotated[str, Field(max_length=3)]
Side = Annotated[float, Field(ge=0, le=FARTHEST), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
BoxSides = Annotated[list[Side], Field(max_length=4)]
"""Shares are asked for; some models answer in coordinates of their own all the same (boxes/convention.py)."""
Caption = Annotated[str, Field(min_length=1, max_length=500)]


class Part(BaseModel):
    """A table of the answer: unknown keys are faults, and so are numbers and texts of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, value: object) -> object:
        return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value


class Attribute(Part):
    """What a thing is like: `colour` `red`."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    value: Annotated[str, Field(max_length=120)]


class SaidEntity(Part):
    """A thing: `track` its number where it is one of the list, `box` x1 y1 x2 y2 in 0..1 of the picture `frame`."""

    label: Literal[LABELS]  # type: ignore[valid-type]  # the closed list itself
    description: Annotated[str, Field(max_length=300)] = ""
    track: Alias = ""
    box: BoxSides = []
    frame: Frame = 0
    attributes: Annotated[list[Attribute], Field(max_length=8)] = []


class SaidEvent(Part):
    """What happens: seconds from the segment's start; `tracks` who takes part, the one who acts first."""

    type: Literal[SHOWN]  # type: ignore[valid-type]  # the closed list itself
    start_s: Seconds
    end_s: Seconds
    confidence: Share
    caption: Annotated[str, Field(max_length=300)] = ""
    tracks: Annotated[list[Alias], Field(max_length=8)] = []
    box: BoxSides = []
    frame: Frame = 0


class SaidText(Part):
    """Readable text in one frame."""

    frame: Frame = 0
    text: Annotated[str, Field(max_length=300)]


class SaidVerdict(Part):
    """The answer to one closed question, by its number."""

    question: Annotated[int, Field(ge=1, le=MAX_QUESTIONS)]
    answer: Literal["yes", "no", "unknown"]
    confidence: Share
    frame: Frame = 0


class SaidCloser(Part):
    """A part of a picture that the model wants to see larger."""

    frame: Frame = 0
    box: BoxSides = []


class Said(Part):
    """A whole answer."""

    caption: Caption
    entities: Annotated[list[SaidEntity], Field(max_length=16)] = []
    events: Annotated[list[SaidEvent], Field(max_length=16)] = []
    text: Annotated[list[SaidText], Field(max_length=8)] = []
    verdicts: Annotated[list[SaidVerdict], Field(max_length=MAX_QUESTIONS)] = []
    closer: Annotated[list[SaidCloser], Field(max_length=MAX_CLOSER)] = []


class SaidTogether(Said):
    """A whole answer about several segments: `captions` has one for each."""

    captions: Annotated[list[Caption], Field(max_length=MAX_PARTS)] = []


class SaidVerdicts(Part):
    """The answers to all questions and nothing else, in few tokens: both lists in the order of the questions."""

    answers: Annotated[list[Literal["yes", "no", "unknown"]], Field(min_length=1, max_length=MAX_QUESTIONS)]
    confidence: Annotated[list[Share], Field(min_length=1, max_length=MAX_QUESTIONS)]


_NOTES = {"title", "description", "default"}
_LENGTHS = {"minLength", "maxLength"}


@cache
def json_schema(*, lengths: bool = True, verdicts: int = 0, parts: int = 0) -> dict[str, Any]:
    """The schema as JSON Schema without references: only type, enum, bounds, items, properties, required.

    Without `lengths`, texts have none: hosted strict modes refuse them, and the answer is validated here anyway. With
    `verdicts`, it is that of so many answers to questions and nothing else, with `parts` that of a report with so many
    captions in place of one. It is the same object each time, not to be
    changed: making it takes as long as decoding a picture.
    """
    if verdicts:
        return _verdicts_schema(verdicts)
    whole = (SaidTogether if parts else Said).model_json_schema()
    inlined = _inlined(whole, whole.get("$defs", {}), _NOTES | (set() if lengths else _LENGTHS))
    assert isinstance(inlined, dict)
    return _together_schema(inlined, parts) if parts else inlined


@cache
def outline() -> str:
    """The schema as a model is told of it: the form of an answer, each value said in a word; half as long."""
    return re.sub('"<([^"]*)>"', r"<\1>", json.dumps(_outlined(json_schema()), ensure_ascii=False))


def _outlined(part: dict[str, Any]) -> Any:
    if "properties" in part:
        return {name: _outlined(one) for name, one in part["properties"].items()}
    if part.get("type") == "array":
        return [_outlined(part["items"]), f"<{part['maxItems']} at most>"]
    if "enum" in part:
        return " | ".join(part["enum"])
    if part["type"] == "string":
        return f"text, {part['maxLength']} letters at most"
    return f"<{part['type']}, {part['minimum']} to {part['maximum']}>"


def _together_schema(whole: dict[str, Any], parts: int) -> dict[str, Any]:
    """With the captions first, as a caption comes first elsewhere."""
    said = {name: one for name, one in whole["properties"].items() if name not in ("caption", "captions")}
    captions = {**whole["properties"]["captions"], "minItems": parts, "maxItems": parts}
    properties = {"captions": captions, **said}
    return {**whole, "properties": properties, "required": list(properties)}


def _verdicts_schema(count: int) -> dict[str, Any]:
    inlined = _inlined(SaidVerdicts.model_json_schema(), {}, _NOTES)
    assert isinstance(inlined, dict)
    for part in inlined["properties"].values():
        part |= {"minItems": count, "maxItems": count}
    return inlined


def _inlined(part: Any, tables: dict[str, Any], left_out: set[str]) -> Any:
    """The fragment with its references replaced by what they name; the names of properties are never left out."""
    if isinstance(part, list):
        return [_inlined(one, tables, left_out) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(tables[part["$ref"].rsplit("/", 1)[1]], tables, left_out)
    out = {key: _inlined(value, tables, left_out) for key, value in part.items() if key not in {"$defs", *left_out}}
    if isinstance(part.get("properties"), dict):
        out["properties"] = {name: _inlined(one, tables, left_out) for name, one in part["properties"].items()}
        out["required"] = list(out["properties"])
    return out
