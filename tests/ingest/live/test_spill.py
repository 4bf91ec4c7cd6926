import errno
import os
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.spill import Spill

SIZE = 1000


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=400), st.just(None)), max_size=60))
def test_first_in_first_out_within_its_size(steps):
    """Bytes are kept, None takes the oldest."""
    spill, model = Spill(SIZE), deque()
    try:
        for data in steps:
            if data is None and model:
                slot, expected = model.popleft()
                assert spill.read(slot) == expected
                spill.drop(slot)
            elif data is not None:
                slot = spill.keep(data)
                if slot is None:
                    assert sum(len(d) for _, d in model) + 2 * len(data) > SIZE / 2, "there was room"
                else:
                    assert slot.offset + slot.size <= SIZE
                    model.append((slot, data))
        while model:
            slot, expected = model.popleft()
            assert spill.read(slot) == expected
            spill.drop(slot)
    finally:
        spill.close()


def test_what_is_too_big_is_refused():
    spill = Spill(10)
    assert spill.keep(b"x" * 11) is None
    spill.close()


def test_the_file_has_no_name_and_is_private(tmp_path):
    spill = Spill(SIZE, tmp_path)
    spill.keep(b"picture")
    held = [os.stat(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_in(fd, tmp_path)]
    assert list(tmp_path.iterdir()) == []
    assert [(one.st_nlink, one.st_mode & 0o077) for one in held] == [(0, 0)]
    spill.close()
    assert not any(_is_in(fd, tmp_path) for fd in os.listdir("/proc/self/fd"))


def _is_in(fd, folder):
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith(str(folder))
    except OSError:  # the descriptor that listed them
        return False


def test_its_disk_is_given_back_when_it_is_empty(tmp_path):
    spill = Spill(10**6, tmp_path)
    slots = [spill.keep(b"x" * 100_000) for _ in range(5)]
    for slot in slots:
        spill.drop(slot)
    fd = next(fd for fd in os.listdir("/proc/self/fd") if _is_in(fd, tmp_path))
    assert os.stat(f"/proc/self/fd/{fd}").st_blocks == 0
    spill.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error():
    spill = Spill(SIZE)
    full = os.open("/dev/full", os.O_RDWR)
    try:
        os.dup2(full, spill._file.fileno())
        with pytest.raises(OSError, match="No space") as told:
            spill.keep(b"x")
        assert told.value.errno == errno.ENOSPC
    finally:
        os.close(full)
        spill.close()
