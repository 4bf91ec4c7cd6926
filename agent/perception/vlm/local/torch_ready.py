"""Whether torch and transformers can be used here; where not, one line that says what to install."""

import importlib
import importlib.util
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from agent.perception.vlm.families import Family
from vidette.errors import ConfigError

_INSTALL = "pip install 'vidette[vlm]'"
_BROKEN = (ImportError, OSError, RuntimeError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Libraries:
    """The heavy libraries, loaded. Their types are not checked: they are far looser than ours."""

    torch: Any
    transformers: Any


def libraries() -> Libraries:
    """Load them, this process offline from then on. Raises ConfigError."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    torch = _load("torch")
    if importlib.util.find_spec("torchvision"):
        _torchvision()
    transformers = _load("transformers")
    transformers.utils.logging.set_verbosity_error()  # its advice is for those who call it
    transformers.utils.logging.disable_progress_bar()
    return Libraries(torch=torch, transformers=transformers)


def fit_for(family: Family) -> None:
    """Whether the family's own needs are met. Raises ConfigError.

    A family that takes videos has a processor that stands on torchvision, even for single pictures.
    """
    if family.video and not importlib.util.find_spec("torchvision"):
        raise ConfigError(f"{family.name} needs torchvision, which is not installed; {_INSTALL}")


def extra(name: str, purpose: str) -> Any:
    """A library of the extra `quantised`, loaded. Raises ConfigError."""
    try:
        return importlib.import_module(name)
    except _BROKEN as error:
        raise ConfigError(f"{purpose} needs {name} ({line(error)}); pip install 'vidette[quantised]'") from error


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a model in this process needs {error.name or name}, which is not installed; {_INSTALL}"
        ) from error
    except _BROKEN as error:
        raise ConfigError(f"{name} is installed but cannot be loaded ({line(error)}); {_INSTALL}") from error


def _torchvision() -> None:
    """One that is built for another torch breaks every class of transformers, under names that do not tell why."""
    try:
        importlib.import_module("torchvision")
    except _BROKEN as error:
        raise ConfigError(
            f"torchvision {_version('torchvision')} does not work beside torch {_version('torch')} ({line(error)}); "
            "install two that are built for one another (of one index, with the same CUDA or CPU build), "
            "or pip uninstall torchvision and use a model that takes no videos"
        ) from error


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "of unknown version"


def line(error: BaseException) -> str:
    """What an error says, in one line of bounded length."""
    return " ".join(str(error).split())[:200]
