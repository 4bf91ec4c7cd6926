"""What a watch decodes itself, on a thread beside the look, while it waits for spans that others decode."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from vidette.errors import VidetteError

log = logging.getLogger(__name__)

_ROUND_S = 0.2


class Beside:
    """Decodes spans that nobody has, the first ones first; begins with its first `ahead_of`.

    `decode` does one of them, if nobody has it; -> whether it did. `reach`: so many are looked through.
    """

    def __init__(self, decode: Callable[[int], bool], reach: int) -> None:
        self._decode, self._reach = decode, reach
        self._front = 0
        self.over = Event()
        self._thread: Thread | None = None

    def ahead_of(self, number: int) -> None:
        """Span `number` is what is looked at next: those behind it are to be decoded."""
        self._front = number
        if self._thread is None:
            self._thread = Thread(target=self._run, name="decode beside", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Decode no more; what is begun is left."""
        self.over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                if any(map(self._decode, range(self._front + 1, self._front + 1 + self._reach))):
                    continue
            except VidetteError as error:
                log.info("nothing is decoded beside the look for now: %s", error)
            self.over.wait(_ROUND_S)
