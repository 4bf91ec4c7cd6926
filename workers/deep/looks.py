"""Deep looks beside the cameras and after the files: they take their time, several at once, and hold nothing back."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import count
from queue import Empty, Full, PriorityQueue, SimpleQueue
from threading import Event, Thread

from agent.perception.deep import dropped
from vidette.errors import VidetteError
from workers.flow import step
from workers.jobs import Job, LookAt, Settle
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_MOST, _MOST_OWED = 1000, 500  # what is not looked at now is owed: the next watch asks for it
_FRESH, _OWED = 0, 1
_PATIENCE_S = 0.5
_ROUND_S = 0.2
Followed = tuple[Job, ...] | VidetteError


def looked(
    pipeline: Pipeline, looks: Sequence[Job], stop: Event, waits: Callable[[], None] = lambda: None
) -> Iterator[Followed]:
    """Do looks at the same time, as many as the settings allow; -> what follows from each, or why it failed, as they end.

    So one that takes long delays no other, nor is what the others said lost with it. `waits` is called now and then while
    the next one is waited for. Once `stop` is set nothing more is given: what is on its way is cut, and owed to the next
    watch.
    """
    ended = SimpleQueue[Future[Followed]]()
    with ThreadPoolExecutor(pipeline.settings.vlm.at_once, "deep look") as pool:
        for look in looks:
            pool.submit(_followed, pipeline, look, stop).add_done_callback(ended.put)
        for _ in looks:
            future = _next_of(ended, stop, waits)
            if future is None:
                pool.shutdown(wait=False, cancel_futures=True)
                pipeline.hush()
                return
            yield future.result()


def _next_of(ended: SimpleQueue[Future[Followed]], stop: Event, waits: Callable[[], None]) -> Future[Followed] | None:
    while not stop.is_set():
        with suppress(Empty):
            return ended.get(timeout=_ROUND_S)
        waits()
    return None


def _followed(pipeline: Pipeline, look: Job, stop: Event) -> Followed:
    try:
        return () if stop.is_set() else tuple(step(pipeline, look))
    except VidetteError as error:
        return error


class Looks:
    """Threads that do the jobs put here, and those that follow; none runs where nothing looks at pictures.

    What was just seen goes before what is owed from earlier watches, and the more of it waits, the less is asked of each.
    """

    def __init__(self, pipeline: Callable[[], Pipeline], nudge: Callable[[], None] = lambda: None) -> None:
        """`pipeline` as it is by then: rules may change while looks wait; `nudge` is called after each settling."""
        self._pipeline, self._nudge = pipeline, nudge
        self._jobs: PriorityQueue[tuple[int, int, Job | None]] = PriorityQueue(_MOST)
        self._number = count()
        self._over = Event()
        self._threads: list[Thread] = []

    def put(self, jobs: Iterable[Job], *, owed: bool = False) -> None:
        """Do these when it is their turn. What there is no room for is left to the next watch, and the ledger says so."""
        if not self._pipeline().looks:
            return
        for job in jobs:
            if owed and self._jobs.qsize() >= _MOST_OWED:
                return
            try:
                self._jobs.put_nowait((_OWED if owed else _FRESH, next(self._number), job))
            except Full:
                self._leave_out(job)
            self._start()

    def said(self) -> str:
        """How many wait, and what the model does meanwhile, in words; empty where nothing waits."""
        waiting, doing = self._jobs.qsize(), self._pipeline().voice.doing
        return "; ".join(filter(None, (f"deep looks waiting: {waiting}" if waiting else "", doing)))

    def close(self) -> None:
        """Begin no more, and cut those at work: they are owed to the next watch."""
        self._over.set()
        self._pipeline().hush()
        with self._jobs.mutex:
            self._jobs.queue.clear()
        for _ in self._threads:
            self._jobs.put((_FRESH, next(self._number), None))
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def _leave_out(self, job: Job) -> None:
        log.warning("deep looks are %d behind; this one is left out for now", _MOST)
        vision = self._pipeline().vision
        if isinstance(job, LookAt) and vision is not None:
            left = [dropped(one, vision.run, f"{_MOST} deep looks wait already") for one in (job.segment, *job.beside)]
            try:
                for one in left:
                    list(step(self._pipeline(), Settle(observation=one)))
            except VidetteError as error:
                log.warning("that a deep look was left out cannot be written: %s", error)

    def _next(self) -> Job | None:
        """The job whose turn it is, told how many fresh ones wait behind it."""
        rank, _, job = self._jobs.get()
        if not isinstance(job, LookAt) or rank != _FRESH:
            return job
        with self._jobs.mutex:
            waiting = sum(one[0] == _FRESH for one in self._jobs.queue)
        return replace(job, waiting=waiting)

    def _start(self) -> None:
        """One more thread, up to as many looks as may be asked for at the same time."""
        if len(self._threads) < self._pipeline().settings.vlm.at_once:
            self._threads.append(Thread(target=self._run, name="deep look", daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        while not self._over.is_set() and (job := self._next()) is not None:
            try:
                for follow in step(self._pipeline(), job):
                    if not self._over.is_set():  # else it was cut, and memory may be closed
                        list(step(self._pipeline(), follow))
                        self._nudge()
            except VidetteError as error:
                log.warning("a deep look failed: %s", error)
            except Exception:  # the loop's edge: one look stops no other
                log.exception("a deep look failed")
