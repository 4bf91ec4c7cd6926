"""Clips of alerts, between memory and a camera's process: ordered there, given to their alert here."""

import logging
import time
from collections.abc import Callable

from vidette.errors import StoreError
from vidette.streams import Stream
from workers.cameras.keeping import ClipOrder, Clips
from workers.cameras.live import Supervisor
from workers.cameras.messages import Order

log = logging.getLogger(__name__)

_AGAIN_S = 2.0


class Exhibiting:
    """The clips of one camera; call `step` often and `settled` when there may be new alerts."""

    def __init__(
        self, clips: Clips, stream: Stream, supervisor: Supervisor, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clips = clips
        self._stream, self._supervisor, self._clock = stream, supervisor, clock
        self._ordered: dict[str, ClipOrder] = {}
        self._restarts, self._asked, self._due = supervisor.restarts, True, 0.0

    def settled(self) -> None:
        """Something was settled: an alert may have been raised."""
        self._asked = True

    def step(self, told: Callable[[], None]) -> None:
        """Give what was cut to its alerts (and call `told`), order what is wanted. Memory that is busy is asked later."""
        if self._clock() < self._due:
            return
        try:
            self._give(told)
            self._order()
        except StoreError as error:
            log.warning("clips of camera %r: %s", self._stream.name, error)
            self._due = self._clock() + _AGAIN_S

    def _give(self, told: Callable[[], None]) -> None:
        done = self._supervisor.clips
        while done:
            if self.clips.done(done[0]):
                told()
            self._ordered.pop(done.popleft().id, None)

    def _order(self) -> None:
        if self._restarts != self._supervisor.restarts:  # what was ordered from the process before is lost
            self._restarts, self._asked = self._supervisor.restarts, True
            self.clips.again(self._ordered.values())
            self._ordered.clear()
        if self._asked and self._supervisor.state == "running":
            for order in self.clips.orders(self._stream):
                self._ordered[order.id] = order
                self._supervisor.order(Order(clip=order))
            self._asked = False
