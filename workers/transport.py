"""Kombu's Redis transport, but for one thing: what could not be acknowledged does not count as under way for ever."""

from collections.abc import Callable
from typing import Any

from kombu.transport import redis


class Qos(redis.QoS):
    """How many jobs a worker has, of those that it may have.

    Kombu logs that the server was away when a job was to be acknowledged, and goes on counting it. A worker all of whose jobs
    end meanwhile would ask for no more, and so never learn that its connection is gone. The job itself is still in Redis,
    and is handed out anew when its time is over; it may be done twice.
    """

    _quick_ack: Callable[[str], None]  # kombu's: it is counted no longer

    def ack(self, delivery_tag: str) -> None:
        """Raises the errors of redis."""
        try:
            super().ack(delivery_tag)
        except Exception:
            self._quick_ack(delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Raises the errors of redis."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            self._quick_ack(delivery_tag)
            raise


class Channel(redis.Channel):
    """With that."""

    QoS: Any = Qos


class Transport(redis.Transport):
    """With that."""

    Channel: Any = Channel
