"""Time that passes: absences, escalations, repeats and summaries come about though nothing happens."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from vidette.alerts import Judgement
from vidette.errors import StoreError
from vidette.ports import GraphStore, Reader

log = logging.getLogger(__name__)

PERIOD_S = 1.0
_FAULT_S = 5.0
_STOP_S = 2.0


class Ticked(Protocol):
    """Who knows what follows from time that passes."""

    def tick(self, read: Reader, *, ending: bool = False) -> Judgement:
        """What follows now; `ending`: nobody will ask for a while."""


class Ticking:
    """Context manager that asks the judge about every second while it is open.

    `judge` may be put in the place of the one before; None: nothing is asked. `told` is called when something came of
    it. Several processes may tick one memory.
    """

    def __init__(self, store: GraphStore, judge: Ticked | None, told: Callable[[], None]) -> None:
        self.judge = judge
        self._store, self._told = store, told
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Ticking":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_STOP_S)

    def tick(self, *, ending: bool = False) -> None:
        """What follows now; `ending`: what would follow soon too, since nobody will ask. Raises StoreError."""
        judge = self.judge
        if judge is not None and self._store.amend(lambda read: judge.tick(read, ending=ending)):
            self._told()

    def _run(self) -> None:
        wait_s = PERIOD_S
        while not self._stop.wait(wait_s):
            wait_s = PERIOD_S
            try:
                self.tick()
            except StoreError as error:
                log.warning("what time brings about: %s", error)
                wait_s = _FAULT_S
            except Exception:  # the loop's edge: a fault in one rule must not end what time does to all others
                log.exception("what time brings about")
                wait_s = _FAULT_S
