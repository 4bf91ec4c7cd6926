"""Spans of a file that are decoded ahead of its watch: who decodes which, and which are there, in Redis for some minutes.

A watch has a `run` of its own, so that nothing of an earlier one is taken for its own. It asks for spans; a worker takes
one, says as long as it is at it that it is, and when it is done. A span of which nobody says any more that he is at it, is
the watch's own again. What was decoded lies elsewhere (workers.watches.shelf).
"""

from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from workers.shared.broker import Broker

ALIVE_S = 60.0
"""A watch that was silent for so long has ended, or waits for memory: nothing more is decoded for it."""
AT_IT_S = 20.0
"""A worker that was silent for so long decodes no more."""
_KEPT_S = 600.0
_ASKED = b"asked"
_DONE = b"done"
State = Literal["free", "asked", "taken", "done"]
# KEYS: all that are asked for, this one; ARGV: its name, how many may be, for how long (ms), "asked".
_ASK = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3])
return 1
"""
# KEYS: the run, the span; ARGV: what it must be, what it becomes, for how long (ms).
_TURN = """
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A span that this process decodes; every method raises StoreError, `retryable`."""

    decoded: "Decoded"
    number: int
    holder: str

    def keep(self) -> bool:
        """Say that it is being decoded; -> whether it is still wanted of us."""
        return self.decoded.turn(self.number, self.holder, self.holder, AT_IT_S)

    def done(self) -> bool:
        """Say that it is there; -> whether it is still wanted of us."""
        return self.decoded.turn(self.number, self.holder, _DONE, _KEPT_S)

    def leave(self) -> None:
        """Decode it no more: it is the watch's own again."""
        if self.keep():
            self.decoded.free(self.number)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The spans of one watch, of any thread. Every method raises StoreError, `retryable`."""

    broker: Broker
    run: str

    @staticmethod
    def new_run() -> str:
        """A name that no other watch has."""
        return uuid4().hex

    def alive(self) -> None:
        """The watch goes on."""
        with self.broker.faults():
            self.broker.client.set(self._run, b"1", px=round(ALIVE_S * 1000))

    def ask(self, number: int, most: int) -> bool:
        """Have a span decoded; -> whether that may be: of all watches, `most` are asked for at once."""
        keys = [self.broker.key("decoding"), self._span(number)]
        with self.broker.faults():
            return bool(self.broker.script(_ASK)(keys, [self._name(number), most, round(_KEPT_S * 1000), _ASKED]))

    def take(self, number: int) -> Claim | None:
        """Begin to decode a span, if it is asked for and nobody has."""
        claim = Claim(self, number, uuid4().hex)
        return claim if self.turn(number, _ASKED, claim.holder, AT_IT_S) else None

    def state(self, number: int) -> State:
        """Whether a span is asked for, taken, or done, all of it; free: none of these."""
        with self.broker.faults():
            said = self.broker.client.get(self._span(number))
        if said is None:
            return "free"
        return "asked" if said == _ASKED else "done" if said == _DONE else "taken"

    def free(self, number: int) -> None:
        """Nobody decodes a span any more."""
        with self.broker.faults():
            self.broker.client.delete(self._span(number))

    def drop(self, number: int) -> None:
        """Nothing more is asked of a span."""
        name = self._name(number)
        self.broker.together([("ZREM", self.broker.key("decoding"), name), ("DEL", self._span(number))])

    def end(self) -> None:
        """The watch is over."""
        with self.broker.faults():
            self.broker.client.delete(self._run)

    def turn(self, number: int, said: str | bytes, becomes: str | bytes, seconds: float) -> bool:
        """Make of a span that is `said` what it `becomes`, in one step; -> whether it was, and the watch goes on."""
        keys = [self._run, self._span(number)]
        with self.broker.faults():
            return bool(self.broker.script(_TURN)(keys, [said, becomes, round(seconds * 1000)]))

    @property
    def _run(self) -> str:
        return self.broker.key("decoded", self.run)

    def _name(self, number: int) -> str:
        return f"{self.run}:{number}"

    def _span(self, number: int) -> str:
        return self.broker.key("decoded", self.run, str(number))
