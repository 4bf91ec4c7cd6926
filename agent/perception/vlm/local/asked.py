"""What is asked of a model in this process, and what it answers; how it is run stands behind `Generator`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.perception.vlm.families import Family
from vidette.errors import TooMuch
from vidette.ports import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: texts and pictures in the order in which the model is shown them.

    `parts`: a text, or the number of a picture of `images` from 0. `times_s`: media seconds of each picture from the
    segment's start. `schema`: the JSON Schema that the answer is held to; None: free words. `stream`: who asks, for
    fair shares; `urgent` ones go first.
    """

    parts: tuple[str | int, ...]
    images: tuple[Image, ...] = ()
    times_s: tuple[float, ...] = ()
    system: str = ""
    max_tokens: int = 1024
    schema: dict[str, Any] | None = field(default=None, hash=False)
    stream: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back; `cut`: it reached `max_tokens`. `gpu_s`: seconds of the model, its share of the batch's."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut: bool
    gpu_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A question as the model takes it, in CPU memory. Those of one `group` may go into one batch; `tokens` of prompt."""

    asked: Asked
    inputs: Any
    group: tuple[int, ...]
    tokens: int


Held = Callable[[Sequence[Prepared]], Sequence[Any]]
"""Makes the logits processors that hold the answers of one batch to their schemas."""


class Generator(Protocol):
    """A loaded model."""

    @property
    def family(self) -> Family:
        """Which family it is of."""

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""

    @property
    def vocabulary(self) -> int:
        """How many logits the model gives: the padded vocabulary, not the tokenizer's length."""

    def prepare(self, asked: Asked) -> Prepared:
        """Preprocess on the CPU; from any thread. Raises ModelError, TooLong."""

    def generate(self, batch: Sequence[Prepared], held: Held | None = None) -> list[Answered]:
        """Answer a batch of one group, in its order; from one thread at a time. Raises ModelError, OutOfMemory."""

    def close(self) -> None:
        """Give the memory back."""


class TooLong(TooMuch):
    """The question and its answer have more tokens than the model holds; with fewer pictures they may not."""


class OutOfMemory(Exception):
    """The batch does not fit; a smaller one may."""
