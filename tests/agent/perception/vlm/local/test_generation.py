"""Answers: where they end, what they cost, and what happens where memory does not suffice."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.perception.vlm.local.asked import Asked, OutOfMemory
from tests.tiny_models import BUILDERS
from vidette.errors import ModelError

pytestmark = [pytest.mark.needs_models, pytest.mark.usefixtures("_torch")]


class Forced:
    """Makes each row say its own tokens, one after the other."""

    def __init__(self, *rows):
        self.rows = rows
        self.step = 0

    def __call__(self, input_ids, scores):
        scores = scores.new_full(scores.shape, float("-inf"))
        for row, tokens in enumerate(self.rows):
            scores[row, tokens[min(self.step, len(tokens) - 1)]] = 0.0
        self.step += 1
        return scores

    def held(self, batch):
        return [self]


def asked(pictures, **more):
    return Asked(parts=(0, "What?"), images=tuple(pictures(1)), **({"max_tokens": 6} | more))


def tokens(model, words):
    return model.tokenizer(words, add_special_tokens=False).input_ids


@pytest.mark.parametrize("family", BUILDERS)
def test_an_answer_is_what_was_generated_and_nothing_else(family, loaded, pictures, question):
    """Decoder-only models give the prompt back before the answer, encoder-decoder ones do not."""
    model = loaded(family)
    prepared = model.prepare(question(model, pictures(1), max_tokens=9))
    said = [*tokens(model, "yes!"), model.ends[0]]
    (answer,) = model.generate([prepared], Forced(said).held)
    assert answer.text.strip() == "yes!"
    assert not answer.cut
    assert answer.completion_tokens == len(said)
    assert answer.prompt_tokens == prepared.tokens
    assert answer.gpu_s > 0


def test_an_answer_that_came_to_its_limit_is_cut(loaded, pictures):
    model = loaded("qwen2.5-vl")
    (answer,) = model.generate([model.prepare(asked(pictures))], Forced(tokens(model, "abcdefghij")).held)
    assert (answer.text, answer.cut, answer.completion_tokens) == ("abcdef", True, 6)


def test_an_answer_that_ends_at_its_limit_is_whole(loaded, pictures):
    model = loaded("qwen2.5-vl")
    (answer,) = model.generate([model.prepare(asked(pictures))], Forced([*tokens(model, "abcde"), model.ends[0]]).held)
    assert (answer.text, answer.cut, answer.completion_tokens) == ("abcde", False, 6)


def test_a_cut_answer_of_an_encoder_decoder_does_not_look_ended(loaded, pictures, question):
    """BART's own way is to force the end token at the limit."""
    model = loaded("florence-2")
    (answer,) = model.generate([model.prepare(question(model, pictures(1)))], Forced(tokens(model, "abcdefghij")).held)
    assert (answer.text, answer.cut) == ("abcdef", True)


def test_each_answer_of_a_batch_has_its_own_limit_and_end(loaded, pictures):
    model = loaded("smolvlm")
    batch = [model.prepare(asked(pictures, max_tokens=limit)) for limit in (3, 8, 8)]
    long = tokens(model, "abcdefghij")
    answers = model.generate(batch, Forced(long, [*tokens(model, "no"), model.ends[0]], long).held)
    assert [(one.text, one.cut, one.completion_tokens) for one in answers] == [
        ("abc", True, 3),
        ("no", False, 3),
        ("abcdefgh", True, 8),
    ]
    assert len({one.gpu_s for one in answers}) == 1


def test_the_answer_has_room_in_the_model(tiny_model, tmp_path, pictures):
    from agent.perception.vlm.local.loading import LoadWish, load

    folder = shutil.copytree(tiny_model("llava"), tmp_path / "small")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 256
    (folder / "config.json").write_text(json.dumps(config))
    model = load(LoadWish(path=folder, device="cpu"))
    prepared = model.prepare(asked(pictures, max_tokens=9000, system="x" * 180))
    room = 256 - prepared.tokens
    assert 0 < room < 100
    (answer,) = model.generate([prepared], Forced(tokens(model, "ab")).held)
    assert (answer.completion_tokens, answer.cut) == (room, True)


def test_a_batch_of_two_groups_is_refused(loaded, pictures):
    model = loaded("smolvlm")
    one, two = model.prepare(asked(pictures)), model.prepare(Asked(parts=(0, 1), images=tuple(pictures(2))))
    assert one.group != two.group
    with pytest.raises(ModelError, match="one group"):
        model.generate([one, two])


def test_pictures_of_one_camera_are_one_group(loaded, pictures):
    model = loaded("qwen2.5-vl")
    some = [model.prepare(Asked(parts=(0, "x" * n), images=(shown,))) for n, shown in enumerate(pictures(3))]
    assert len({one.group for one in some}) == 1
    assert len({one.tokens for one in some}) == 3


def test_chance_is_the_same_for_the_same_seed(loaded, pictures):
    cold, warm = loaded("smolvlm"), loaded("smolvlm", temperature=1.5, seed=3)
    other = loaded("smolvlm", temperature=1.5, seed=4)
    said = [
        model.generate([model.prepare(asked(pictures, max_tokens=20))])[0].text for model in (cold, warm, warm, other)
    ]
    assert said[1] == said[2]
    assert len(set(said)) == 3


def test_the_worlds_chance_is_left_alone(loaded, pictures):
    import torch

    model = loaded("smolvlm", temperature=1.5, seed=3)
    prepared = model.prepare(asked(pictures))
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    model.generate([prepared])
    assert torch.rand(3).equal(expected)


@pytest.mark.parametrize("family", ["smolvlm", "qwen2.5-vl", "llava-next", "florence-2", "kosmos-2"])
def test_questions_are_prepared_in_many_threads(family, loaded, pictures, question):
    model = loaded(family)
    questions = [question(model, [shown], "w" * place) for place, shown in enumerate(pictures(24))]
    with ThreadPoolExecutor(6) as pool:
        many = list(pool.map(model.prepare, questions))
    assert 1 <= model._spare.qsize() <= 6  # copies are lent again, whichever thread asks
    for prepared, alone in zip(many, map(model.prepare, questions), strict=True):
        assert prepared.group == alone.group
        for key, tensor in alone.inputs.tensors.items():
            assert prepared.inputs.tensors[key].equal(tensor)


def starved(module, inputs):
    """As on a full GPU, by the allocator of this machine: a petabyte is asked for."""
    import torch

    torch.empty(1 << 50, dtype=torch.uint8)


def test_too_little_memory_is_told_apart(loaded, pictures):
    model = loaded("llava")
    prepared = model.prepare(asked(pictures))
    hook = model.model.get_input_embeddings().register_forward_pre_hook(starved)
    try:
        with pytest.raises(OutOfMemory, match="1 questions do not fit") as caught:
            model.generate([prepared])
    finally:
        hook.remove()
    assert caught.value.__context__ is None  # nothing holds on to what the failed try had made
    assert len(model.generate([prepared])) == 1


def test_another_fault_of_the_model_is_an_error(loaded, pictures):
    model = loaded("llava")
    prepared = model.prepare(asked(pictures))

    def failing(module, inputs):
        raise RuntimeError("CUDA error:\ndevice-side assert triggered")

    hook = model.model.get_input_embeddings().register_forward_pre_hook(failing)
    try:
        with pytest.raises(ModelError, match=r"LLaVA-1\.5 failed: RuntimeError: CUDA error: device-side assert"):
            model.generate([prepared])
    finally:
        hook.remove()


def test_the_vocabulary_is_the_models(loaded):
    for family in ("smolvlm", "qwen2.5-vl", "florence-2", "gemma3", "kosmos-2", "mllama"):
        model = loaded(family)
        head = model.model.get_output_embeddings()
        assert model.vocabulary == head.weight.shape[0] >= len(model.tokenizer)


def test_a_closed_model_is_gone(tiny_model, pictures):
    from agent.perception.vlm.local.loading import LoadWish, load

    model = load(LoadWish(path=tiny_model("llava"), device="cpu"))
    model.close()
    assert model.model is None
