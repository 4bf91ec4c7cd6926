"""A model of ours for what stands before models in this process: it answers as it is told, a word at a time."""

import json
import threading
from collections.abc import Callable, Sequence

from agent.perception.vlm.families import Family
from agent.perception.vlm.local.asked import Answered, Asked, Held, OutOfMemory, Prepared
from tests.answering import QUIET

SPEAKING = Family(name="scripted", model_types=("scripted",))


class Scripted:
    """A Generator (agent.perception.vlm.local.asked). Its batches are kept in `batches`.

    `fits`: how many questions fit into memory at once. `says`: the text of an answer. `words`: how often it calls its
    processors in a batch. `hold()` makes it wait in each batch for a `go()` of its own. A question's group is its number
    of pictures.
    """

    def __init__(
        self,
        says: Callable[[Asked], str] = lambda asked: json.dumps(QUIET),
        *,
        fits: int = 10**6,
        words: int = 2,
        family: Family = SPEAKING,
    ) -> None:
        self.says, self.fits, self.words = says, fits, words
        self.family, self.tokenizer, self.vocabulary = family, None, 0
        self.batches: list[list[Asked]] = []
        self.begun, self.closed, self._held = threading.Event(), threading.Event(), False
        self._permits = threading.Semaphore(0)
        self.at_once = 0  # calls of generate that ran beside another: must stay 0
        self._busy = threading.Lock()

    def hold(self) -> "Scripted":
        self._held = True
        return self

    def go(self, batches: int = 1) -> None:
        self._permits.release(batches)

    def release(self) -> None:
        """No batch waits any more."""
        self._held = False
        self._permits.release(10_000)

    def prepare(self, asked: Asked) -> Prepared:
        return Prepared(asked=asked, inputs=None, group=(len(asked.images),), tokens=10)

    def generate(self, batch: Sequence[Prepared], held: Held | None = None) -> list[Answered]:
        if not self._busy.acquire(blocking=False):
            self.at_once += 1
            return []
        try:
            return self._generate(batch, held)
        finally:
            self._busy.release()

    def _generate(self, batch: Sequence[Prepared], held: Held | None) -> list[Answered]:
        assert not self.closed.is_set()
        assert len({one.group for one in batch}) == 1
        self.batches.append([one.asked for one in batch])
        self.begun.set()
        processors = held(batch) if held else ()
        if self._held:
            assert self._permits.acquire(timeout=60)
        for _ in range(self.words):
            for processor in processors:
                processor(None, None)
        if len(batch) > self.fits:
            raise OutOfMemory
        return [self.answer(one) for one in batch]

    def answer(self, one: Prepared) -> Answered:
        return Answered(
            text=self.says(one.asked), prompt_tokens=one.tokens, completion_tokens=self.words, cut=False, gpu_s=0.5
        )

    def close(self) -> None:
        self.closed.set()
