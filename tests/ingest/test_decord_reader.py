"""decord in a process of its own: what happens when that process goes wrong."""

import os
import signal
import subprocess
import sys

import pytest

from ingest.decord_child import HEADER, wanted
from ingest.decord_reader import DecordSource
from ingest.sampling import parse_sampling
from vidette.errors import SourceError

FIVE = parse_sampling("5")


@pytest.fixture
def path(clip):
    return clip("plain.mp4", gop=25, options={"sc_threshold": "0"})


def child_of(run):
    """The process behind a run of frames."""
    return run.gi_frame.f_locals["child"]


def test_a_child_that_dies_is_told(path):
    run = DecordSource(path, FIVE).frames()
    next(run)
    os.kill(child_of(run)._process.pid, signal.SIGKILL)
    with pytest.raises(SourceError, match=r"decord process for .*plain\.mp4' died"):
        list(run)


def test_a_child_that_hangs_is_ended(path):
    run = DecordSource(path, FIVE).frames()
    next(run)
    child = child_of(run)
    os.kill(child._process.pid, signal.SIGSTOP)
    child._timeout_s = 0.3
    with pytest.raises(SourceError, match=r"gave nothing for 0\.3 s"):
        list(run)
    with pytest.raises(ProcessLookupError):
        os.kill(child._process.pid, 0)


def test_a_child_that_grows_is_ended(path):
    with pytest.raises(SourceError, match="took more than 8 MiB of memory"):
        DecordSource(path, FIVE, max_bytes=8 << 20)


def test_a_run_left_early_ends_its_child(path):
    run = DecordSource(path, FIVE).frames()
    next(run)
    pid = child_of(run)._process.pid
    run.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_keyframes(path):
    times = [f.pts_s for f in DecordSource(path, parse_sampling("keyframes")).frames()]
    assert times == pytest.approx([0, 1, 2, 3], abs=0.001)


def test_the_child_says_why_it_gave_up(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    command = [sys.executable, "-m", "ingest.decord_child", str(tmp_path / "bad.mp4"), "5", "0", "9"]
    done = subprocess.run(command, capture_output=True, check=False)
    kind, _, _, _, size = HEADER.unpack(done.stdout[: HEADER.size])
    assert (kind, done.returncode) == (b"x", 1)
    assert len(done.stdout) == HEADER.size + size


def test_which_frames_the_child_shows():
    times = [0.0, 0.1, 0.25, 0.4, 0.9]
    assert list(wanted(times, [0, 3], FIVE, 0.2, 0.5)) == [2, 3]
    assert list(wanted(times, [0, 3], parse_sampling("keyframes"), 0.0, 9.0)) == [0, 3]
