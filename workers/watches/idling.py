"""Work that only gets what others leave of a machine."""

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event

_IDLE = 19
"""The least that a thread may want (nice, of setpriority(2))."""


@contextmanager
def idly() -> Iterator[tuple[Executor, Event]]:
    """A thread, and those that it begins, that run where the cores have nothing else to do; and whether it is to end.

    Linux keeps that of each thread; elsewhere they are as others are. At the end of the block the thread is waited for.
    """
    over = Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode", initializer=_lower) as pool:
        try:
            yield pool, over
        finally:
            over.set()


def _lower() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _IDLE)
