"""Loading an embedding model by transformers: from a folder, never from the network."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidette.errors import ModelError

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
                if self._made is None:
                    self._made = self._load(device_of(self._device))
                with _torch().inference_mode():
                    yield self._made
            except ModelError:
                raise
            except Exception as error:  # a model's own code: whatever it raises, one look failed
                raise ModelError(f"model {self._name!r} failed: {_line(error)}") from error

    def close(self) -> None:
        """Give no more; who is at work ends with the batch."""
        self._closed = True


def device_of(said: str) -> str:
    """The device asked for, or else a GPU if there is one."""
    torch = _torch()
    device = said or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu" and torch.get_num_threads() > _THREADS:
        torch.set_num_threads(_THREADS)
    return device


def transformers() -> Any:
    """The library. Raises ModelError where the extra is not installed."""
    _torch()
    try:
        import transformers as found
    except Exception as error:  # an installed library that does not import raises anything
        raise ModelError(f"transformers cannot be used ({_line(error)}); pip install 'vidette[vlm]'") from error
    found.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no types; stdout and stderr are for lines
    return found


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1; one of zeros or without numbers stays as zeros."""
    rows = np.nan_to_num(np.asarray(rows, np.float32), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _torch() -> Any:
    try:
        import torch
    except Exception as error:  # as above
        raise ModelError(f"torch cannot be used ({_line(error)}); pip install 'vidette[vlm]'") from error
    return torch


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
