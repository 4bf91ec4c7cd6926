"""Random weights say anything; held to a schema they say only what it allows."""

import json
import random

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from agent.perception.vlm.local.asked import Asked, Prepared
from agent.perception.vlm.local.constraint import Constraint, _forbidden, stepped, unpacked_here, unpacked_there
from agent.perception.vlm.reading import read
from agent.perception.vlm.schema import Said, json_schema
from vidette.errors import ModelError

pytestmark = pytest.mark.needs_models

WORDS = ("caption", "entities", "person", "is", "äß", "\n", '"}', "0.0")
SPARE = 90  # logits beyond the tokenizer's tokens, as padded models have them


def tokenizer_of(*, eos="</s>"):
    """A byte-level tokenizer: every byte is a token, and a few words are."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words = [level.pre_tokenize_str(word)[0][0] for word in WORDS]
    made = Tokenizer(models.BPE(vocab={one: i for i, one in enumerate(dict.fromkeys([*letters, *words]))}, merges=[]))
    made.pre_tokenizer, made.decoder = level, decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=eos, pad_token="<pad>")


@pytest.fixture(scope="module")
def tokenizer():
    return tokenizer_of()


@pytest.fixture(scope="module")
def vocabulary(tokenizer):
    return len(tokenizer) + SPARE


@pytest.fixture(scope="module")
def constraint(tokenizer, vocabulary):
    return Constraint(tokenizer, vocabulary)


@pytest.fixture(scope="module")
def language(vocabulary):
    """A language model with random weights."""
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8192,
    )
    yield LlamaForCausalLM(config).eval()
    torch.set_num_threads(threads)


def asking(schema, many):
    return [Prepared(asked=Asked(parts=("?",), schema=schema), inputs=None, group=(), tokens=1)] * many


@pytest.fixture
def says(language, tokenizer, constraint):
    """Generates answers to a batch; -> their texts, None for one that was cut off."""

    def generate(batch, most, *, chance=True, seed=0):
        torch.manual_seed(seed)
        eos = tokenizer.eos_token_id
        with torch.inference_mode():
            out = language.generate(
                input_ids=torch.full((len(batch), 1), 5),
                attention_mask=torch.ones((len(batch), 1), dtype=torch.long),
                logits_processor=constraint(batch),
                max_new_tokens=most,
                do_sample=chance,
                top_k=0,
                eos_token_id=eos,
                pad_token_id=tokenizer.pad_token_id,
            )[:, 1:]
        whole = [eos in row for row in out.tolist()]
        texts = tokenizer.batch_decode(out, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return [text if ended else None for text, ended in zip(texts, whole, strict=True)]

    return generate


def shortened(schema, items=2, letters=8):
    """The schema with small bounds, so that random answers end soon."""
    if not isinstance(schema, dict):
        return schema
    out = {key: shortened(one, items, letters) for key, one in schema.items()}
    for key, most in (("maxItems", items), ("maxLength", letters)):
        if isinstance(out.get(key), int):
            out[key] = min(out[key], most)
    return out


def fits(value, schema):
    """Whether a value is one of the schema, of the small kind that is asked for."""
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "object":
            parts = schema["properties"]
            return set(value) == set(parts) and all(fits(value[key], part) for key, part in parts.items())
        case "array":
            return len(value) <= schema["maxItems"] and all(fits(one, schema["items"]) for one in value)
        case "string":
            return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema["maxLength"]
        case kind:
            number = int if kind == "integer" else (int, float)
            return isinstance(value, number) and schema["minimum"] <= value <= schema["maximum"]


def test_two_hundred_random_answers_all_follow_the_schema(says):
    """None is left out: one that is cut off is a failure, counted apart."""
    schema = shortened(json_schema(), items=1)
    texts = says(asking(schema, 200), 1200)
    cut = [text for text in texts if text is None]
    assert len(cut) == 0
    for text in texts:
        assert fits(json.loads(text), schema), text
        Said.model_validate(json.loads(text))
    assert len(set(texts)) > 190


def test_the_whole_schema_is_held_to_and_what_is_cut_is_counted_apart(says):
    texts = says(asking(json_schema(), 6), 1500, seed=3)
    whole = [text for text in texts if text is not None]
    assert whole
    for text in whole:
        assert fits(json.loads(text), json_schema())


def test_a_caption_for_each_of_several_segments_is_held_to(says):
    schema = shortened(json_schema(parts=3), items=0, letters=30)
    schema["properties"]["captions"] |= {"minItems": 3, "maxItems": 3}
    for text in says(asking(schema, 8), 500):
        assert [isinstance(one, str) for one in json.loads(text)["captions"]] == [True] * 3


def test_the_likeliest_words_follow_it_too(says):
    """Without chance a random model says the same over and over, in numbers, too."""
    schema = shortened(json_schema())
    (text,) = says(asking(schema, 1), 2000, chance=False)
    assert text is not None
    assert fits(json.loads(text), schema)


def test_a_caption_that_can_be_seen_is_read(says):
    texts = says(asking(shortened(json_schema(), items=0, letters=40), 8), 400)
    read_, silent = 0, 0
    for text in texts:
        if json.loads(text)["caption"].strip():
            read(text)
            read_ += 1
        else:
            silent += 1
    assert read_ > silent


def test_each_row_has_its_own_schema_or_none(says):
    yes = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}
    no = {"type": "string", "enum": ["no"]}
    batch = [*asking(yes, 1), *asking(no, 1), *asking(None, 1)]
    a, b, c = says(batch, 60)
    assert json.loads(a) in ({"a": True}, {"a": False})
    assert json.loads(b) == "no"
    assert c is None or not c.startswith('{"a"')


def test_a_batch_without_schemas_is_held_by_nothing(constraint):
    assert constraint(asking(None, 3)) == []


def test_a_schema_is_compiled_once_and_its_answers_do_not_meet(constraint, vocabulary):
    batch = asking({"type": "string", "enum": ["ab"]}, 2)
    (first,), (second,) = constraint(batch), constraint(batch)
    blank = torch.zeros((2, 1), dtype=torch.long)
    scores = first(blank, torch.zeros((2, vocabulary)))
    token = int(scores[0].argmax())
    assert token == int(second(blank, torch.zeros((2, vocabulary)))[0].argmax())
    later = first(torch.full((2, 2), token), torch.zeros((2, vocabulary)))
    assert int(later[0].argmax()) != token
    assert constraint._compiled.cache_info().hits >= 3


def test_a_schema_that_nothing_can_be_held_to_is_told(constraint):
    with pytest.raises(ModelError, match="cannot be held to its schema"):
        constraint(asking({"type": "string", "minLength": 5, "maxLength": 1, "pattern": "("}, 1))


def test_a_tokenizer_without_an_end_is_told():
    with pytest.raises(ModelError, match="no token that ends an answer"):
        Constraint(tokenizer_of(eos=None), 400)


def test_one_that_is_not_fast_is_told():
    class Slow:
        eos_token_id = 1

    with pytest.raises(ModelError, match="'Slow'"):
        Constraint(Slow(), 400)


@given(st.integers(1, 4), st.integers(1, 200), st.integers(-40, 40), st.integers(0, 2**32 - 1))
def test_the_mask_is_its_bits(rows, vocabulary, more, seed):
    """Whatever the widths: what the bits do not speak of is forbidden."""
    rng = random.Random(seed)
    words = -(-vocabulary // 32)
    bits = np.array([[rng.getrandbits(32) - 2**31 for _ in range(words)] for _ in range(rows)], np.int32)
    width = max(1, words * 32 + more)
    cpu = torch.device("cpu")
    assert torch.equal(unpacked_here(bits, cpu), unpacked_there(bits, cpu))
    forbidden = _forbidden(bits, torch.zeros((rows, width)))
    assert forbidden.shape == (rows, width)
    for row in range(rows):
        for column in range(width):
            allowed = column < words * 32 and bool(int(bits[row, column // 32]) >> (column % 32) & 1)
            assert bool(forbidden[row, column]) == (not allowed)


def test_fractions_have_a_smallest_step_and_nothing_else_changes():
    schema = {"type": "object", "properties": {"type": {"type": "number", "minimum": 0}, "n": {"type": "integer"}}}
    assert stepped(schema) == {
        "type": "object",
        "properties": {"type": {"type": "number", "minimum": 0, "multipleOf": 0.001}, "n": {"type": "integer"}},
    }
    assert stepped([{"type": "number", "multipleOf": 1}]) == [{"type": "number", "multipleOf": 1}]
