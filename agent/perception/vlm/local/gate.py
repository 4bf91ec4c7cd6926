"""How many questions are made ready at once: their pixels lie in memory until they are answered."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotReady
from contextlib import suppress
from threading import Lock

from agent.perception.vlm.local.asked import Answered, Asked, Prepared
from agent.perception.vlm.local.turns import Turns, Waiting
from vidette.errors import ModelError

_NOTHING = Answered(text="", prompt_tokens=0, completion_tokens=0, cut=False)


class Gate:
    """Lets so many questions through at a time, urgent ones first and streams in turn."""

    def __init__(self, most: int) -> None:
        self._lock, self._turns = Lock(), Turns()
        self._free, self._closed = most, ""

    def enter(self, asked: Asked, round_s: float, alive: Callable[[], None]) -> None:
        """Wait until it may be made ready; `leave` once it is answered.

        `alive` is called every `round_s`; what it raises ends the waiting, as does closing (ModelError).
        """
        one = Waiting(prepared=Prepared(asked=asked, inputs=None, group=(), tokens=0))
        with self._lock:
            self._turns.put(one)
            self._let_in()
        try:
            while True:
                with suppress(NotReady):
                    one.answer.result(round_s)
                    return
                alive()
        except CancelledError:
            raise ModelError(self._closed) from None
        except BaseException:
            self._give_up(one)
            raise

    def leave(self) -> None:
        """It is answered, or will not be."""
        with self._lock:
            self._free += 1
            self._let_in()

    def close(self, reason: str) -> None:
        """Let nobody in any more."""
        with self._lock:
            self._closed = reason
            self._let_in()

    def _let_in(self) -> None:
        while self._closed and (late := self._turns.take(lambda _: 1)):
            late[0].answer.cancel()
        while self._free > 0 and (first := self._turns.take(lambda _: 1)):
            self._free -= 1
            first[0].answer.set_result(_NOTHING)

    def _give_up(self, one: Waiting) -> None:
        with self._lock:
            if one in self._turns:
                self._turns.withdraw(one)
                return
        self.leave()  # it was let in meanwhile
