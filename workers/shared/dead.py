"""Dead jobs: those that were given up, kept with the reason until a person sends them again or drops them."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vidette import codec
from vidette.errors import ConfigError, StoreError
from workers.shared.broker import Broker

log = logging.getLogger(__name__)

MOST, MOST_BYTES = 10_000, 256 << 20
"""So many are kept, and so much; the oldest go first, and are counted."""
_LONGEST = 1000  # characters of an error
_AT_ONCE = 200
_SHORTEST = 4  # characters of an id that may name it

# KEYS: dead, order, bytes, lost; ARGV: id, job, most, most bytes. One that is there already keeps its place.
_ADD = """
local before = redis.call('HSTRLEN', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local size = redis.call('INCRBY', KEYS[3], #ARGV[2] - before)
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
redis.call('ZADD', KEYS[2], 'NX', (tonumber(last[2]) or 0) + 1, ARGV[1])
while redis.call('ZCARD', KEYS[2]) > 1
  and (redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[3]) or size > tonumber(ARGV[4])) do
  local id = redis.call('ZPOPMIN', KEYS[2])[1]
  size = redis.call('DECRBY', KEYS[3], redis.call('HSTRLEN', KEYS[1], id))
  redis.call('HDEL', KEYS[1], id)
  redis.call('INCR', KEYS[4])
end
"""
# KEYS: dead, order, bytes; ARGV: ids
_DROP = """
local gone = 0
for _, id in ipairs(ARGV) do
  redis.call('DECRBY', KEYS[3], redis.call('HSTRLEN', KEYS[1], id))
  redis.call('HDEL', KEYS[1], id)
  gone = gone + redis.call('ZREM', KEYS[2], id)
end
return gone
"""
# A job may be given up twice, as it may be done twice: it is one dead job then, so its id is made of what is to be done.


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A job that was given up: the queue and the message it came in, why, after how many tries, when."""

    id: str
    queue: str
    text: str
    error: str
    tries: int
    at: datetime


class Dead:
    """The jobs that were given up, in Redis. Every method raises StoreError, `retryable`."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._add, self._drop = broker.script(_ADD), broker.script(_DROP)

    def add(self, *, queue: str, text: str, error: str, tries: int) -> str:
        """Keep a job that is given up; -> its id. The same job twice is one dead job, whenever each was sent."""
        identity = hashlib.sha256(f"{queue}\0{_task(text)}".encode(errors="replace")).hexdigest()[:16]
        with self.broker.faults():
            seconds, micros = self.broker.client.time()
            at = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
            job = DeadJob(id=identity, queue=queue, text=text, error=_plain(error), tries=tries, at=at)
            self._add([*self._keys, self._lost], [identity, codec.encode(job), MOST, MOST_BYTES])
        return identity

    def rows(self, limit: int = MOST) -> list[DeadJob]:
        """Dead jobs, the newest first; one that another version wrote and this cannot read is left out."""
        return [job for ids in self._ids(limit) for job in self._jobs(ids)]

    def count(self) -> int:
        """How many there are."""
        with self.broker.faults():
            return int(self.broker.client.zcard(self._keys[1]))

    def lost(self) -> int:
        """How many had to go since there was no room for more, after all were dropped last."""
        (count,) = self.broker.together([("GET", self._lost)])
        return int(count or 0)

    def replay(self, send: Callable[[DeadJob], bool], identity: str | None = None) -> int:
        """`send` one, or all, the oldest first, and keep no longer those of which it says that it did; -> how many.

        One is dropped after it was sent: one that is sent twice is done twice, which changes nothing. Raises ConfigError
        where the id is no dead job's.
        """
        jobs = [self.find(identity)] if identity else self.rows()[::-1]
        return sum(self._gone([job.id]) for job in jobs if send(job))

    def drop(self, identity: str | None = None) -> int:
        """Keep one, or all, no longer; -> how many. Raises ConfigError where the id is no dead job's."""
        if identity:
            return self._gone([self._whole(identity)])
        gone = sum(self._gone(ids) for ids in self._ids(MOST))
        self.broker.together([("DEL", self._lost)])
        return gone

    def find(self, identity: str) -> DeadJob:
        """A dead job by its id or the start of it. Raises ConfigError where it is nobody's, or several jobs'."""
        whole = self._whole(identity)
        found = self._jobs([whole])
        if not found:
            raise StoreError(f"dead job {whole!r} cannot be read; replay it with the version that gave it up")
        return found[0]

    def _whole(self, identity: str) -> str:
        ids = [one for some in self._ids(MOST) for one in some if one.startswith(identity)]
        if len(identity) < _SHORTEST or not ids:
            raise ConfigError(f"no dead job {identity[:40]!r}; `vidette jobs list` gives their ids")
        if len(ids) > 1:
            raise ConfigError(f"{identity!r} is the start of {len(ids)} dead jobs; give more of the id")
        return ids[0]

    def _ids(self, limit: int) -> list[list[str]]:
        """The newest first, in lists of as many as are asked for at once."""
        (members,) = self.broker.together([("ZREVRANGE", self._keys[1], 0, limit - 1)])
        ids = [one.decode() for one in members]
        return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]

    def _jobs(self, ids: list[str]) -> list[DeadJob]:
        with self.broker.faults():
            texts = self.broker.client.hmget(self._keys[0], ids)
        jobs = []
        for identity, text in zip(ids, texts, strict=True):
            try:
                jobs += [codec.decode(DeadJob, text)] if text else []  # else it was dropped meanwhile
            except StoreError as error:
                log.warning("dead job %s cannot be read: %s", identity, error)
        return jobs

    def _gone(self, ids: list[str]) -> int:
        with self.broker.faults():
            return int(self._drop(self._keys, ids))

    @property
    def _lost(self) -> str:
        return self.broker.key("dead", "lost")

    @property
    def _keys(self) -> list[str]:
        return [self.broker.key("dead"), self.broker.key("dead", "order"), self.broker.key("dead", "bytes")]


def _plain(error: str) -> str:
    """So much of it, in characters that Redis takes: names of files may have others."""
    return error[:_LONGEST].encode(errors="replace").decode()


def _task(text: str) -> str:
    """What a message says that is to be done, without when it was sent; all of it where it is none."""
    try:
        return json.dumps(json.loads(text)["job"], sort_keys=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
