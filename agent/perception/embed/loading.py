"""Holding an embedding model: loaded by transformers from its folder when first needed, used by one thread at a time."""

import contextlib
import importlib.util
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.perception.vlm.local.torch_ready import libraries, line
from vidette.errors import ConfigError, ModelError, VidetteError

T = TypeVar("T")
_THREADS = 2  # on a CPU: frames are looked at beside it


class Ready:
    """What `load` makes of the device, made when first asked for; one thread at a time works with it."""

    def __init__(self, name: str, device: str, load: Callable[[str], T]) -> None:
        self._name, self._device, self._load = name, device, load
        self._lock = threading.Lock()
        self._made: Any = None
        self._closed = False

    @contextlib.contextmanager
    def use(self) -> Iterator[Any]:
        """It, alone. Raises ModelError where it cannot be loaded, fails, or was closed."""
        with self._lock:
            if self._closed:
                raise ModelError(f"model {self._name!r} was closed")
            try:
                torch = libraries().torch
                if self._made is None:
                    self._made = self._load(device_of(torch, self._device))
                with torch.inference_mode():
                    yield self._made
            except VidetteError as error:
                raise ModelError(str(error)) from error
            except Exception as error:  # a model's own code: whatever it raises, one look failed
                said = line(error) or type(error).__name__
                raise ModelError(f"model {self._name!r} failed: {said}") from error

    def close(self) -> None:
        """Give no more; who is at work ends with the batch."""
        self._closed = True


def transformers() -> Any:
    """The library. Raises ConfigError where it cannot be used."""
    return libraries().transformers


def installed(setting: str) -> None:
    """Whether what loads models is there, told without loading it. Raises ConfigError."""
    for name in ("torch", "transformers"):
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"{setting} needs {name}, which is not installed; pip install 'vidette[vlm]'")


def device_of(torch: Any, said: str) -> str:
    """The device asked for, or else a GPU if there is one."""
    device = said or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu" and torch.get_num_threads() > _THREADS:
        torch.set_num_threads(_THREADS)
    return device


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1; one of zeros or without numbers stays as zeros."""
    rows = np.nan_to_num(np.asarray(rows, np.float32), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
