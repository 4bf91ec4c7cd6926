"""Marks in Redis that something was sent a moment ago, so that it is not sent twice: `sent:{what}`, gone after a while."""

from collections.abc import Iterable
from dataclasses import dataclass

from workers.shared.broker import Broker

WATCH_S = 10.0
"""A watch that nobody took within so long is sent again."""
DELIVER_S = 10.0
"""So is a delivering."""


@dataclass(frozen=True, slots=True)
class Markers:
    """Who makes a mark sends; `what` is `watch:{stream id}` or `deliver:{sink}`. Every method raises StoreError."""

    broker: Broker

    def make(self, what: str, seconds: float) -> bool:
        """Whether it was not there: of several who make it at once, one is told so."""
        with self.broker.faults():
            return bool(self.broker.client.set(self._key(what), b"1", nx=True, px=round(seconds * 1000)))

    def clear(self, what: str) -> None:
        """Whatever was sent was taken: it may be sent again."""
        with self.broker.faults():
            self.broker.client.delete(self._key(what))

    def among(self, what: Iterable[str]) -> frozenset[str]:
        """Those of these that are there."""
        asked = list(what)
        if not asked:
            return frozenset()
        with self.broker.faults():
            found = self.broker.client.mget([self._key(one) for one in asked])
        return frozenset(one for one, value in zip(asked, found, strict=True) if value is not None)

    def _key(self, what: str) -> str:
        return self.broker.key("sent", what)
