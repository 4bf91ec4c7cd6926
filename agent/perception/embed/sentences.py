"""Sentences by their meaning: any encoder of the sentence-transformers kind, read with transformers alone.

The vector is the masked mean of the last layer (Reimers, Gurevych, 2019), or its first token where the folder's
`1_Pooling` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.perception.embed.folder import ModelFolder
from agent.perception.embed.loading import Ready, transformers, unit
from vidette.errors import ConfigError, ModelError
from vidette.models import Run
from vidette.ports import Image

_LONGEST = 512
_MOST_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Any
    device: str


class SentenceEmbedder:
    """Texts by their meaning (vidette.ports.Embedder); it sees no pictures."""

    def __init__(self, folder: ModelFolder, *, device: str = "", batch: int = 32) -> None:
        self._folder, self._batch = folder, batch
        self._first = _first_token(folder)
        self._longest = _longest(folder)
        self._run = folder.run(pooling="first" if self._first else "mean", tokens=self._longest)
        self._ready = Ready(folder.path.name, device, self._load)

    @property
    def run(self) -> Run:
        """The model, by the content of its folder, and how its tokens become one vector."""
        return self._run

    def images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """It takes none: raises ModelError."""
        raise ModelError(f"{self._folder.path.name!r} is a sentence model and sees no pictures; set embedder.pictures")

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows of texts, in their order. Raises ModelError."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # alike in length: little padding
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(order), self._batch):
            with self._ready.use() as loaded:
                some = [texts[at][:_MOST_CHARACTERS] for at in order[start : start + self._batch]]
                rows.append(unit(self._pooled(loaded, some)))
        if not rows:
            return np.empty((0, 0), np.float32)
        return np.concatenate(rows)[np.argsort(order)]

    def close(self) -> None:
        """Embed no more."""
        self._ready.close()

    def _pooled(self, loaded: _Loaded, texts: list[str]) -> NDArray[np.float32]:
        given = loaded.tokenizer(
            texts, padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
        ).to(loaded.device)
        last = loaded.model(**given).last_hidden_state
        if self._first:
            pooled = last[:, 0]
        else:
            mask = given["attention_mask"].unsqueeze(-1).to(last.dtype)
            pooled = (last * mask).sum(1) / mask.sum(1).clamp(min=1)
        found: NDArray[np.float32] = pooled.float().cpu().numpy()
        return found

    def _load(self, device: str) -> _Loaded:
        library, path = transformers(), self._folder.path
        model = library.AutoModel.from_pretrained(path, local_files_only=True, use_safetensors=True).to(device).eval()
        tokenizer = library.AutoTokenizer.from_pretrained(path, local_files_only=True)
        return _Loaded(model, tokenizer, device)


def _first_token(folder: ModelFolder) -> bool:
    """Whether the first token stands for the text. Raises ConfigError for what is neither that nor the mean."""
    said = folder.optional("1_Pooling/config.json")
    modes = {name for name, value in said.items() if name.startswith("pooling_mode_") and value is True}
    if modes - {"pooling_mode_mean_tokens", "pooling_mode_cls_token"} or len(modes) > 1:
        raise ConfigError(
            f"embedder.captions: {folder.path.name!r} pools by {', '.join(sorted(modes))}; choices: mean, cls"
        )
    return "pooling_mode_cls_token" in modes


def _longest(folder: ModelFolder) -> int:
    """Tokens that are read of a text at most."""
    said = folder.optional("sentence_bert_config.json").get("max_seq_length")
    room = folder.config.get("max_position_embeddings")
    given = [one for one in (said, room, _LONGEST) if isinstance(one, int) and one > 0]
    return min(given)
