"""Deep looks that wait: how many, whose, and so who is next; more than may wait are not sent."""

from dataclasses import dataclass

from workers.jobs import LookAt
from workers.queue import priority
from workers.queue.routing import PRIORITIES, QUEUE_OF, waiting_key
from workers.shared.broker import Broker

_KEPT_S = 3600  # a number of looks that nothing changes any more was wrong: messages are lost with a server
_LISTS = tuple(waiting_key(QUEUE_OF["look"], one) for one in PRIORITIES)
# KEYS has the number of looks of a stream, ARGV how many seconds it is kept.
_LESS = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 1 then
  redis.call('DECR', KEYS[1])
  redis.call('EXPIRE', KEYS[1], ARGV[1])
else
  redis.call('DEL', KEYS[1])
end
"""


@dataclass(frozen=True, slots=True)
class Room:
    """What a look finds: `waiting` of all streams, `mine` of its own."""

    waiting: int
    mine: int


class Backlog:
    """The queue of looks, of all workers together; of any thread. Every method raises StoreError, `retryable`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._less = broker.script(_LESS)

    def room(self, look: LookAt) -> Room:
        """What it finds before it is sent."""
        *lists, mine = self._broker.together([("LLEN", one) for one in _LISTS] + [("GET", self._key(look))])
        return Room(waiting=sum(lists), mine=int(mine or 0))

    def fresh(self) -> int:
        """How many wait that are not owed from earlier watches."""
        return sum(self._broker.together([("LLEN", one) for one in _LISTS[: priority.OWED]]))

    def more(self, look: LookAt) -> None:
        """One more of its stream waits."""
        key = self._key(look)
        self._broker.together([("INCR", key), ("EXPIRE", key, _KEPT_S)])

    def less(self, look: LookAt) -> None:
        """It is done, or given up."""
        with self._broker.faults():
            self._less([self._key(look)], [_KEPT_S])

    def _key(self, look: LookAt) -> str:
        return self._broker.key("looks", look.segment.stream_id)
