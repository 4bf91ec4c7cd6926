"""Carries that were tampered with: bombs, headers that promise too much, any bytes."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidette.carry import MAX_BYTES, pack, unpack
from vidette.errors import StoreError


def npy(shape: str, kind: str, body: bytes = b"") -> bytes:
    """A NumPy file (numpy.org/neps/nep-0001-npy-format.html) whose header says that."""
    head = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


def archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        archive("a.npy", npy(f"({10**18},)", "|u1")),
        archive("a.npy", npy(f"({2**40}, {2**40})", "|u1")),
        archive("a.npy", npy("(-5,)", "|u1")),
        archive("a.npy", npy("(" * 500, "|u1")),
        archive("a.npy", npy("(1,)", "|O")),
        archive("a.npy", npy("(1,)", "|V99999999999")),
        archive("a.npy", b"\x93NUMPY\x01\x00\xff\xff{"),
        archive("a.npy", bytes(MAX_BYTES + 1)),
        archive("state.json.npy", npy("(100000,)", "|u1", b"[" * 100_000)),
        archive("state.json.npy", npy("(1,)", "|u1", b"\xff")),
        archive("../../etc/x", b"x"),
        b"",
    ],
    ids=[
        "huge",
        "overflow",
        "negative",
        "nested",
        "objects",
        "void",
        "header",
        "bomb",
        "deep",
        "binary",
        "path",
        "empty",
    ],
)
def test_what_is_no_carry_is_one_error(data: bytes) -> None:
    with pytest.raises(StoreError, match="--again") as caught:
        unpack(data)
    assert len(str(caught.value)) < 400


WHOLE = pack(
    {"background": np.arange(200, dtype=np.uint8).reshape(10, 20), "noise": np.ones(5, np.float32)}, {"n": [1, 2]}
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(WHOLE)))
def test_flipped_and_cut_bytes(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(WHOLE)
    for at, value in flips:
        data[at] = value
    for held in (bytes(data), bytes(data[:length])):
        try:
            arrays, state = unpack(held)
        except StoreError:
            continue
        assert isinstance(state, dict)
        assert set(arrays) <= {"background", "noise"}


@given(st.binary(max_size=400), st.sampled_from(["a.npy", "state.json.npy", "state.json"]))
def test_any_bytes(data: bytes, name: str) -> None:
    for held in (data, archive(name, data), archive(name, b"\x93NUMPY\x01\x00" + data)):
        try:
            assert isinstance(unpack(held)[1], dict)
        except StoreError as error:
            assert "--again" in str(error)
