"""Recording goes on whatever happens: other pictures, a reconnection, a full disk, a kill."""

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from ingest.live.recording import Files, Recorder
from ingest.masks import Masks
from tests.arriving import arrivals, shown
from tests.clips import Recipe, make, read_index
from tests.playing import CHROMIUM, played

ORIGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)
NONE = Masks()
REGULAR = {"sc_threshold": "0"}  # no keyframe but where it is due
LEFT = Masks(polygons=(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),))
KILLED = """
import os, signal, sys
from pathlib import Path
from ingest.live.recording import Files
from ingest.masks import Masks
from datetime import UTC, datetime, timedelta
from tests.arriving import arrivals
files = Files(Path(sys.argv[1]), lambda s: datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=s), Masks())
for arrival in arrivals(Path(sys.argv[2]))[:260]:
    files.write(arrival)
os.kill(os.getpid(), signal.SIGKILL)
"""


def at(seconds):
    return ORIGIN + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make(tmp_path_factory.mktemp("source") / "clip.mp4", Recipe(frames=300, gop=25, options=REGULAR))


def recorded(folder):
    return sorted(folder.glob("*.mp4"))


def numbers(path):
    return [read_index(luma) for _, _, luma in shown(path)]


def test_other_pictures_and_other_connections_begin_another_file(clip, tmp_path):
    small = make(tmp_path / "small.mp4", Recipe(size=(80, 60), frames=50, options=REGULAR))
    files = Files(tmp_path / "out", at, NONE)
    for given in (arrivals(clip), arrivals(small, at_s=112), arrivals(small, at_s=114, connection=2)):
        for arrival in given:
            files.write(arrival)
    files.close()
    assert [len(shown(path)) for path in recorded(tmp_path / "out")] == [300, 50, 50]


def test_a_file_begins_at_a_keyframe_whatever_comes_first(clip, tmp_path):
    files = Files(tmp_path / "out", at, NONE)
    for arrival in arrivals(clip)[10:]:
        files.write(arrival)
    files.close()
    (path,) = recorded(tmp_path / "out")
    assert numbers(path) == list(range(25, 300))


def test_masked_pictures_are_recorded_masked(clip, tmp_path):
    files = Files(tmp_path / "out", at, LEFT)
    for arrival in arrivals(clip)[:50]:
        files.write(arrival)
    files.close()
    (path,) = recorded(tmp_path / "out")
    pictures = shown(path)
    assert len(pictures) == 50
    assert all(luma[:, :80].max() <= 24 for _, _, luma in pictures)


def test_what_a_kill_leaves_is_played_up_to_the_last_whole_group(clip, tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "out"), str(clip)], cwd=os.getcwd(), timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (path,) = recorded(tmp_path / "out")
    assert numbers(path) == list(range(250))
    if CHROMIUM:
        (one,) = played([path], tmp_path / "profile")
        assert (one["state"], one["duration"]) == (4, pytest.approx(10, abs=0.1))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium")
def test_a_finished_file_is_played(clip, tmp_path):
    files = Files(tmp_path / "out", at, NONE)
    for arrival in arrivals(clip):
        files.write(arrival)
    files.close()
    (one,) = played(recorded(tmp_path / "out"), tmp_path / "profile")
    assert (one["state"], one["duration"]) == (4, pytest.approx(12, abs=0.1))


def test_a_disk_that_takes_nothing_stops_no_recording_for_good(clip, tmp_path, monkeypatch, caplog):
    from ingest.live import recording

    opened, full = recording.writer, True

    def failing(*given):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(*given)

    monkeypatch.setattr(recording, "writer", failing)
    files = Files(tmp_path / "out", at, NONE)
    given = arrivals(clip)
    for arrival in given[:150]:
        files.write(arrival)
    full = False
    for arrival in given[150:]:
        files.write(arrival)
    files.close()
    (path,) = recorded(tmp_path / "out")
    assert numbers(path)[0] in (150, 175, 250)  # a new try every five seconds
    assert "No space left" in caplog.text or "no space left" in caplog.text


class Held:
    """Files that wait until they are let go."""

    def __init__(self):
        self.go, self.done, self.took = threading.Event(), threading.Event(), []

    def write(self, arrival):
        assert self.go.wait(20)
        self.took.append(arrival)
        if len(self.took) == 75:
            self.done.set()

    def close(self):
        self.took.append(None)


def test_what_a_slow_disk_cannot_take_is_left_out_in_whole_groups_and_said(clip, caplog):
    caplog.set_level(logging.WARNING)
    files, given = Held(), arrivals(clip)
    recorder = Recorder(files, max_bytes=sum(one.packet.size for one in given[:75]))
    for arrival in given[:140]:
        recorder.add(arrival)  # none of this waits
    files.go.set()
    assert files.done.wait(20)
    for arrival in given[140:200]:
        recorder.add(arrival)
    recorder.close(20)
    places = [given.index(one) for one in files.took[:-1]]
    assert places == [*range(75), *range(150, 200)]  # 150 is the next keyframe
    assert caplog.text.count("cannot keep up") == 1
    assert files.took[-1] is None
