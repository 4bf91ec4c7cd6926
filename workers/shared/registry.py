"""What is wanted: the streams that workers are to watch, and how each goes. Memory says what was seen; this, who asked."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, get_args

from vidette import codec
from vidette.errors import StoreError
from workers.jobs import Watch
from workers.shared.broker import Broker

log = logging.getLogger(__name__)

State = Literal["wanted", "stopping", "done", "failed", "dead"]
Over = Literal["done", "failed", "dead"]
_STATES: dict[str, State] = {one: one for one in get_args(State)}
_KEPT_S = 7 * 86_400  # what is over is remembered so long
_FIELDS = ("name", "job", "again", "state", "error", "tries", "sequence", "at")
_AT_ONCE = 500  # hashes asked for in one go
_LONGEST = 500  # characters of an error

_NOW = "local t = redis.call('TIME')\nlocal now = t[1] .. string.format('%03d', math.floor(tonumber(t[2]) / 1000))\n"
# KEYS: watch, watches; ARGV: stream id, name, job, again
_WANT = f"""{_NOW}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'job', ARGV[3], 'again', ARGV[4], 'state', 'wanted', 'error', '',
  'tries', 0, 'sequence', -1, 'at', now)
redis.call('SADD', KEYS[2], ARGV[1])
"""
# A stream whose last commit is another one than when it was begun last has got on.
_BEGUN = """
local sequence = redis.call('HGET', KEYS[1], 'sequence')
if not sequence then
  return 0
end
if sequence ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'tries', 0)
end
return redis.call('HINCRBY', KEYS[1], 'tries', 1)
"""
_ON_ITS_WAY = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'again', 0) end"
_LET_GO = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'tries', 0) end"
_STOP = f"""{_NOW}
if redis.call('HGET', KEYS[1], 'state') == 'wanted' then
  redis.call('HSET', KEYS[1], 'state', 'stopping', 'at', now)
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
"""
_END = f"""{_NOW}
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'state', ARGV[2], 'error', ARGV[3], 'at', now)
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
"""
_PRUNE = "if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A watch that somebody asked for.

    `tries`: how often it was begun without a commit in between; `sequence`: that of the last commit when it was begun
    last, -1 before any; `at`: when its state changed last, by Redis' clock.
    """

    stream_id: str
    name: str
    job: Watch
    state: State
    error: str = ""
    tries: int = 0
    sequence: int = -1
    at: datetime


class Registry:
    """The watches that are wanted, in Redis; of any thread and process. Every method raises StoreError, `retryable`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._want, self._begun, self._prune = broker.script(_WANT), broker.script(_BEGUN), broker.script(_PRUNE)
        self._on_its_way, self._let_go = broker.script(_ON_ITS_WAY), broker.script(_LET_GO)
        self._stop, self._end = broker.script(_STOP), broker.script(_END)

    def want(self, job: Watch) -> None:
        """Watch this; (again) as if it had never been begun."""
        stream_id = job.spec.stream_id
        with self._broker.faults():
            self._want(
                [self._key(stream_id), self._names],
                [stream_id, job.spec.name, codec.encode(job), int(job.again)],
            )

    def get(self, stream_id: str) -> Wanted | None:
        """What is wanted of a stream; None where nothing is, or was within a week."""
        (values,) = self._broker.together([("HMGET", self._key(stream_id), *_FIELDS)])
        return None if values[0] is None else _wanted(stream_id, values)

    def all(self) -> list[Wanted]:
        """Every watch, by name and id; one that another version wrote and this cannot read is left out."""
        (members,) = self._broker.together([("SMEMBERS", self._names)])
        ids = sorted(one.decode() for one in members)
        found = [one for at in range(0, len(ids), _AT_ONCE) for one in self._some(ids[at : at + _AT_ONCE])]
        return sorted(found, key=lambda one: (one.name, one.stream_id))

    def begun(self, stream_id: str, sequence: int) -> int:
        """A worker begins, after the commit `sequence` (-1: none); -> how often that was so with no commit in between.

        1 is the first time; 0 where nobody wants it any more.
        """
        with self._broker.faults():
            return int(self._begun([self._key(stream_id)], [sequence]))

    def on_its_way(self, stream_id: str) -> None:
        """The first observation is out: whoever goes on does not begin `again`."""
        with self._broker.faults():
            self._on_its_way([self._key(stream_id)])

    def let_go(self, stream_id: str) -> None:
        """Whoever watched it leaves it to others: that is no failure, and counts as none."""
        with self._broker.faults():
            self._let_go([self._key(stream_id)])

    def end(self, stream_id: str, state: Over, error: str = "") -> None:
        """It is over, and why."""
        with self._broker.faults():
            self._end([self._key(stream_id)], [_KEPT_S, state, error[:_LONGEST]])

    def stop(self, stream_id: str) -> None:
        """Whoever watches it is to let it go; nothing where it is over already."""
        with self._broker.faults():
            self._stop([self._key(stream_id)], [_KEPT_S])

    def _some(self, ids: list[str]) -> Iterable[Wanted]:
        answers = self._broker.together([("HMGET", self._key(one), *_FIELDS) for one in ids])
        for stream_id, values in zip(ids, answers, strict=True):
            if values[0] is None:
                with self._broker.faults():
                    self._prune([self._key(stream_id), self._names], [stream_id])
                continue
            try:
                yield _wanted(stream_id, values)
            except StoreError as error:
                log.warning("what is wanted of stream %r cannot be read: %s", stream_id, error)

    def _key(self, stream_id: str) -> str:
        return self._broker.key("watch", stream_id)

    @property
    def _names(self) -> str:
        return self._broker.key("watches")


def _wanted(stream_id: str, values: Sequence[bytes | None]) -> Wanted:
    """Raises StoreError."""
    try:
        name, job, again, state, error, tries, sequence, at = [(one or b"").decode(errors="replace") for one in values]
        return Wanted(
            stream_id=stream_id,
            name=name,
            job=_job(job, again == "1"),
            state=_STATES[state],
            error=error,
            tries=int(tries),
            sequence=int(sequence),
            at=datetime.fromtimestamp(int(at) / 1000, UTC),
        )
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise StoreError(f"not a watch ({type(error).__name__}: {error}); written by another version?") from error


@lru_cache(maxsize=20_000)
def _job(text: str, again: bool) -> Watch:
    """Asked every second of what seldom changes."""
    return replace(codec.decode(Watch, text), again=again)
