"""The clock of the benchmark by steps."""

from collections import Counter, defaultdict
from threading import Thread

from benchmarks.steps import Clock


def test_each_thread_is_charged_for_its_own_steps():
    clock = Clock(defaultdict(float), Counter())

    def work():
        for _ in range(3):
            with clock.step("within"):
                sum(range(10_000))

    with clock.step("round it"):
        sum(range(1_000_000))  # so that the clock of this thread is ahead of the other's
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert clock.calls == {"round it": 1, "within": 3}
    assert min(clock.spent.values()) >= 0
