"""Reading on a thread of its own, a little ahead of who looks: decoding leaves the interpreter free."""

from collections import deque
from collections.abc import Generator, Iterator
from threading import Semaphore, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
DEPTH = 2  # items read ahead: a decoded 4K picture is 12 MB


def read_ahead(items: Iterator[T], depth: int = DEPTH) -> Generator[T, None, None]:
    """The same items in the same order, made on another thread, at most `depth` before they are asked for.

    What `items` raises is raised after the items before it. When this iterator ends or is closed, `items`
    is no longer running.
    """
    reading = _Reading(items, depth)
    try:
        yield from reading.taken()
    finally:
        reading.stop()


class _Reading(Generic[T]):
    """One iterator running on its thread."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._made: deque[T] = deque()
        self._room, self._ready = Semaphore(depth), Semaphore(0)
        self._stopped = False
        self._error: BaseException | None = None
        # A daemon: a process that ends without closing its sources must not wait for them.
        self._thread = Thread(target=self._run, name="read ahead", daemon=True)
        self._thread.start()

    def taken(self) -> Iterator[T]:
        """Items until the iterator ends."""
        while True:
            self._ready.acquire()
            if not self._made:
                break
            self._room.release()
            yield self._made.popleft()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Wait for the thread to leave the iterator."""
        self._stopped = True
        self._room.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._make()
        except BaseException as error:  # noqa: BLE001  raised again where the items are taken
            self._error = error
        finally:
            self._ready.release()

    def _make(self) -> None:
        while True:
            self._room.acquire()
            if self._stopped:
                return
            try:
                item = next(self._items)
            except StopIteration:
                return
            self._made.append(item)
            self._ready.release()
