"""Rows of a batch: each holds its own question whole, padded on the right side; groups hold what may stand together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.vlm.local.collating import batch_of, group_of, kept

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.needs_models

PAD = 7
lengths = st.lists(st.integers(1, 20), min_size=1, max_size=5)


def question(length: int, seed: int) -> dict:
    tokens = torch.arange(100, 100 + length)[None] + 1000 * seed
    return {
        "input_ids": tokens,
        "attention_mask": torch.ones_like(tokens),
        "cross_attention_mask": torch.ones(1, length, 2, 4, dtype=torch.long),
        "image_patches_indices": torch.zeros_like(tokens),
        "pixel_values": torch.full((3, 2, 2), float(seed)),
    }


@given(lengths=lengths, side=st.sampled_from(["left", "right"]))
def test_each_row_holds_its_question_whole(lengths, side):
    items = [question(length, seed) for seed, length in enumerate(lengths)]
    batch = batch_of(items, torch, pad=PAD, side=side)
    longest = max(lengths)
    assert batch["input_ids"].shape == (len(items), longest)
    assert batch["cross_attention_mask"].shape == (len(items), longest, 2, 4)
    for row, (item, length) in enumerate(zip(items, lengths, strict=True)):
        own = slice(longest - length, None) if side == "left" else slice(0, length)
        mine = torch.zeros(longest, dtype=torch.bool)
        mine[own] = True
        assert batch["input_ids"][row, mine].equal(item["input_ids"][0])
        assert (batch["input_ids"][row, ~mine] == PAD).all()
        assert batch["attention_mask"][row].bool().equal(mine)
        assert not batch["cross_attention_mask"][row, ~mine].any()
        assert (batch["image_patches_indices"][row, ~mine] == -1).all()
        assert (batch["pixel_values"][3 * row : 3 * row + 3] == row).all()


@given(lengths=lengths)
def test_words_make_no_groups_but_where_they_must(lengths):
    items = [question(length, seed) for seed, length in enumerate(lengths)]
    assert len({group_of(item, level=False) for item in items}) == 1
    assert len({group_of(item, level=True) for item in items}) == len(set(lengths))


@given(one=st.tuples(st.integers(1, 4), st.integers(1, 4)), other=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_pictures_of_other_shapes_are_other_groups(one, other):
    groups = {group_of({"pixel_values": torch.zeros(3, *shape)}, level=False) for shape in (one, other)}
    assert len(groups) == (1 if one == other else 2)


def test_what_is_kept_of_a_processors_answer():
    made = {
        "input_ids": [[1, 2, 3]],
        "labels": [[1, 2, 3]],
        "pixel_values": [torch.zeros(2, 2), torch.ones(2, 2)],
        "ragged": [torch.zeros(2), torch.zeros(3)],
        "batch_num_images": torch.tensor([1]),
        "second_per_grid_ts": [0.5],
        "video_metadata": [object()],
        "text": ["words"],
    }
    out = kept(made, torch, torch.bfloat16)
    assert set(out) == {"input_ids", "pixel_values", "batch_num_images", "second_per_grid_ts"}
    assert out["input_ids"].tolist() == [[1, 2, 3]]
    assert out["pixel_values"].dtype == torch.bfloat16
    assert out["second_per_grid_ts"].dtype == torch.float32  # a time, not a picture
    assert out["batch_num_images"].dtype == torch.int64
