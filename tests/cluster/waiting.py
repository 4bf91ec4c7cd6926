"""Waiting for what must come true."""

import time
from collections.abc import Callable

PATIENCE_S = 180.0
_ROUND_S = 0.05


def until(
    true: Callable[[], object], what: str, tell: Callable[[], str] = lambda: "", patience_s: float = PATIENCE_S
) -> None:
    """Wait until it is true; what `tell` says stands in the failure of one that waited in vain."""
    deadline = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s for {what}\n{tell()}")
        time.sleep(_ROUND_S)
