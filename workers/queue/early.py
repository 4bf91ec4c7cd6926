"""Observations that came before the one that precedes them: they wait here, and who settles that one takes the next up.

So none goes round the queue in the meantime, and none keeps a worker waiting.
"""

from dataclasses import dataclass

from vidette.models import Observation
from workers.shared.broker import Broker

_KEPT_S = 3600  # whoever sent one sends it again long before
_MOST = 1000
# KEYS has what waits of a stream, ARGV a sequence, a message, how many may wait, and seconds.
_WAIT = """
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
_TAKE = """
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return text
"""


@dataclass(frozen=True, slots=True)
class Early:
    """What waits for its turn, in Redis; of any thread. Every method raises StoreError, `retryable`."""

    broker: Broker

    def wait(self, observation: Observation, text: str) -> None:
        """Keep the message of this observation until its turn; where too many wait, it is left to who sends it again."""
        with self.broker.faults():
            self.broker.script(_WAIT)([self._key(observation)], [observation.sequence or 0, text, _MOST, _KEPT_S])

    def follows(self, observation: Observation, *, done: tuple[str, ...] = ()) -> bool:
        """Whether the one behind this waits here; the keys in `done` go, in the same call."""
        waits: tuple[str | int, ...] = ("HEXISTS", self._key(observation), (observation.sequence or 0) + 1)
        return bool(self.broker.together([("UNLINK", *done), waits] if done else [waits])[-1])

    def turn(self, observation: Observation, after: int = 0) -> str:
        """Take the message of the `after`-th observation behind this one; empty where it does not wait here."""
        if observation.sequence is None:
            return ""
        with self.broker.faults():
            text = self.broker.script(_TAKE)([self._key(observation)], [observation.sequence + after])
        return text.decode() if isinstance(text, bytes) else ""

    def _key(self, observation: Observation) -> str:
        return self.broker.key("early", observation.stream_id)
