"""Ctrl-C, SIGTERM and a closed terminal as a wish to stop: the first is granted tidily, a second at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

SIGNALS = (
    (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if hasattr(signal, "SIGHUP") else (signal.SIGINT, signal.SIGTERM)
)


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """An event that the first of SIGNALS sets; handlers are put back afterwards."""
    stop = Event()

    def heard(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, heard) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and a closed terminal end what runs inside as Ctrl-C does, so that nothing half-written is left.

    What hears them in a way of its own, or is told to ignore them (nohup), goes on doing so.
    """

    def heard(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    mine = threading.current_thread() is threading.main_thread()  # others may not ask for signals
    ours = [number for number in SIGNALS if mine and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
