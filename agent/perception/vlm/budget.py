"""A bound on how often a model is asked in an hour, over all streams of this process."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

from vidette.errors import NotAsked
from vidette.models import LookReply, LookRequest, Run
from vidette.ports import VisionModel

_HOUR_S = 3600.0


class Budgeted:
    """Asks a model at most so many times in any hour (vidette.ports.VisionModel)."""

    def __init__(self, model: VisionModel, per_hour: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._model, self._most, self._clock = model, per_hour, clock
        self._lock, self._asked = Lock(), deque[float]()

    @property
    def run(self) -> Run:
        """The model's."""
        return self._model.run

    def look(self, request: LookRequest) -> LookReply:
        """The model's answer. Raises NotAsked where the hour's looks are spent, ModelError as the model does."""
        self._spend()
        return self._model.look(request)

    def close(self) -> None:
        """Close the model."""
        self._model.close()

    def _spend(self) -> None:
        with self._lock:
            now = self._clock()
            while self._asked and self._asked[0] <= now - _HOUR_S:
                self._asked.popleft()
            if len(self._asked) >= self._most:
                raise NotAsked(f"{self._most} deep looks within an hour are all that `vlm.calls_per_hour` allows")
            self._asked.append(now)
