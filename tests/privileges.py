"""File modes that hold for root, too: the right to overlook them (capabilities(7)) put down for a while."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_LIBC = ctypes.CDLL(None, use_errno=True)
_VERSION_3 = 0x20080522
_OVERRIDE, _READ_SEARCH = 1 << 1, 1 << 2


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def modes_hold() -> Iterator[None]:
    """In this thread and those it starts."""
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    _check(_LIBC.capget(ctypes.byref(header), sets))
    held = sets[0].effective
    sets[0].effective = held & ~(_OVERRIDE | _READ_SEARCH)
    _check(_LIBC.capset(ctypes.byref(header), sets))
    try:
        yield
    finally:
        sets[0].effective = held
        _check(_LIBC.capset(ctypes.byref(header), sets))


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "cannot change capabilities")
