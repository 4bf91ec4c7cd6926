"""Reading what a model really answers: fenced, prefixed, in prose, not quite JSON; what cannot be read is a fault.

Nothing is guessed: a verdict is never words found in prose, and of two different answers none is taken.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.perception.reply import clean
from agent.perception.vlm.loose import Fault, parse
from agent.perception.vlm.schema import Said, SaidTogether, SaidVerdicts

MAX_TEXT = 100_000
_STARTS = 64  # objects that are tried in one answer
_ROUNDS = 3  # a part that is left out may have hidden what is wrong with its thing
_SPARE = {"box", "frame", "track", "tracks", "attributes", "description"}
_OBJECT = re.compile(r"\{\s*[\"'}]")  # braces in prose are none
_THINKS, _THOUGHT = "<think>", "</think>"  # the first is often left out
_OUT_OF_BOUNDS = {
    "literal_error",
    "greater_than_equal",
    "less_than_equal",
    "string_too_long",
    "string_too_short",
    "too_long",
    "finite_number",
}
"""Errors of pydantic about a value of the right kind that lies outside the lists or bounds."""

Place = tuple[str, int, str]


def read(text: str, parts: int = 0) -> tuple[Said, int]:
    """The answer in a text, and how many things in it were left out. Raises Fault.

    A thing of the right form with a value outside the lists or bounds is left out and counted, or only its box, frame,
    tracks or attributes where it is these; a wrong form is a fault. With `parts` it is one with so many captions.
    """
    if not parts:
        return _validated(one_object(text, "caption"), Said)
    tree = one_object(text, "captions")
    captions = tree["captions"]
    if not isinstance(captions, list) or len(captions) != parts:
        raise Fault(f"captions: {parts} are wanted, one for each part")
    return _validated({**tree, "caption": captions[0]}, SaidTogether)


def read_verdicts(text: str, count: int) -> SaidVerdicts:
    """The answers to so many questions in a text, each with its confidence. Raises Fault."""
    tree = one_object(text, "answers")
    try:
        said = SaidVerdicts.model_validate(tree)
    except ValidationError as error:
        raise Fault(_said(error.errors(include_url=False)[0])) from None
    if not len(said.answers) == len(said.confidence) == count:
        raise Fault(f"{len(said.answers)} answers and {len(said.confidence)} confidences to {count} questions")
    return said


def one_object(text: str, key: str) -> dict[str, Any]:
    """The one answer among the objects of a text: it has that key. Raises Fault."""
    if len(text) > MAX_TEXT:
        raise Fault(f"longer than {MAX_TEXT} characters")
    answers: list[dict[str, Any]] = []
    for one in _objects(_after_thought(text)):
        if key in one and one not in answers:
            answers.append(one)
    if len(answers) != 1:
        raise Fault("more than one answer" if answers else f"no JSON object with {key!r}")
    return answers[0]


def _after_thought(text: str) -> str:
    """What a model says once it has thought; words about thinking inside an object are data. Raises Fault."""
    if text.lstrip().startswith(_THINKS):
        return text.partition(_THOUGHT)[2]
    at = 0
    while (thought := text.find(_THOUGHT, at)) >= 0:
        found = _OBJECT.search(text, at)
        if found is None or found.start() > thought:
            return text[thought + len(_THOUGHT) :]
        _, at = parse(text, found.start())
    return text


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Objects from left to right, none inside another. Raises Fault where one cannot be read."""
    found = _OBJECT.search(text)
    for _ in range(_STARTS):
        if found is None:
            return
        one, end = parse(text, found.start())
        yield one
        found = _OBJECT.search(text, end)
    raise Fault("too many objects")


def _validated(tree: dict[str, Any], form: type[Said]) -> tuple[Said, int]:
    refused = 0
    for _ in range(_ROUNDS):
        try:
            return _speaking(form.model_validate(tree)), refused
        except ValidationError as error:
            errors = error.errors(include_url=False)
        wrong = next((one for one in errors if not _of_a_thing(one)), None)
        if wrong is not None:
            raise Fault(_said(wrong))
        places = {_place(one) for one in errors}
        refused += len(places)
        tree = {key: _without(key, value, places) for key, value in tree.items()}
    raise Fault(_said(errors[0]))


def _speaking(said: Said) -> Said:
    """Raises Fault for a caption that nobody can see: silence is no answer."""
    captions = said.captions if isinstance(said, SaidTogether) else [said.caption]
    if not all(clean(one, 1) for one in captions):
        raise Fault("caption: should say something")
    return said


def _of_a_thing(error: ErrorDetails) -> bool:
    """Whether it is about one thing of a list, and only its value."""
    return (
        len(error["loc"]) > 1
        and isinstance(error["loc"][1], int)
        and error["loc"][0] != "captions"  # each stands for a part
        and error["type"] in _OUT_OF_BOUNDS
    )


def _place(error: ErrorDetails) -> Place:
    """What is to be left out: a thing, or only that part of it without which it still says what it says."""
    name, number, *within = error["loc"]
    part = str(within[0]) if within and within[0] in _SPARE else ""
    return str(name), int(number), part


def _without(name: str, things: Any, places: set[Place]) -> Any:
    if not isinstance(things, list):
        return things
    return [
        {key: value for key, value in one.items() if (name, i, key) not in places} if isinstance(one, dict) else one
        for i, one in enumerate(things)
        if (name, i, "") not in places
    ]


def _said(error: ErrorDetails) -> str:
    place = ".".join(str(part)[:40] for part in error["loc"][:6])
    return f"{place}: {error['msg'].replace('Input should', 'should')[:200]}"
