"""LoRA adapters: small weights of a fine-tuning, added to a model's own (Hu et al., 2021)."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.perception.vlm.local.torch_ready import extra, line
from vidette.errors import ConfigError

_WEIGHTS = "adapter_model.safetensors"
_FAULTS = (OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError)


def adapted(model: Any, folders: Sequence[Path], *, merge: bool) -> Any:
    """The model with the adapters of `folders` on it, one after the other. Raises ConfigError.

    `merge`: into its own weights, which costs nothing later on; quantised weights cannot take them and keep them apart.
    """
    if not folders:
        return model
    peft = extra("peft", "an adapter")
    wrapped = None
    for place, folder in enumerate(folders):
        _check(folder)
        wrapped = _wrapped(peft, model, wrapped, folder, f"adapter_{place}")
        if merge:
            model, wrapped = wrapped.merge_and_unload(), None
    if wrapped is not None:
        wrapped.base_model.set_adapter([f"adapter_{place}" for place in range(len(folders))])
        model = wrapped.get_base_model()
    return model


def _check(folder: Path) -> None:
    if not (folder / "adapter_config.json").is_file():
        raise ConfigError(f"no adapter_config.json in {str(folder)!r}; give the folder that holds a LoRA adapter")
    if not (folder / _WEIGHTS).is_file():
        raise ConfigError(f"no {_WEIGHTS} in {str(folder)!r}; pickled adapters are not read, save it again")


def _wrapped(peft: Any, model: Any, wrapped: Any, folder: Path, name: str) -> Any:
    """The model with one adapter more, all of whose weights found their place: to peft, that is only a warning."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if wrapped is None:
                wrapped = peft.PeftModel.from_pretrained(model, str(folder), adapter_name=name)
            else:
                wrapped.load_adapter(str(folder), adapter_name=name)
            placed = set(peft.get_peft_model_state_dict(wrapped, adapter_name=name))
    except _FAULTS as error:
        raise ConfigError(f"the adapter {str(folder)!r} does not fit the model ({line(error)})") from error
    lost = sorted(placed ^ _names(folder))
    if lost:
        raise ConfigError(f"the adapter {str(folder)!r} does not fit the model ({len(lost)} weights, as {lost[0]!r})")
    return wrapped


def _names(folder: Path) -> set[str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / _WEIGHTS, framework="pt") as weights:
            return set(weights.keys())
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{str(folder / _WEIGHTS)!r} cannot be read ({line(error)}); copy it again") from error
