"""Rows are what the models themselves score pictures and texts by."""

import shutil
import sys

import numpy as np
import pytest

from agent.perception.embed.folder import folder_of
from agent.perception.embed.pictures import MODEL_TYPES, PictureEmbedder
from vidette.errors import ConfigError, ModelError

pytestmark = pytest.mark.needs_models
TEXTS = ["a red umbrella", "a bag", "somebody runs along the pavement"]


@pytest.fixture(params=["clip", "siglip"])
def folder(request, tiny_embedder):
    return tiny_embedder(request.param)


def pictures():
    chance = np.random.default_rng(5)
    return [chance.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(3)]


def test_cosines_are_those_of_the_model_s_own_scores(folder):
    import torch
    from transformers import AutoModel, AutoProcessor

    embedder = PictureEmbedder(folder_of(str(folder), "x"), device="cpu")
    model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    padding = "max_length" if model.config.model_type == "siglip" else True
    given = processor(
        text=TEXTS, images=pictures(), return_tensors="pt", padding=padding, max_length=64, truncation=True
    )
    if padding == "max_length":
        assert given["input_ids"].shape[1] == 64
        given.pop("attention_mask", None)
    with torch.inference_mode():
        said, scale = model(**given).logits_per_image, model.logit_scale.exp()
        scores = (said - getattr(model, "logit_bias", 0)) / scale
    cosines = embedder.images(pictures()) @ embedder.texts(TEXTS).T
    assert np.allclose(cosines, scores.numpy(), atol=1e-4)


def test_the_run_is_of_the_content_wherever_it_lies(folder, tmp_path):
    moved = tmp_path / folder.name
    shutil.copytree(folder, moved)
    here, there = (PictureEmbedder(folder_of(str(one), "x")) for one in (folder, moved))
    assert here.run == there.run
    weights = moved / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert PictureEmbedder(folder_of(str(moved), "x")).run.id != here.run.id


def test_a_broken_folder_is_a_model_error_of_one_line(folder, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="'broken' failed") as told:
        PictureEmbedder(folder_of(str(broken), "x"), device="cpu").texts(["a"])
    assert "\n" not in str(told.value)


def test_other_folders_are_refused_before_anything_is_loaded(folder, tmp_path, tiny_embedder):
    with pytest.raises(ConfigError, match="no model in 'nowhere'"):
        folder_of("nowhere", "embedder.pictures", MODEL_TYPES)
    with pytest.raises(ConfigError, match="type 'bert'; choices: clip, siglip, siglip2"):
        folder_of(str(tiny_embedder("sentences")), "embedder.pictures", MODEL_TYPES)
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(folder / "config.json", empty)
    with pytest.raises(ConfigError, match=r"no weights .* \.safetensors"):
        folder_of(str(empty), "embedder.pictures", MODEL_TYPES)
    (empty / "pytorch_model.bin").write_bytes(b"x")  # pickles run code
    with pytest.raises(ConfigError, match="no weights"):
        folder_of(str(empty), "embedder.pictures", MODEL_TYPES)
    for text in ("[1]", "{", "\x00", "{" * 2**21):
        (empty / "config.json").write_text(text)
        with pytest.raises(ConfigError):
            folder_of(str(empty), "embedder.pictures")


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_without_the_extra_one_line_says_what_to_install(folder, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=rf"embedder.pictures needs {library}, .* pip install 'vidette\[vlm\]'"):
        folder_of(str(folder), "embedder.pictures", MODEL_TYPES)
