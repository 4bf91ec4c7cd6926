"""What is said to any model about one segment: asked, read, and asked once more where the answer cannot be read."""

import logging
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from agent.perception.vlm.completion import Spoken
from agent.perception.vlm.loose import Fault
from agent.perception.vlm.prompt import again
from agent.perception.vlm.question import Question
from vidette.errors import ModelError, TooMuch
from vidette.models import Usage

log = logging.getLogger(__name__)

T = TypeVar("T")
_ASKED = 2  # once more where the answer cannot be read


Ask = Callable[[Question], Spoken]
"""Asks a model once. Raises ModelError."""


class Unreadable(TooMuch):
    """A model answered, and its answer cannot be read, nor the next one."""


class Dialogue:
    """The questions of one look to the model of a name, and what they cost together."""

    def __init__(self, ask: Ask, model: str) -> None:
        self._ask, self._model = ask, model
        self._began, self._usage = monotonic(), Usage()

    @property
    def usage(self) -> Usage:
        """What it cost so far."""
        return replace(self._usage, wall_s=round(monotonic() - self._began, 3))

    def understood(self, question: Question, read: Callable[[str], T]) -> T:
        """What `read` makes of the answer. Raises ModelError as the model does, Unreadable where two cannot be read."""
        fault = ""
        for _ in range(_ASKED):
            spoken = self._asked(_again(question, fault))
            self._usage += spoken.usage
            try:
                if spoken.fault:
                    raise Fault(spoken.fault)
                return read(spoken.text)
            except Fault as error:
                fault = str(error)
                log.info("an answer of %r cannot be read: %s", self._model, fault)
        raise Unreadable(f"model {self._model!r}: its answer cannot be read ({fault}); another model may do better")

    def _asked(self, question: Question) -> Spoken:
        try:
            return self._ask(question)
        except ModelError as error:
            self._usage += error.usage or Usage(calls=1)
            raise


def _again(question: Question, fault: str) -> Question:
    """The question with what was wrong with its answer before; which answer is wanted stays the last thing said."""
    if not fault:
        return question
    return replace(question, parts=(*question.parts[:-1], again(fault), question.parts[-1]))


def added(a: Usage, b: Usage) -> Usage:
    """What two tries cost together."""
    return a + b
