"""Questions of many threads and streams to one model: prepared side by side, answered in batches by one thread."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, InvalidStateError
from concurrent.futures import TimeoutError as NotReady
from contextlib import suppress
from threading import Condition, Semaphore, Thread, current_thread
from time import monotonic
from typing import Any

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked, Generator, Held, OutOfMemory, Prepared
from agent.perception.vlm.local.gate import Gate
from agent.perception.vlm.local.turns import Room, Turns, Waiting
from vidette.errors import ModelError

log = logging.getLogger(__name__)

_COMPANY_S = 0.2  # a batch that is not full waits so long for questions that are being prepared
_ROUND_S = 0.5
_PATIENCE_S = 2.0
_CLOSED = "the model is closed: no more is asked of it"


class Batcher:
    """Asks a model for many callers at once; each waits for its own answer.

    `batch`: questions answered together at most; `ahead`: prepared or at work at the same time at most, 0 for two batches.
    `deadline_s`: a model that gives no sign of life for so long (no word, no
    batch begun or ended) has failed those who wait; how long the line is does not count. `held` holds answers to
    their schemas. A batch that does not fit into memory is halved; what goes wrong in one batch fails that one only.
    """

    def __init__(
        self,
        generator: Generator,
        held: Held | None = None,
        *,
        batch: int,
        deadline_s: float,
        ahead: int = 0,
        company_s: float = _COMPANY_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._generator, self._held_by = generator, held
        self._deadline_s, self._company_s, self._clock = deadline_s, company_s, clock
        self._changed = Condition()
        self._turns, self._room = Turns(), Room(batch)
        self._gate = Gate(ahead or 2 * batch)
        self._desks, self._preparing = Semaphore(max(2, os.cpu_count() or 1)), 0
        self._at_work: list[Waiting] = []
        self._sign_s, self._closed = clock(), False
        self._thread = Thread(target=self._run, name="vision model", daemon=True)
        self._thread.start()

    @property
    def family(self) -> Family:
        """Which family the model is of."""
        return self._generator.family

    def ask(self, asked: Asked) -> Answered:
        """The answer, when it is there; from any thread. Raises ModelError."""
        since_s = self._clock()
        self._gate.enter(asked, _ROUND_S, lambda: self._alive(since_s))
        try:
            return self._answer_to(self._prepared(asked))
        finally:
            self._gate.leave()

    def close(self) -> None:
        """Those who wait have failed; what the model is at is cut at its next word. From any thread."""
        with self._changed:
            self._closed = True
            waiting = [*self._turns, *self._at_work]
            self._changed.notify_all()
        self._gate.close(_CLOSED)
        _fail(waiting, _CLOSED)
        if current_thread() is not self._thread:
            self._thread.join(_PATIENCE_S)

    # The callers' threads ------------------------------------------------------------------------

    def _answer_to(self, prepared: Prepared) -> Answered:
        one = Waiting(prepared=prepared, since_s=self._clock())
        with self._changed:
            self._still_open()
            self._turns.put(one)
            self._changed.notify_all()
        try:
            return self._awaited(one)
        finally:
            with self._changed:
                self._turns.withdraw(one)
            one.answer.cancel()

    def _prepared(self, asked: Asked) -> Prepared:
        """Preprocessed in the caller's thread, while the model is at another batch."""
        with self._changed:
            self._still_open()
            self._preparing += 1
        try:
            with self._desks:
                return self._generator.prepare(asked)
        except ModelError:
            raise
        except Exception as error:
            log.exception("a question cannot be prepared")
            raise ModelError(f"a question cannot be prepared for the model ({_name(error)}); see the log") from error
        finally:
            with self._changed:
                self._preparing -= 1
                self._changed.notify_all()

    def _awaited(self, one: Waiting) -> Answered:
        while True:
            try:
                return one.answer.result(_ROUND_S)
            except NotReady:
                self._alive(one.since_s)
            except CancelledError:
                raise ModelError(_CLOSED) from None

    def _alive(self, since_s: float) -> None:
        """Raises ModelError where the model has given no sign of life since then for too long."""
        silent_s = self._clock() - max(self._sign_s, since_s)
        if silent_s > self._deadline_s:
            raise ModelError(
                f"the model has stood still for {silent_s:.0f} s; raise `vlm.deadline_s`, or lower `vlm.batch`,"
                " `vlm.max_images` or `vlm.max_side`"
            )

    def _still_open(self) -> None:
        if self._closed:
            raise ModelError(_CLOSED)

    # The model's thread --------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._answer(batch)
        finally:
            self._generator.close()

    def _next(self) -> list[Waiting]:
        """The next batch, once it is full or no more is to be waited for; empty once closed."""
        with self._changed:
            while not self._closed:
                wait_s = self._wait_s()
                if wait_s is not None and wait_s <= 0:
                    self._at_work = self._turns.take(self._room.of)
                    return self._at_work
                self._changed.wait(wait_s)
        return []

    def _wait_s(self) -> float | None:
        """How long the next batch may wait for company; None: none waits."""
        first = self._turns.leader()
        if first is None:
            return None
        alike = sum(one.group == first.group for one in self._turns)
        if not self._preparing or alike >= self._room.of(first.group):
            return 0.0
        return self._company_s - (self._clock() - first.since_s)

    def _answer(self, batch: list[Waiting]) -> None:
        """Answer these, as many at once as fit into memory."""
        while batch and not self._closed:
            many = self._room.of(batch[0].group)
            part, batch = batch[:many], batch[many:]
            part = [one for one in part if not one.answer.done()]
            if part and not self._answered(part):
                batch = part + batch

    def _answered(self, part: list[Waiting]) -> bool:
        """Whether each of them has its answer, or has failed; False: they do not fit together."""
        self._sign()
        log.info("the model answers %d questions", len(part))
        try:
            self._deliver(part, self._generator.generate([one.prepared for one in part], self._held(part)))
        except OutOfMemory:
            self._room.burst(part[0].group, len(part))
            if len(part) > 1:
                log.info("%d questions at once do not fit into memory; fewer are asked", len(part))
                return False
            tokens = part[0].prepared.tokens
            _fail(part, f"a question of {tokens} tokens does not fit into memory; lower `vlm.max_images` or `max_side`")
        except ModelError as error:
            _fail(part, str(error), retryable=error.retryable)
        except Exception as error:  # the loop's edge: one batch stops no other
            if not self._cut(part):
                log.exception("the model failed")
            _fail(part, f"the model failed ({_name(error)}); see the log")
        finally:
            self._sign()
        return True

    def _deliver(self, part: list[Waiting], answers: Sequence[Answered]) -> None:
        if len(answers) != len(part):
            raise ModelError(f"the model gave {len(answers)} answers to {len(part)} questions; please report this")
        self._room.held(part[0].group, len(part))
        for one, answer in zip(part, answers, strict=True):
            with suppress(InvalidStateError):  # nobody waits for it any more
                one.answer.set_result(answer)

    def _held(self, part: list[Waiting]) -> Held:
        """The processors of the batch, and one of ours that hears each word and ends what nobody waits for."""

        def word(_ids: Any, scores: Any) -> Any:
            self._sign()
            if self._cut(part):
                raise ModelError(_CLOSED)
            return scores

        return lambda batch: [word, *(self._held_by(batch) if self._held_by else ())]

    def _cut(self, part: list[Waiting]) -> bool:
        return self._closed or all(one.answer.done() for one in part)

    def _sign(self) -> None:
        self._sign_s = self._clock()


def _fail(waiting: Iterable[Waiting], reason: str, *, retryable: bool = False) -> None:
    for one in waiting:
        with suppress(InvalidStateError):
            one.answer.set_exception(ModelError(reason, retryable=retryable))


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
