import subprocess
import sys
from pathlib import Path

import pytest

from graph.lock import WatchLock
from vidette.errors import StoreError

HOLD = "import sys; from graph.lock import WatchLock; WatchLock(sys.argv[1], 'yard').__enter__(); print('held', flush=True); sys.stdin.read()"


def test_a_second_watch_of_a_stream_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "v.db"
    with WatchLock(db, "yard"):
        with pytest.raises(StoreError, match="'yard' is already being watched"), WatchLock(db, "yard"):
            pass
        with WatchLock(db, "street"), WatchLock(tmp_path / "other.db", "yard"):
            pass
    with WatchLock(db, "yard"):
        pass


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    db = tmp_path / "v.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError), WatchLock(db, "yard"):
            pass
        other.kill()
        other.wait(timeout=30)
    with WatchLock(db, "yard"):
        pass


def test_an_error_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), WatchLock(tmp_path / "v.db", "yard"):
        1 / 0  # noqa: B018
    with WatchLock(tmp_path / "v.db", "yard"):
        pass


def test_a_hostile_id_names_no_path(tmp_path: Path) -> None:
    lock = WatchLock(tmp_path / "v.db", "../../etc/\0\ud800")
    with lock:
        assert lock.path.parent.parent == tmp_path


def test_memory_is_nobody_elses() -> None:
    with WatchLock(":memory:", "yard"), WatchLock(":memory:", "yard"):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot lock"), WatchLock(tmp_path / "file" / "v.db", "yard"):
        pass
