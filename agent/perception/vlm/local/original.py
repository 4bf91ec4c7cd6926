"""A checkpoint of the original LLaVA code (LLaVA-1.5, Yi-VL): its files, and what its weights are called now."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.perception.vlm.local.folder import config_of
from agent.perception.vlm.local.torch_ready import Libraries, line
from vidette.errors import ConfigError

PROJECTORS = {
    "mlp2x_gelu": {"0": "linear_1", "2": "linear_2"},
    "mlp2x_gelu_Norm": {"0": "linear_1", "1": "norm_1", "3": "linear_2", "4": "norm_2"},
}
"""By `mm_projector_type`: the parts of the projector, numbered as there, named as here."""
_TOWER = "model.vision_tower."
_NAMES = (
    (re.compile(r"^model\.(embed_tokens|layers|norm)\."), r"model.language_model.\1."),
    (re.compile(r"^lm_head\."), "lm_head."),
    (re.compile(r"^model\.vision_tower\.vision_tower\.(vision_model\.)?"), _TOWER),
)
_VISION = re.compile(r"^(vision_model\.)?(?=embeddings\.|encoder\.|pre_layrnorm\.|post_layernorm\.)")
_MADE_ANEW = re.compile(r"(rotary_emb\.inv_freq|position_ids)$")
_NOT_VISION = re.compile(r"^(text_model\.|text_projection|visual_projection|logit_scale)")


def original_config(source: Path) -> dict[str, Any]:
    """Its config.json. Raises ConfigError where the folder is of another layout."""
    config = config_of(source)
    kind = config.get("mm_projector_type")
    if kind not in PROJECTORS:
        raise ConfigError(
            f"{str(source)!r} is no checkpoint of the original LLaVA code with a projector of "
            f"{' or '.join(PROJECTORS)}, but {str(kind)[:80]!r}"
        )
    return config


def tower_of(source: Path, config: dict[str, Any]) -> Path:
    """The folder of its vision tower, which lies inside it. Raises ConfigError."""
    said = Path(str(config.get("mm_vision_tower", "")))
    for folder in (source / said, source / "vit" / said.name, source / said.name):
        if folder.resolve().is_relative_to(source.resolve()) and (folder / "config.json").is_file():
            return folder
    raise ConfigError(f"no vision tower {said.name[:80]!r} in {str(source)!r}; copy its folder into `vit/` there")


def shards(folder: Path) -> list[Path]:
    """Its files of weights, in order. Raises ConfigError."""
    for pattern in ("model*.safetensors", "pytorch_model*.bin"):
        if found := sorted(folder.glob(pattern)):
            return found
    raise ConfigError(f"no weights in {str(folder)!r}; copy the model again")


def weights(path: Path, ready: Libraries) -> dict[str, Any]:
    """A file's tensors by name; of a pickled one nothing but tensors is read. Raises ConfigError."""
    import pickle

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        read = ready.torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read ({line(error)}); copy the model again") from error
    if not isinstance(read, dict) or not all(isinstance(one, ready.torch.Tensor) for one in read.values()):
        raise ConfigError(f"{str(path)!r} holds something else than weights")
    return read


def renamed(found: dict[str, Any], projector: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The language model's and projector's weights under their new names. Raises ConfigError for one it does not know."""
    for name, tensor in found.items():
        if _MADE_ANEW.search(name):
            continue
        yield _name(name, projector), tensor


def renamed_tower(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The vision tower's weights under their new names; those of a text tower beside it are left out."""
    for name, tensor in found.items():
        if _MADE_ANEW.search(name) or _NOT_VISION.match(name):
            continue
        if not _VISION.match(name):
            raise ConfigError(f"no place for the weight {name[:80]!r} of the vision tower")
        yield _TOWER + _VISION.sub("", name), tensor


def _name(name: str, projector: dict[str, str]) -> str:
    part = re.match(r"^model\.mm_projector\.(\d+)\.(weight|bias)$", name)
    if part and part[1] in projector:
        return f"model.multi_modal_projector.{projector[part[1]]}.{part[2]}"
    for pattern, new in _NAMES:
        if pattern.match(name):
            return pattern.sub(new, name)
    raise ConfigError(f"no place for the weight {name[:80]!r}; the checkpoint is of another kind")
