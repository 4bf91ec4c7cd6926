"""Sentences pooled as their folder says."""

import json
import shutil

import numpy as np
import pytest

from agent.perception.embed.folder import folder_of
from agent.perception.embed.sentences import SentenceEmbedder
from vidette.errors import ConfigError

pytestmark = pytest.mark.needs_models
TEXTS = ["a man runs", "somebody walks with two dogs along a road that is wet"]


def copied(tiny_embedder, tmp_path, **pooling):
    made = tmp_path / "sentences"
    shutil.copytree(tiny_embedder("sentences"), made)
    (made / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder_of(str(made), "embedder.captions")


@pytest.mark.parametrize("mode", ["mean_tokens", "cls_token"])
def test_pooling_is_that_of_the_folder(tiny_embedder, tmp_path, mode):
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = copied(tiny_embedder, tmp_path, **{f"pooling_mode_{mode}": True})
    rows = SentenceEmbedder(folder, device="cpu").texts(TEXTS)
    model, tokens = AutoModel.from_pretrained(folder.path).eval(), AutoTokenizer.from_pretrained(folder.path)
    for text, row in zip(TEXTS, rows, strict=True):
        with torch.inference_mode():
            last = model(**tokens(text, return_tensors="pt", truncation=True, max_length=48)).last_hidden_state[0]
        wanted = (last.mean(0) if mode == "mean_tokens" else last[0]).numpy()
        assert np.allclose(row, wanted / np.linalg.norm(wanted), atol=1e-5)


def test_the_way_of_pooling_is_a_part_of_the_run(tiny_embedder, tmp_path):
    mean = SentenceEmbedder(folder_of(str(tiny_embedder("sentences")), "x"))
    first = SentenceEmbedder(copied(tiny_embedder, tmp_path, pooling_mode_cls_token=True))
    assert mean.run.id != first.run.id
    assert (mean.run.params["pooling"], first.run.params["pooling"]) == ("mean", "first")
    assert mean.run.params["tokens"] == 48


def test_other_pooling_is_refused(tiny_embedder, tmp_path):
    folder = copied(tiny_embedder, tmp_path, pooling_mode_max_tokens=True)
    with pytest.raises(ConfigError, match="pools by pooling_mode_max_tokens; choices: mean, cls"):
        SentenceEmbedder(folder)
