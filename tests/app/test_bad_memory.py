"""Memory that is full, damaged, not ours, newer, or may not be written: one line, and nothing is lost."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import cli
from tests.clips import Recipe, make
from tests.privileges import modes_hold

ROOT = Path(__file__).resolve().parents[2]
VIDETTE = [sys.executable, "-m", "app.cli"]
READING = [["events"], ["tracks"], ["coverage"], ["streams"], ["ask", "how many things entered?"]]


@pytest.fixture
def run(capsys):
    """`run(db, "events")`; -> (code, stdout, lines of stderr)."""

    def command(db, name, *args):
        capsys.readouterr()
        code = cli.main([name, "--db", str(db), *map(str, args)])
        said = capsys.readouterr()
        return code, said.out, said.err.splitlines()

    return command


@pytest.fixture(scope="session")
def still(tmp_path_factory):
    """Two seconds: enough to be refused."""
    return make(tmp_path_factory.mktemp("still") / "still.mp4", Recipe(frames=50))


@pytest.fixture(scope="session")
def kept(street, still, tmp_path_factory):
    """A folder with the memory `v.db` of the street."""
    folder = tmp_path_factory.mktemp("kept")
    assert cli.main(["watch", "-q", str(street), "--db", str(folder / "v.db"), "--tz", "UTC"]) == 0
    return folder


@pytest.fixture
def memory(kept, tmp_path):
    """A copy of that memory in a folder of its own."""
    folder = tmp_path / "memory"
    folder.mkdir()
    shutil.copy(kept / "v.db", folder / "v.db")
    return folder / "v.db"


@contextmanager
def closed(folder: Path, file: Path, folder_mode: int, file_mode: int):
    """Those modes, and they hold for root, too."""
    file.chmod(file_mode)
    folder.chmod(folder_mode)
    try:
        with modes_hold():
            yield
    finally:
        folder.chmod(0o755)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


CLOSED = [(0o555, 0o644), (0o755, 0o444), (0o555, 0o444)]


@pytest.mark.parametrize(("folder_mode", "file_mode"), CLOSED, ids=["folder", "file", "both"])
def test_what_may_not_be_written_is_read_and_left_as_it_was(folder_mode, file_mode, memory, still, run):
    before = {name[0]: run(memory, *name, "--json")[1] for name in READING}
    untouched = content(memory.parent)
    with closed(memory.parent, memory, folder_mode, file_mode):
        for name in READING:
            code, out, said = run(memory, *name, "--json")
            assert (code, out, said) == (0, before[name[0]], [])
        code, out, (line,) = run(memory, "watch", "-q", still)
        assert (code, out) == (1, "")
        assert repr(str(memory)) in line
        assert "may not be written" in line
    assert content(memory.parent) == untouched


def test_reading_beside_a_watch_that_may_write_sees_the_newest(memory, run):
    """Its write-ahead log holds what is not yet in the file."""
    writer = sqlite3.connect(memory)
    writer.execute("UPDATE streams SET name = 'renamed'")
    writer.commit()
    assert memory.with_name("v.db-wal").stat().st_size > 0
    with closed(memory.parent, memory, 0o555, 0o444):
        code, out, said = run(memory, "streams", "--json")
    assert (code, said) == (0, [])
    assert json.loads(out)["name"] == "renamed"
    writer.close()


@pytest.mark.parametrize("place", ["new.db", "deep/new.db"])
def test_memory_cannot_be_made_where_nothing_may_be_written(place, memory, still, run):
    with closed(memory.parent, memory, 0o555, 0o644):
        code, _, (line,) = run(memory.parent / place, "watch", "-q", still)
    assert code == 1
    assert "new.db" in line
    assert sorted(content(memory.parent)) == ["v.db"]


def test_memory_that_was_made_and_never_written_is_said_to_be_empty(memory, run):
    """As a disk that filled up at that moment leaves it."""
    memory.unlink()
    with sqlite3.connect(memory) as made:
        made.execute("PRAGMA journal_mode = WAL")
    made.close()
    with closed(memory.parent, memory, 0o555, 0o444):
        code, _, (line,) = run(memory, "events")
    assert code == 1
    assert "nothing is in it, and nothing can be written into it (its rights, or a full disk)" in line


def test_memory_that_may_not_even_be_read(memory, run):
    with closed(memory.parent, memory, 0o755, 0o000):
        code, _, (line,) = run(memory, "events")
    assert (code, "cannot be opened" in line) == (1, True)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as opened:
        opened.execute("PRAGMA user_version = 999")
    opened.close()


def of_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE bookmarks (url TEXT)")
        opened.execute("INSERT INTO bookmarks VALUES ('x')")
    opened.close()


def damaged(path: Path) -> None:
    held = bytearray(path.read_bytes())
    held[4096:61440] = os.urandom(61440 - 4096)
    path.write_bytes(held)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def words(path: Path) -> None:
    path.write_text("no memory\n" * 1000)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (newer, "update Vidette"),
        (of_another_program, "another program"),
        (damaged, "it is damaged"),
        (cut, "it is damaged"),
        (words, "it is damaged or of another kind"),
    ],
)
def test_memory_that_cannot_be_used_is_one_line_and_left_as_it_was(spoil, says, memory, still, run):
    spoil(memory)
    untouched = content(memory.parent)
    for command in (*READING, ["watch", "-q", still]):
        code, out, (line,) = run(memory, *command)
        assert (code, out) == (1, "")
        assert repr(str(memory)) in line
        assert says in line
    assert content(memory.parent) == untouched


@pytest.mark.parametrize("place", ["/dev/full", "/dev/null/v.db", "."])
def test_what_can_hold_no_memory(place, still, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, (line,) = run(place, "watch", "-q", still)
    assert (code, out) == (1, "")
    assert place in line


def events(db: Path, run) -> str:
    code, out, said = run(db, "events", "--json", "--limit", "100000")
    assert (code, said) == (0, [])
    return out


@pytest.mark.parametrize("limit", [0, 40_000, 120_000])
def test_a_disk_that_takes_no_more_is_told_and_nothing_is_lost(limit, street, still, kept, tmp_path, run):
    """No file may grow beyond the limit (setrlimit(2)): what a full disk does, for everybody."""
    db = tmp_path / "v.db"
    assert run(db, "watch", "-q", still)[0] == 0
    command = [*VIDETTE, "watch", "-q", str(street), "--db", str(db), "--tz", "UTC"]
    limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: E731  one use
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        command, cwd=ROOT, preexec_fn=limits, env=environment, capture_output=True, text=True, check=False
    )
    (line,) = done.stderr.splitlines()  # a coverage measurement could not be written either, and would say so
    assert (done.returncode, done.stdout) == (1, "")
    assert "make room" in line
    before = events(db, run)
    assert run(db, "watch", "-q", street, "--tz", "UTC")[0] == 0
    whole = events(db, run)
    assert set(before.splitlines()) <= set(whole.splitlines())
    seen = [line for line in whole.splitlines() if json.loads(line)["stream"].startswith("street")]
    assert seen == events(kept / "v.db", run).splitlines()


SMALL_DISK = """
import os, subprocess, sys
from pathlib import Path
from app import cli

disk, db, still, street, name = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "none", disk], check=True)
assert cli.main(["watch", "-q", still, "--db", db]) == 0
filler = Path(disk, "filler").open("wb", buffering=0)
try:
    while True:
        filler.write(bytes(4096))
except OSError:
    filler.close()
assert cli.main(["watch", "-q", street, "--db", db, "--tz", "UTC"]) == 1
assert cli.main(["streams", "--db", db]) == 0
print("read on the full disk")
Path(disk, "filler").unlink()
subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
assert cli.main(["watch", "-q", street, "--db", db, "--tz", "UTC"]) == 0
print("events")
assert cli.main(["events", "--db", db, "--json", "--stream", name]) == 0
"""


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    trial = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(unshare) and subprocess.run([unshare, *trial], capture_output=True, check=False).returncode == 0


if can_mount():  # elsewhere the limit above stands for it; a test that is skipped would fail where all must run

    @pytest.mark.parametrize("full", ["both", "media"])
    def test_a_disk_that_is_full_is_told_and_nothing_is_lost(full, street, still, kept, tmp_path, run):
        """A real small disk (tmpfs), where a user may mount one; the limit above stands for it elsewhere."""
        disk = tmp_path / "disk"
        disk.mkdir()
        db = disk / "v.db" if full == "both" else tmp_path / "v.db"
        (name,) = {json.loads(line)["stream"] for line in events(kept / "v.db", run).splitlines()}
        environ = os.environ | {"VIDETTE_MEDIA": str(disk / "media")}
        command = ["unshare", "-rm", sys.executable, "-c", SMALL_DISK, *map(str, (disk, db, still, street, name))]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (line,) = done.stderr.splitlines()
        assert "make room" in line
        assert ("picture" in line) or full == "both"
        read, seen = done.stdout.split("read on the full disk\nevents\n")
        assert "still-" in read
        seen = seen.splitlines()
        strip = [event | {"evidence": []} for event in map(json.loads, seen)]
        assert strip == [json.loads(one) | {"evidence": []} for one in events(kept / "v.db", run).splitlines()]


def test_pictures_that_may_not_be_kept_are_told(street, still, tmp_path, run, monkeypatch):
    (tmp_path / "media").mkdir()
    monkeypatch.setenv("VIDETTE_MEDIA", str(tmp_path / "media"))
    with closed(tmp_path / "media", tmp_path / "media", 0o555, 0o555):
        code, _, lines = run(tmp_path / "v.db", "watch", "-q", street, "--tz", "UTC")
    assert code == 1
    assert ["cannot keep a picture" in line and "ermission" in line for line in lines] == [True]
    assert run(tmp_path / "v.db", "watch", "-q", street, "--tz", "UTC")[0] == 0
