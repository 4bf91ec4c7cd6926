import ctypes
import itertools
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cameras.heap import Heap, trim

glibc = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
SMALL, COUNT = 64 * 1024, 1000  # below glibc's threshold for mappings: they lie in the heap


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@glibc
def test_what_is_free_between_what_is_used_goes_back():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(SMALL) for _ in range(COUNT)]
    for block in blocks:
        ctypes.memset(block, 1, SMALL)
    for block in blocks[:-1]:
        libc.free(block)  # the last one holds the end of the heap
    before = resident()
    assert trim()
    assert before - resident() > SMALL * COUNT // 2
    libc.free(blocks[-1])


def test_where_the_library_has_none_nothing_is_done(monkeypatch):
    monkeypatch.setattr("workers.cameras.heap.ctypes.CDLL", lambda _: object())
    assert trim() is False


@given(st.lists(st.floats(0, 30), max_size=50), st.floats(0.1, 20))
def test_it_is_given_back_no_more_often_than_asked_and_no_later_than_the_next_tick(steps, every_s):
    now, given_at = [0.0], [0.0]
    heap = Heap(every_s, clock=lambda: now[0], back=lambda: bool(given_at.append(now[0])))
    for step_s in steps:
        now[0] += step_s
        heap.tick()
        assert now[0] < given_at[-1] + every_s
    assert all(b >= a + every_s for a, b in itertools.pairwise(given_at))
