"""How often a job was begun in vain: of those that a process dies at, nobody else can tell."""

from dataclasses import dataclass

from workers.shared.broker import Broker

_KEPT_S = 86_400


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries of jobs, by task id, in Redis. Every method raises StoreError, `retryable`."""

    broker: Broker

    def one_more(self, task_id: str) -> int:
        """One more was in vain, or may be: it is counted before a job is begun that was given out before. -> how many."""
        key = self._key(task_id)
        tries, _ = self.broker.together([("INCR", key), ("EXPIRE", key, _KEPT_S)])
        return int(tries)

    def forget(self, task_id: str) -> None:
        """It came to something."""
        with self.broker.faults():
            self.broker.client.delete(self._key(task_id))

    def _key(self, task_id: str) -> str:
        return self.broker.key("tries", task_id)
