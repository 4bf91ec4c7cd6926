"""A model's folder: what is in it, before anything of it is loaded."""

import json
from pathlib import Path
from typing import Any

from vidette.errors import ConfigError

_LARGEST = 64_000_000
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_INDEX = "model.safetensors.index.json"


def config_of(folder: Path) -> dict[str, Any]:
    """Its config.json. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(f"no folder {str(folder)!r}; give the folder that holds the model's config.json and weights")
    if not (folder / "config.json").is_file():
        raise ConfigError(f"no config.json in {str(folder)!r}; give the folder that holds the model")
    config = table_in(folder / "config.json")
    if not isinstance(config.get("model_type"), str):
        raise ConfigError(f"{str(folder / 'config.json')!r} names no model_type; the folder is not one of transformers")
    return config


def check_weights(folder: Path) -> None:
    """Whether all the weights that it promises are there, as safetensors. Raises ConfigError."""
    index = folder / _INDEX
    names = _shards(index) if index.is_file() else ["model.safetensors"]
    absent = [name for name in names if not (folder / name).is_file()]
    if not absent:
        return
    pickled = next((found.name for pattern in _PICKLED for found in sorted(folder.glob(pattern))), None)
    if pickled:
        raise ConfigError(
            f"weights in {str(folder)!r} are pickled ({pickled!r}), and such a file can run code; "
            "save them as safetensors"
        )
    raise ConfigError(f"weights {absent[0]!r} are missing in {str(folder)!r}; copy the model again")


def _shards(index: Path) -> list[str]:
    weight_map = table_in(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ConfigError(f"{str(index)!r} lists no weights; copy the model again")
    names = sorted({str(name) for name in weight_map.values()})
    outside = next((name for name in names if Path(name).name != name), None)
    if outside:
        raise ConfigError(f"{str(index)!r} points out of its folder, at {outside!r}; it is not sound")
    return names


def table_in(path: Path, most_bytes: int = _LARGEST) -> dict[str, Any]:
    """The JSON object in a file of a model's folder. Raises ConfigError for anything else, and for a longer file."""
    try:
        if path.stat().st_size > most_bytes:
            raise ConfigError(f"{str(path)!r} is larger than {most_bytes} bytes; it is not a model's")
        read = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read ({type(error).__name__}); copy the model again") from error
    if not isinstance(read, dict):
        raise ConfigError(f"{str(path)!r} is not a table; copy the model again")
    return read
