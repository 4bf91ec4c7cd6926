"""Where an answer ends, for any tokens: at the first that ends it, or at its limit, whatever comes after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.vlm.local.asked import Asked, Prepared
from agent.perception.vlm.local.endings import Endings, answer_of

pytestmark = pytest.mark.needs_models
ENDS, PAD, BOS = (2, 9), 1, 0
PREPARED = Prepared(asked=Asked(parts=("?",)), inputs=None, group=(), tokens=5)


class Letters:
    """A tokenizer whose tokens are letters."""

    bos_token_id, pad_token_id = BOS, PAD

    def decode(self, tokens, *, skip_special_tokens, clean_up_tokenization_spaces):
        assert (skip_special_tokens, clean_up_tokenization_spaces) == (False, False)
        return "".join(chr(97 + token) for token in tokens)


@given(row=st.lists(st.integers(0, 20), min_size=1, max_size=30), limit=st.integers(1, 30))
def test_what_was_said_and_whether_it_ended(row, limit):
    answer = answer_of(row, PREPARED, limit, Letters(), ENDS, 0.5)
    own = row[:limit]
    ended = any(token in ENDS for token in own)
    said = own[: next((i for i, token in enumerate(own) if token in ENDS), len(own))]
    assert answer.cut is not ended
    assert answer.completion_tokens == len(said) + ended <= limit
    assert answer.text == "".join(chr(97 + token) for token in said if token not in {PAD, BOS})


@given(row=st.lists(st.integers(3, 8), min_size=1, max_size=10), filler=st.integers(1, 10))
def test_padding_after_the_end_is_not_of_the_answer(row, filler):
    short = answer_of([*row, ENDS[0]], PREPARED, 40, Letters(), ENDS, 0.5)
    assert answer_of([*row, ENDS[0], *[PAD] * filler], PREPARED, 40, Letters(), ENDS, 0.5) == short


@given(limits=st.lists(st.integers(1, 9), min_size=1, max_size=5), begins=st.integers(0, 9), length=st.integers(0, 20))
def test_rows_end_at_their_own_limits(limits, begins, length):
    torch = pytest.importorskip("torch")
    done = Endings(limits=limits, begins=begins)(torch.zeros(len(limits), begins + length, dtype=torch.long), None)
    assert done.dtype == torch.bool
    assert done.tolist() == [length >= limit for limit in limits]
