"""The line that tells how far a move of memory is."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from app.live_lines import put

_EVERY_S = 0.2


class MoveLine:
    """Listens to a move: on a terminal a line on stderr that is written over, elsewhere a line a step.

    A context manager, which leaves the terminal tidy.
    """

    def __init__(
        self, *, quiet: bool = False, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quiet, self._out, self._clock = quiet, out or sys.stderr, clock
        self._live = self._out.isatty()
        self._step, self._told_at = "", float("-inf")

    def __call__(self, step: str, kind: str, done: int, of: int) -> None:
        """So many records of a kind are done."""
        if self._quiet:
            return
        if not self._live:
            if step != self._step:
                put(self._out, f"{step}\n")
        elif step != self._step or self._clock() - self._told_at >= _EVERY_S:
            self._told_at = self._clock()
            put(self._out, f"\r\x1b[K{step} {kind} {done:,} of {of:,}")
        self._step = step

    def __enter__(self) -> "MoveLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._step:
            put(self._out, "\r\x1b[K")
