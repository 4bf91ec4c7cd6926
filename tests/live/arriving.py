"""Arrivals of a camera, collected by a thread as one who looks would."""

import itertools
import threading
import time

from app.simulation.camera import until
from ingest.live.address import Address
from ingest.live.arrivals import Arrival, Arrivals
from ingest.live.backoff import Backoff
from vidette.errors import SourceError
from vidette.settings import LiveSettings
from vidette.signals import Signal

PATIENCE_S = 40.0


class Arriving:
    """Collects until it is closed; `at` holds when each came (`time.monotonic`)."""

    def __init__(
        self, url, *, timeout_s=1.0, late_s=5.0, transport="tcp", username="", password="", backoff=None, **options
    ):
        began = time.time()
        self.items, self.at, self.failed = [], [], None
        self.arrivals = Arrivals(
            Address.parse(url, username, password, transport),
            live=LiveSettings(timeout_s=timeout_s, late_s=late_s),
            now=lambda: time.time() - began,
            backoff=backoff or Backoff(lambda: 0.0),
            **options,
        )
        self._thread = threading.Thread(target=self._collect)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.arrivals.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _collect(self):
        try:
            for item in self.arrivals:
                self.at.append(time.monotonic())
                self.items.append(item)
        except SourceError as error:
            self.failed = error

    @property
    def packets(self):
        return [item for item in list(self.items) if isinstance(item, Arrival)]

    @property
    def signals(self):
        return [item for item in list(self.items) if isinstance(item, Signal)]

    def causes(self, state=None):
        """Causes of losses in the order told, repeats left out."""
        told = [s.loss.cause for s in self.signals if s.loss and not s.over and state in (None, s.loss.state)]
        return [cause for cause, _ in itertools.groupby(told)]

    def wait(self, condition):
        assert until(lambda: self.failed or condition(), PATIENCE_S, 0.02), self.tail()
        assert self.failed is None, self.failed

    def more(self, count=5):
        """Wait for so many further packets."""
        before = len(self.packets)
        self.wait(lambda: len(self.packets) >= before + count)

    def loss(self, cause, connection=None):
        """Wait until the camera is said to be lost for that cause."""
        before = len(self.items)
        self.wait(
            lambda: any(
                isinstance(i, Signal) and i.loss and not i.over and i.loss.cause is cause for i in self.items[before:]
            )
        )

    def tail(self):
        return "\n".join(map(str, self.items[-12:]))


def holes(items, *, step_s=0.5):
    """Stretches of media time between two items that nothing speaks of, and signals before what one told.

    Packets may lie before it: what follows them may need them to be decoded.
    """
    found, reached_s, told_s = [], 0.0, 0.0
    for item in items:
        signal = isinstance(item, Signal)
        at_s = item.pts_s if signal else item.media_s
        since_s = item.loss.since_s if signal and item.loss else at_s
        if signal and at_s < told_s - 1e-6:
            found.append(("back", told_s, item))
        if since_s - reached_s > step_s:
            found.append(("hole", reached_s, item))
        reached_s, told_s = max(reached_s, at_s), at_s if signal else told_s
    assert reached_s > 0
    return found
