"""Whether anybody takes what is sent: where nobody does, that is said, with what is to be done."""

import logging
import time
from collections.abc import Callable, Collection

from workers.shared.broker import Broker
from workers.shared.presence import workers

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""Who starts workers and watches at once is not told that there are none."""
_AGAIN_S = 60.0


class Listening:
    """Says of queues that are needed, and that no worker takes, so once a minute."""

    def __init__(self, broker: Broker, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._broker, self._clock = broker, clock
        self._due: dict[str, float] = {}

    def mind(self, needed: Collection[str]) -> None:
        """These are needed now. Raises StoreError."""
        now = self._clock()
        self._due = {queue: self._due.get(queue, now + PATIENCE_S) for queue in needed}
        late = [queue for queue, due in self._due.items() if now >= due]
        if not late:
            return
        taken = {queue for worker in workers(self._broker) for queue in worker.queues}
        for queue in late:
            self._due[queue] = now + _AGAIN_S
            if queue not in taken:
                log.warning("no worker takes `%s`; start one: vidette worker --queues %s", queue, queue)
