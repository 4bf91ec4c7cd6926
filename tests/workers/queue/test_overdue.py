"""A thread that hangs ends its process, and nothing else does."""

import threading

from workers.queue.overdue import Overdue


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_what_takes_too_long_ends_the_process():
    clock, ended = Clock(), []
    overdue = Overdue(10.0, end=lambda: ended.append(clock.now), clock=clock)
    with overdue.job("look one"):
        clock.now = 10.0
        overdue.look()
        with overdue.job("look two"):
            assert ended == []
    clock.now = 100.0
    overdue.look()
    assert ended == []
    with overdue.job("look three"):
        clock.now = 110.5
        overdue.look()
    assert ended == [110.5]


def test_it_looks_by_itself_until_it_is_closed():
    ended, hangs = threading.Event(), threading.Event()
    overdue = Overdue(0.0, end=ended.set, round_s=0.01)

    def hang():
        with overdue.job("hangs"):
            hangs.wait(60)

    thread = threading.Thread(target=hang)
    thread.start()
    overdue.start()
    assert ended.wait(60)
    hangs.set()
    thread.join()
    overdue.close()
