"""A model's folder: what is in it, told without loading it."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.perception.embed.loading import installed
from agent.perception.vlm.local.folder import table_in
from vidette.errors import ConfigError
from vidette.ids import content_tag, make_id
from vidette.models import Run

_MAX_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A folder as `save_pretrained` writes it, with its `config.json`."""

    path: Path
    config: dict[str, Any]

    @property
    def model_type(self) -> str:
        """What transformers calls the architecture."""
        return str(self.config.get("model_type", ""))

    def run(self, **params: object) -> Run:
        """The run of this model: of the content of its folder, not of where it lies."""
        digest = hashlib.sha256(json.dumps(self.config, sort_keys=True).encode())
        for file in _weights(self.path):
            digest.update(f"{file.name} {content_tag(file)};".encode())
        revision = digest.hexdigest()[:16]
        named = json.dumps(params, sort_keys=True)
        return Run(
            id=make_id("run", "embedder", revision, named), model=self.path.name, revision=revision, params=params
        )

    def optional(self, name: str) -> dict[str, Any]:
        """A further JSON file of the folder; empty where there is none. Raises ConfigError."""
        file = self.path / name
        return table_in(file, _MAX_BYTES) if file.is_file() else {}


def folder_of(said: str, setting: str, model_types: Collection[str] = ()) -> ModelFolder:
    """The folder that a setting names; of one of these types where any are given. Raises ConfigError."""
    installed(setting)
    path = Path(said).expanduser().resolve()
    if not (path / "config.json").is_file():
        raise ConfigError(f"{setting}: no model in {said!r}; name a folder with config.json and weights")
    found = ModelFolder(path=path, config=table_in(path / "config.json", _MAX_BYTES))
    if not _weights(path):
        raise ConfigError(f"{setting}: no weights in {said!r}; it needs a .safetensors file")
    if model_types and found.model_type not in model_types:
        known = ", ".join(sorted(model_types))
        raise ConfigError(f"{setting}: {said!r} is a model of type {found.model_type!r}; choices: {known}")
    return found


def _weights(path: Path) -> list[Path]:
    """Pickled weights are none: loading them can run code."""
    return sorted(path.glob("*.safetensors"))
