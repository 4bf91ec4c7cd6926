"""A loaded model: prepares questions in any thread, answers a batch of them in one."""

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked, Held, OutOfMemory, Prepared, TooLong
from agent.perception.vlm.local.collating import Inputs, Side, batch_of, group_of, kept
from agent.perception.vlm.local.endings import Endings, answer_of
from agent.perception.vlm.local.torch_ready import Libraries, line
from vidette.errors import ModelError

_FULL = ("out of memory", "can't allocate memory", "not enough memory")
_FAULTS = (RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError, AssertionError)


class Style(Protocol):
    """How a question becomes tensors."""

    def tensors(self, processor: Any, asked: Asked) -> dict[str, Any]:
        """The model's inputs, one row. Raises ModelError."""


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A model of a folder, with its processor: a `Generator`."""

    family: Family
    libraries: Libraries
    model: Any
    processor: Any
    style: Style
    temperature: float = 0.0
    seed: int = 0
    _spare: SimpleQueue[Any] = field(default_factory=SimpleQueue)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        return self.processor.tokenizer

    @property
    def vocabulary(self) -> int:
        """How many logits the model gives."""
        return int(self.model.config.get_text_config(decoder=True).vocab_size)

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        said = self.model.generation_config.eos_token_id
        own = [said] if isinstance(said, int) else list(said or ())
        return tuple(dict.fromkeys([*own, *filter(lambda one: one is not None, [self.tokenizer.eos_token_id])]))

    @property
    def room(self) -> int:
        """How many tokens a question and its answer may have together; 0: not said."""
        if self.model.config.is_encoder_decoder:
            return 0
        return int(getattr(self.model.config.get_text_config(decoder=True), "max_position_embeddings", 0) or 0)

    def prepare(self, asked: Asked) -> Prepared:
        """Preprocess on the CPU; from any thread. Raises ModelError, TooLong where there is no room for all of it."""
        try:
            with self._lent() as processor:
                made = self.style.tensors(processor, asked)
            tensors = kept(made, self.libraries.torch, self.model.dtype)
        except _FAULTS as error:
            raise ModelError(f"the question cannot be put to {self.family.name}: {_fault(error)}") from error
        tokens = int(tensors["input_ids"].shape[1])
        answer = asked.max_tokens if len(asked.images) > 1 else 1
        if self.room and tokens + answer > self.room:
            raise TooLong(
                f"the question has {tokens} tokens, its answer up to {asked.max_tokens}, and {self.family.name} holds"
                f" {self.room}; send fewer or smaller pictures"
            )
        if self._cuda:
            tensors = {key: tensor.pin_memory() for key, tensor in tensors.items()}
        inputs = Inputs(tensors=tensors, sent=_sent(tensors, asked, self.processor))
        # set tasks are the same words each time; Kosmos-2 counts its padding among what it has written
        group = group_of(tensors, level=self.family.style == "task")
        return Prepared(asked=asked, inputs=inputs, group=group, tokens=tokens)

    def generate(self, batch: Sequence[Prepared], held: Held | None = None) -> list[Answered]:
        """Answer a batch of one group, in its order; from one thread at a time. Raises ModelError, OutOfMemory."""
        if len({prepared.group for prepared in batch}) != 1:
            raise ModelError("a batch is of one group; questions with other pictures go into another")
        began = time.perf_counter()
        rows, full = None, False
        try:
            rows = self._rows(batch, held)
        except (MemoryError, *_FAULTS) as error:
            full = _is_full(error)
            if not full:
                raise ModelError(f"{self.family.name} failed: {_fault(error)}") from error
        if rows is None:
            # only here is what the failed try held given back: its frames lived in the exception
            self._empty()
            raise OutOfMemory(f"{len(batch)} questions do not fit into the memory of {self.model.device}")
        share = (time.perf_counter() - began) / len(batch)
        limits = self._limits(batch)
        return [
            answer_of(row, prepared, limit, self.tokenizer, self.ends, share)
            for row, prepared, limit in zip(rows, batch, limits, strict=True)
        ]

    def close(self) -> None:
        """Give the memory back."""
        self.model = None
        self._empty()

    def _rows(self, batch: Sequence[Prepared], held: Held | None) -> list[list[int]]:
        """The tokens of each answer."""
        inputs = self._batched(batch)
        limits = self._limits(batch)
        transformers = self.libraries.transformers
        config = self._config(max(limits))
        begins = 1 if self.model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
        with self.libraries.torch.random.fork_rng(devices=[self.model.device] if self._cuda else []):
            self.libraries.torch.manual_seed(self.seed)
            made = self.model.generate(
                **inputs,
                generation_config=config,
                logits_processor=transformers.LogitsProcessorList(list(held(batch)) if held else []),
                stopping_criteria=transformers.StoppingCriteriaList([Endings(limits=limits, begins=begins)]),
            )
        return [list(row) for row in made[:, begins:].tolist()]

    def _batched(self, batch: Sequence[Prepared]) -> dict[str, Any]:
        """On the model's device: each question's pinned memory is copied there while the next is handed over."""
        device = self.model.device
        moved = [
            {key: tensor.to(device, non_blocking=True) for key, tensor in prepared.inputs.tensors.items()}
            for prepared in batch
        ]
        # positions of an encoder count from its first token; those of a decoder go on after its last
        side: Side = "right" if self.model.config.is_encoder_decoder else "left"
        return batch_of(moved, self.libraries.torch, pad=self._pad, side=side)

    def _config(self, longest: int) -> Any:
        """The folder's own way to generate, as long and as likely as asked."""
        config = copy.deepcopy(self.model.generation_config)
        config.update(max_new_tokens=longest, eos_token_id=list(self.ends), pad_token_id=self._pad)
        if self.temperature > 0:
            config.update(do_sample=True, temperature=self.temperature)
        return config

    def _limits(self, batch: Sequence[Prepared]) -> list[int]:
        return [
            min(one.asked.max_tokens, self.room - one.tokens) if self.room else one.asked.max_tokens for one in batch
        ]

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        """A processor for one alone: a tokenizer that two threads use at once may refuse («Already borrowed»)."""
        try:
            processor = self._spare.get_nowait()
        except Empty:
            processor = copy.deepcopy(self.processor)
        try:
            yield processor
        finally:
            self._spare.put(processor)

    def _empty(self) -> None:
        if self.libraries.torch.cuda.is_available():
            self.libraries.torch.cuda.empty_cache()

    @property
    def _cuda(self) -> bool:
        return bool(self.model.device.type == "cuda")

    @property
    def _pad(self) -> int:
        own = self.tokenizer.pad_token_id
        return int(own if own is not None else self.ends[0])


def _sent(tensors: dict[str, Any], asked: Asked, processor: Any) -> tuple[tuple[int, int], ...]:
    """As the processor resized them, where it says so: boxes of some families are in those pixels."""
    grid = tensors.get("image_grid_thw")
    if grid is None or len(grid) != len(asked.images):
        return tuple((image.shape[1], image.shape[0]) for image in asked.images)
    patch = int(processor.image_processor.patch_size)
    return tuple((int(wide) * patch, int(high) * patch) for _, high, wide in grid.tolist())


def _is_full(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(said in str(error) for said in _FULL)


def _fault(error: BaseException) -> str:
    return f"{type(error).__name__}: {line(error)}"
