"""A model that sleeps in its folder until it is first asked: it is loaded once, for all who ask."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotReady
from contextlib import suppress
from threading import Lock, Thread
from typing import Protocol

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked
from vidette.errors import ModelError, VidetteError

log = logging.getLogger(__name__)

_ROUND_S = 0.2
_CLOSED = "the model is closed: no more is asked of it"


class Awake(Protocol):
    """A model that can be asked."""

    @property
    def family(self) -> Family:
        """Which family it is of."""

    def ask(self, asked: Asked) -> Answered:
        """The answer; from any thread. Raises ModelError."""

    def close(self) -> None:
        """Give its memory back."""


class Waking:
    """Wakes a model when it is first needed; `say` is told what that takes, and nothing once it is done.

    What cannot be loaded is not tried again: each who asks is told why.
    """

    def __init__(self, load: Callable[[], Awake], *, doing: str, say: Callable[[str], None]) -> None:
        self._load, self._doing, self._say = load, doing, say
        self._lock, self._closed = Lock(), False
        self._model: Future[Awake] | None = None

    def model(self) -> Awake:
        """The model, once it is awake; from any thread. Raises ModelError."""
        found = self._begun()
        while not self._closed:
            try:
                return found.result(_ROUND_S)
            except NotReady:
                continue
            except VidetteError as error:
                raise ModelError(str(error)) from error
        raise ModelError(_CLOSED)

    def close(self) -> None:
        """Wake it no more, and close it; one that is just being loaded is closed once it is. From any thread."""
        with self._lock:
            self._closed, found = True, self._model
        if found is not None and found.done() and found.exception() is None:
            found.result().close()

    def _begun(self) -> "Future[Awake]":
        with self._lock:
            if self._model is None:
                self._model = Future()
                if not self._closed:
                    # not of a pool: who ends the watch does not wait for weights that nobody will use
                    Thread(target=self._wake, args=(self._model,), name="loading", daemon=True).start()
            return self._model

    def _wake(self, found: "Future[Awake]") -> None:
        self._say(self._doing)
        log.info(self._doing)
        try:
            made = self._load()
        except VidetteError as error:
            log.warning("deep looks fail: %s", error)
            found.set_exception(error)
        except Exception as error:  # the loop's edge: deep looks are optional
            log.exception("the model cannot be loaded")
            found.set_exception(ModelError(f"the model cannot be loaded ({type(error).__name__}); see the log"))
        else:
            with self._lock:
                found.set_result(made)
                late = self._closed
            if late:
                with suppress(VidetteError):
                    made.close()
        finally:
            self._say("")
