"""Answers held to their JSON Schema while they are written: tokens that the schema forbids cannot be chosen.

The grammars are llguidance's. The mask is put on the logits by a few operations of our own, where the logits are; what
llguidance ships for that is compiled at run time, which needs a C++ compiler.
"""

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from llguidance import LLExecutor, LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from numpy.typing import NDArray

from agent.perception.vlm.local.asked import Prepared
from vidette.errors import ModelError

log = logging.getLogger(__name__)

_SCHEMAS = 64  # compiled ones that are kept
_STEP = 0.001  # of numbers: else a model may write digits without end
_FORM = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}  # nor white space without end
_WORD = 32

Bits = NDArray[np.int32]
"""`(rows, words)`: a bit a token, set where it is allowed."""


class Constraint:
    """Makes what holds the answers of one batch to the schemas of its questions (`Held` of asked.py).

    `tokenizer` is a fast one of transformers, `vocabulary` the number of logits, which is more than its tokens where
    the model pads them. Schemas are compiled once each. Raises ModelError for a tokenizer that is no fast one.
    """

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        self._tokens = _tokens(tokenizer, vocabulary)
        self._executor = LLExecutor()
        self._compiled = lru_cache(_SCHEMAS)(self._compile)

    def __call__(self, batch: Sequence[Prepared]) -> list["Mask"]:
        """One logits processor, for one call of generate. Raises ModelError for a schema that cannot be held to."""
        matchers = [self._matcher(one.asked.schema) for one in batch]
        return [Mask(matchers, self._tokens.vocab_size, self._executor)] if any(matchers) else []

    def _matcher(self, schema: dict[str, Any] | None) -> LLMatcher | None:
        return self._compiled(json.dumps(schema)).deep_copy() if schema is not None else None

    def _compile(self, schema: str) -> LLMatcher:
        grammar = LLMatcher.grammar_from_json_schema(stepped(json.loads(schema)), overrides=_FORM)  # type: ignore[arg-type]  # its keys, in a plain dict
        matcher = LLMatcher(self._tokens, grammar, log_level=0)
        if matcher.is_error():
            raise ModelError(f"an answer cannot be held to its schema: {_line(matcher)}")
        return matcher


class Mask:
    """Logits processor of one call of generate: forbids what the schema of each row does not allow next.

    A row without a schema is free. So is one from then on whose grammar fails: its answer is validated anyway.
    """

    def __init__(self, matchers: Sequence[LLMatcher | None], vocabulary: int, executor: LLExecutor) -> None:
        self._matchers, self._executor = list(matchers), executor
        self._bits = np.full((len(matchers), -(-vocabulary // _WORD)), -1, np.int32)
        self._begun = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores (rows, vocabulary)` with minus infinity where a token is forbidden; changed in place.

        `input_ids (rows, length)` end with the tokens chosen last, from the second call on.
        """
        if self._begun:
            self._follow(input_ids[:, -1].tolist())
        self._begun = True
        held = [(matcher, row) for row, matcher in enumerate(self._matchers) if matcher is not None]
        rows, words = self._bits.shape
        self._executor.unsafe_compute_mask_ptr(held, self._bits.ctypes.data, words * 4, rows)
        return scores.masked_fill_(_forbidden(self._bits, scores), float("-inf"))

    def _follow(self, chosen: list[int]) -> None:
        for row, (matcher, token) in enumerate(zip(self._matchers, chosen, strict=True)):
            if matcher is None or matcher.is_stopped():  # what follows its end is padding
                continue
            if not matcher.consume_token(token) and matcher.is_error():
                log.warning("an answer is no longer held to its schema: %s", _line(matcher))
                self._matchers[row] = None
                self._bits[row] = -1


def stepped(schema: Any) -> Any:
    """The schema with a smallest step for its fractions, which bounds how many digits they have."""
    if isinstance(schema, list):
        return [stepped(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: stepped(one) for key, one in schema.items()}
    return {**out, "multipleOf": _STEP} if out.get("type") == "number" and "multipleOf" not in out else out


def _tokens(tokenizer: Any, vocabulary: int) -> LLTokenizer:
    if tokenizer.eos_token_id is None:
        raise ModelError("the model's tokenizer has no token that ends an answer; add one to tokenizer_config.json")
    try:
        return from_tokenizer(tokenizer, n_vocab=vocabulary)
    except ValueError as error:
        raise ModelError(
            f"answers cannot be held to a schema with the tokenizer {type(tokenizer).__name__!r} ({error})"
        ) from error


def _forbidden(bits: Bits, scores: torch.Tensor) -> torch.Tensor:
    """`(rows, columns of scores)` bool, on the device of the scores; bits count from the lowest, as llguidance has it.

    In the CPU's memory numpy unpacks them (three times as fast as torch there); elsewhere they travel packed.
    """
    unpack = unpacked_here if scores.device.type == "cpu" else unpacked_there
    forbidden = unpack(bits, scores.device)[:, : scores.shape[1]]
    spare = scores.shape[1] - forbidden.shape[1]
    return torch.nn.functional.pad(forbidden, (0, spare), value=True) if spare > 0 else forbidden


def unpacked_here(bits: Bits, _device: torch.device) -> torch.Tensor:
    """What is forbidden, `(rows, 32 * words)` bool."""
    return torch.from_numpy(np.unpackbits(~bits.view(np.uint8), axis=1, bitorder="little").view(np.bool_))


def unpacked_there(bits: Bits, device: torch.device) -> torch.Tensor:
    """The same, on a device."""
    packed = torch.from_numpy(bits.view(np.uint8)).to(device)
    allowed = (packed.unsqueeze(-1) >> torch.arange(8, dtype=torch.uint8, device=device)) & 1
    return allowed.reshape(len(bits), -1) == 0


def _line(matcher: LLMatcher) -> str:
    return " ".join(matcher.get_error().split())[:200]
