"""Pictures and texts in one space: CLIP (Radford et al., 2021) and SigLIP (Zhai et al., 2023), by transformers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.perception.embed.folder import ModelFolder
from agent.perception.embed.loading import Ready, transformers, unit
from vidette.models import Run
from vidette.ports import Image

MODEL_TYPES = ("clip", "siglip", "siglip2")
_WORDS = 64  # SigLIP was trained with texts padded to so many tokens


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    processor: Any
    device: str


class PictureEmbedder:
    """Pictures by what they show, and texts beside them (vidette.ports.Embedder)."""

    def __init__(self, folder: ModelFolder, *, device: str = "", batch: int = 32) -> None:
        self._folder, self._batch = folder, batch
        self._run = folder.run()
        self._ready = Ready(folder.path.name, device, self._load)

    @property
    def run(self) -> Run:
        """The model, by the content of its folder."""
        return self._run

    def images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Unit rows of `(H, W, 3) uint8 RGB` pictures. Raises ModelError."""
        return self._rows(images, self._of_images)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows of texts, to compare with those of pictures. Raises ModelError."""
        return self._rows(texts, self._of_texts)

    def close(self) -> None:
        """Embed no more."""
        self._ready.close()

    def _rows(self, things: Sequence[Any], of: "Callable[[_Loaded, Sequence[Any]], Any]") -> NDArray[np.float32]:
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(things), self._batch):
            with self._ready.use() as loaded:
                found = of(loaded, things[start : start + self._batch]).pooler_output
                rows.append(unit(found.float().cpu().numpy()))
        return np.concatenate(rows) if rows else np.empty((0, 0), np.float32)

    def _of_images(self, loaded: _Loaded, images: Sequence[Image]) -> Any:
        given = loaded.processor.image_processor(images=list(images), return_tensors="pt").to(loaded.device)
        return loaded.model.get_image_features(**given)

    def _of_texts(self, loaded: _Loaded, texts: Sequence[str]) -> Any:
        clip = self._folder.model_type == "clip"
        given = loaded.processor.tokenizer(
            list(texts),
            padding=True if clip else "max_length",
            truncation=True,
            max_length=min(_most(self._folder), 10_000 if clip else _WORDS),
            return_tensors="pt",
        )
        if not clip:
            given.pop("attention_mask", None)  # it was trained to see the padding
        given.pop("token_type_ids", None)
        return loaded.model.get_text_features(**given.to(loaded.device))

    def _load(self, device: str) -> _Loaded:
        library, path = transformers(), self._folder.path
        model = library.AutoModel.from_pretrained(path, local_files_only=True, use_safetensors=True).to(device).eval()
        processor = library.AutoProcessor.from_pretrained(path, local_files_only=True)
        return _Loaded(model, processor, device)


def _most(folder: ModelFolder) -> int:
    """Tokens of a text at most; both families have 77 and 64 where their configuration does not say."""
    said = (folder.config.get("text_config") or {}).get("max_position_embeddings")
    return said if isinstance(said, int) else (77 if folder.model_type == "clip" else _WORDS)
