"""Work that others go before."""

import os
import sys
import threading

import pytest

from ingest.readahead import read_ahead
from workers.watches.idling import idly


def wanted() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process has one priority")
def test_the_thread_and_those_that_it_begins_come_last_and_nobody_else_does():
    before = wanted()
    with idly() as (pool, _):
        assert pool.submit(wanted).result() == 19
        assert pool.submit(lambda: list(read_ahead(wanted() for _ in range(1)))).result() == [19]
    assert wanted() == before


def test_it_is_told_to_end_and_waited_for():
    ended = []
    with idly() as (pool, over):
        pool.submit(lambda: ended.append(over.wait(60)))
    assert ended == [True]
