"""LoRA adapters: small weights of a fine-tuning, added to a model's own (Hu et al., 2021)."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.perception.vlm.local.torch_ready import extra
from vidette.errors import ConfigError

_FAULTS = (OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError)


def adapted(model: Any, folders: Sequence[Path], *, merge: bool) -> Any:
    """The model with the adapters of `folders` on it, one after the other. Raises ConfigError.

    `merge`: into its own weights, which costs nothing later on; quantised weights cannot take them and keep them apart.
    """
    for place, folder in enumerate(folders):
        _check(folder)
        model = _with(model, folder, f"adapter_{place}", merge=merge)
    if folders and not merge:
        model.set_adapter([f"adapter_{place}" for place in range(len(folders))])
    return model


def _check(folder: Path) -> None:
    if not (folder / "adapter_config.json").is_file():
        raise ConfigError(f"no adapter_config.json in {str(folder)!r}; give the folder that holds a LoRA adapter")
    if not (folder / "adapter_model.safetensors").is_file():
        raise ConfigError(
            f"no adapter_model.safetensors in {str(folder)!r}; pickled adapters are not read, save it again"
        )


def _with(model: Any, folder: Path, name: str, *, merge: bool) -> Any:
    peft = extra("peft", "an adapter")
    try:
        with warnings.catch_warnings():
            # weights that are not there, or that fit nowhere, are only a warning to peft
            warnings.simplefilter("error")
            if merge:
                return peft.PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
            model.load_adapter(str(folder), adapter_name=name)
            return model
    except (Warning, *_FAULTS) as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(f"the adapter {str(folder)!r} does not fit the model ({said})") from error
