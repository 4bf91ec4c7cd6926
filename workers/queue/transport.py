"""Kombu's Redis transport, but for two things: what could not be acknowledged does not count as under way for ever, and
what a worker had that is gone is handed out anew soon, not only when its time is over.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kombu.transport import redis

log = logging.getLogger(__name__)

GONE_S = 10.0
"""Who has not been there for so long, besides the time in which Redis forgets who is silent (presence.py), is gone."""


class Absent:
    """Since when workers are not there; times are seconds of one clock."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def gone(self, absent: Iterable[str], now: float) -> frozenset[str]:
        """These are not there now; -> those of them that are gone."""
        self._since = {one: self._since.get(one, now) for one in absent}
        return frozenset(one for one, since in self._since.items() if now - since >= GONE_S)


class Qos(redis.QoS):
    """How many jobs a worker has, of those that it may have; and who has which.

    Kombu logs that the server was away when a job was to be acknowledged, and goes on counting it. A worker all of whose jobs
    end meanwhile would ask for no more, and so never learn that its connection is gone. The job itself is still in Redis,
    and is handed out anew when its time is over; it may be done twice.
    """

    # What is kombu's, and its stubs do not know.
    channel: Any
    _quick_ack: Callable[[str], None]

    def __init__(self, *args: Any, **said: Any) -> None:
        super().__init__(*args, **said)
        self._absent = Absent()

    def append(self, message: Any, delivery_tag: str) -> None:
        """As kombu's, after it was noted whose it is."""
        if self.channel.holder:
            with self.channel.conn_or_acquire() as client:
                client.hset(self._holders, delivery_tag, f"{self.channel.holder} {here()}")
        super().append(message, delivery_tag)

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

    def restore_visible(self, *args: Any, **said: Any) -> None:
        """Hand out anew what took too long, as kombu does, and what those had who are gone."""
        super().restore_visible(*args, **said)
        if self.channel.holder:
            with self.channel.conn_or_acquire() as client:
                for tag in self._lost(client):
                    log.warning("a job of a worker that is gone is handed out anew")
                    self.restore_by_tag(tag, client)

    def _lost(self, client: Any) -> list[str]:
        """The tags of jobs whose holder is gone."""
        prefix = self.channel.global_keyprefix
        said = client.hgetall(f"{prefix}{self._holders}")
        held = {tag.decode(errors="replace"): one.decode(errors="replace") for tag, one in said.items()}
        there = _there(client, held)
        gone = self._absent.gone({one for one in held.values() if one not in there}, time.monotonic())
        return [tag for tag, one in held.items() if one in gone]

    def _remove_from_indices(self, delivery_tag: str, pipe: Any = None) -> Any:
        """Whose it was, too."""
        removed = super()._remove_from_indices(delivery_tag, pipe)  # type: ignore[misc]  # the stubs do not know it
        return removed.hdel(self._holders, delivery_tag) if self.channel.holder else removed

    @property
    def _holders(self) -> str:
        """The hash of who has which delivery."""
        return f"{self.unacked_key}:holders"


def here() -> str:
    """This process among all, as workers say it of themselves (presence.py)."""
    return f"{socket.gethostname()} {os.getpid()}"


def _there(client: Any, held: Mapping[str, str]) -> frozenset[str]:
    """Those of the holders that are there: the worker of that name is the same process."""
    found = set()
    for one in set(held.values()):
        name, *process = one.rsplit(" ", 2)
        if [client.hget(f"worker:{name}", field) for field in ("host", "pid")] == [word.encode() for word in process]:
            found.add(one)
    return frozenset(found)


class Channel(redis.Channel):
    """With that. `holder`: the name by which a worker says that it is there; without one nothing is noted."""

    QoS: Any = Qos
    holder = ""
    from_transport_options = (*redis.Channel.from_transport_options, "holder")


class Transport(redis.Transport):
    """With that."""

    Channel: Any = Channel
