"""Where an answer ends: at a token that ends it, or after as many tokens as it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.perception.vlm.local.asked import Answered, Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Ends each row of a batch at its own limit; called by transformers after each token.

    `begins`: how many tokens of a row are not of the answer.
    """

    limits: Sequence[int]
    begins: int

    def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
        """`(rows,)` of bool: which rows are done."""
        done = [input_ids.shape[1] - self.begins >= limit for limit in self.limits]
        return input_ids.new_tensor(done, dtype=bool)


def answer_of(
    row: Sequence[int], prepared: Prepared, limit: int, tokenizer: Any, ends: Sequence[int], seconds: float
) -> Answered:
    """What a row of tokens says; those after its end are padding. `cut`: it came to `limit` before its end."""
    own = list(row[:limit])
    end = next((i for i, token in enumerate(own) if token in ends), None)
    said = own if end is None else own[:end]
    frame = {tokenizer.bos_token_id, tokenizer.pad_token_id}
    return Answered(
        # tokens for boxes are special ones in some families, so none is left out but those at the ends
        text=str(
            tokenizer.decode(
                [token for token in said if token not in frame],
                skip_special_tokens=False,
                clean_up_tokenization_spaces=False,  # which takes spaces out of what is said
            )
        ),
        prompt_tokens=prepared.tokens,
        completion_tokens=len(own) if end is None else end + 1,
        cut=end is None,
        gpu_s=seconds,
    )
