"""The fast look's state as bytes: small arrays and plain JSON, no pickle."""

import io
import json
import tokenize
import zipfile
import zlib
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidette.errors import StoreError

Arrays = dict[str, NDArray[Any]]
_STATE = "state.json"
# Everything that NumPy, zip, zlib and JSON were seen to raise on damaged bytes.
_DAMAGE = (
    ValueError, KeyError, OSError, EOFError, TypeError, RuntimeError, SyntaxError, MemoryError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
MAX_BYTES = 64 * 1024 * 1024
_LEVEL = 2  # a third of the usual level's time for a twentieth more bytes


def pack(arrays: Arrays, state: dict[str, Any]) -> bytes:
    """Arrays and JSON-able state as one compressed NumPy archive."""
    text = json.dumps(state, separators=(",", ":")).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # as numpy.savez_compressed writes it, but at a level of our own
        for name, array in {**arrays, _STATE: np.frombuffer(text, np.uint8)}.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")  # without a time: equal states are equal bytes
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, _LEVEL)
    return buffer.getvalue()


def row(item: Any) -> dict[str, Any]:
    """A dataclass's fields by name, their values as they are: `asdict` copies each, which costs more than packing."""
    return {one.name: getattr(item, one.name) for one in fields(item)}


def unpack(data: bytes) -> tuple[Arrays, dict[str, Any]]:
    """What `pack` was given. Raises StoreError where the bytes are damaged, or more than MAX_BYTES unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(member.file_size for member in packed.infolist()) > MAX_BYTES:
                raise ValueError("it is too big")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
        state = json.loads(arrays.pop(_STATE).tobytes())
        if not isinstance(state, dict):
            raise TypeError("its state is no mapping")
    except _DAMAGE as error:
        raise StoreError(f"damaged carry ({error}); watch the stream anew with --again") from error
    return arrays, state
