"""A camera's main stream, kept while its smaller one is looked at; and a ring whose packets are recorded as well."""

import logging
import threading
from collections.abc import Callable

from ingest.live.arrivals import Arrival, Arrivals
from ingest.live.ring import Ring
from vidette.errors import SourceError
from vidette.feeds import CAUSES, Cause
from vidette.signals import Signal

log = logging.getLogger(__name__)

_STOP_S = 1.5
_AGAIN_S = 5.0


class Tapped(Ring):
    """A ring that hands each packet on: `tap` (`Keeper.add`) must not wait."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self.tap: Callable[[Arrival], None] | None = None

    def add(self, arrival: Arrival) -> None:
        """As the ring's, then to the tap."""
        super().add(arrival)
        if self.tap is not None:
            self.tap(arrival)


class Beside:
    """Fills a ring from a stream that nobody looks at: packets are not decoded. On a thread of its own.

    `connect` makes the `Arrivals`, again where its reader hangs. Losses are logged: what is looked at tells them as
    events.
    """

    def __init__(self, connect: Callable[[], Arrivals], ring: Ring) -> None:
        self._connect, self._ring = connect, ring
        self._stop = threading.Event()
        self._arrivals: Arrivals | None = None
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="main stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the stream go."""
        self._stop.set()
        if self._arrivals is not None:
            self._arrivals.close()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._arrivals = self._connect()
            try:
                self._fill(self._arrivals)
            except SourceError as error:
                log.warning("the main stream, of which clips are made: %s", error)
                self._stop.wait(_AGAIN_S)

    def _fill(self, arrivals: Arrivals) -> None:
        for item in arrivals:
            if self._stop.is_set():
                arrivals.close()
                return
            if isinstance(item, Signal):
                self._signal(item)
            else:
                self._lost = False
                self._ring.add(item)

    def _signal(self, signal: Signal) -> None:
        if signal.loss is None or signal.over or self._lost or signal.loss.cause is Cause.CONNECTING:
            return
        self._lost = True
        log.warning("the main stream, of which clips are made, is lost: %s", CAUSES[signal.loss.cause])
