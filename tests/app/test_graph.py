import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest

from app import cli
from app.move_line import MoveLine
from graph.dump import file as dump_file
from graph.dump.records import EntityRecord, StreamRecord
from graph.embedded import EmbeddedStore
from tests.filling import YARD, fill
from tests.recalling import said_by
from vidette.codec import encode
from vidette.models import Entity, Label
from vidette.queries import Count


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "v.db"
    store = EmbeddedStore(path)
    fill(store)
    store.close()
    return str(path)


def run(capsys, *said):
    code = cli.main([str(one) for one in said])
    told = capsys.readouterr()
    return code, told.out, told.err


def answers(path):
    store = EmbeddedStore(path)
    out = said_by(store)
    store.close()
    return out


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
def test_memory_goes_into_a_dump_and_out_of_it(capsys, db, tmp_path, name):
    code, out, err = run(capsys, "graph", "export", tmp_path / name, "--db", db)
    assert code == 0
    assert out.splitlines()[-1].endswith("records, verified")
    assert any(line.split() == ["6", "run"] for line in out.splitlines())
    assert err == "writing\n"
    other = tmp_path / "other.db"
    code, _, err = run(capsys, "graph", "import", tmp_path / name, "--db", other)
    assert (code, err.splitlines()) == (0, ["checking", "writing", "deriving", "verifying"])
    assert answers(other) == answers(db)
    code, _, err = run(capsys, "graph", "import", tmp_path / name, "--db", other, "-q")
    assert code == 1
    assert "it holds something already" in err
    assert run(capsys, "graph", "import", tmp_path / name, "--db", other, "--resume", "-q")[0] == 0


def test_memory_goes_from_one_store_into_another(capsys, db, tmp_path):
    other = tmp_path / "other.db"
    code, out, err = run(capsys, "graph", "migrate", "--from", db, "--to", other, "--quiet")
    assert (code, err) == (0, "")
    assert str(other) in out
    assert answers(other) == answers(db)


def test_a_part_of_it_is_graphml_only(capsys, db, tmp_path):
    code, _, err = run(capsys, "graph", "export", tmp_path / "x.jsonl", "--db", db, "--stream", "yard")
    assert (code, "a dump holds all of memory" in err) == (2, True)
    code, out, _ = run(capsys, "graph", "export", tmp_path / "x.graphml", "--db", db, "--stream", "yard", "--limit", 9)
    assert (code, "9 nodes" in out) == (0, True)
    assert not (tmp_path / "x.jsonl").exists()


def test_what_cannot_be_is_one_line(capsys, db, tmp_path):
    none = tmp_path / "none.db"
    for said, code, told in (
        (("graph", "export", "--db", db), 2, "which file to write"),
        (("graph", "export", "a.jsonl", "--out", "b.jsonl", "--db", db), 2, "which file to write"),
        (("graph", "export", tmp_path / "x.jsonl", "--db", none), 1, "no memory at"),
        (("graph", "export", tmp_path / "no" / "x.jsonl", "--db", db), 2, "cannot write"),
        (("graph", "migrate", "--from", none, "--to", tmp_path / "y.db"), 1, "no memory at"),
        (("graph", "migrate", "--from", db, "--to", db), 2, "is the memory that is to be moved"),
        (("graph", "import", tmp_path / "none.jsonl", "--db", tmp_path / "z.db"), 1, "No such file"),
        (("graph", "migrate", "--from", db, "--to", "bolt://127.0.0.1:1"), 1, "no Neo4j answers there"),
        (("graph", "migrate", "--from", db, "--to", "postgres://x"), 2, "no store for 'postgres://'"),
    ):
        found, out, err = run(capsys, *said)
        assert (found, told in err, out) == (code, True, ""), (said, err)
        assert len(err.splitlines()) == 1
    assert not none.exists()
    assert not (tmp_path / "z.db").exists()


def test_a_dump_that_failed_leaves_no_file(capsys, db, tmp_path, monkeypatch):
    from graph.dump import embedded_reading
    from vidette.errors import StoreError

    def broken(*_):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(embedded_reading, "read", broken)
    assert run(capsys, "graph", "export", tmp_path / "x.jsonl", "--db", db)[0] == 1
    assert list(tmp_path.iterdir()) == []


def many(path, count):
    """A dump of so many things of one stream, which takes a while."""
    run = b'{"kind":"run","number":1,"run":{"id":"r","model":"m","revision":"1"}}'
    stream = encode(StreamRecord(stream=YARD, watch=0, fence=0))
    things = (
        encode(EntityRecord(entity=Entity(id=f"thing {at}", stream_id=YARD.id, label=Label.BAG), present=True))
        for at in range(count)
    )
    with path.open("wb") as out:
        lines = [("run", run), ("stream", stream), *(("entity", line) for line in things)]
        dump_file.write(lines, {}, out, packed=False)


def taken(path):
    """How many things were written so far."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT count FROM moving WHERE kind = 'entity'").fetchone()
        return found[0] if found else 0
    return 0


def test_an_import_that_was_killed_goes_on_and_meanwhile_nobody_reads_half(capsys, tmp_path):
    count, dump, db = 15_000, tmp_path / "many.jsonl", tmp_path / "v.db"
    many(dump, count)
    command = [sys.executable, "-m", "app.cli", "graph", "import", dump, "--db", db, "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not taken(db) and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 0 < taken(db) < count
    code, _, err = run(capsys, "streams", "--db", db)
    assert (code, "half of what is being moved" in err) == (1, True)
    assert run(capsys, "graph", "import", dump, "--db", db, "-q", "--resume")[0] == 0
    store = EmbeddedStore(db)
    assert store.read(Count(of="entities")) == count
    store.close()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_one_line_that_moves():
    out, now = Terminal(), [0.0]
    with MoveLine(out=out, clock=lambda: now[0]) as line:
        for done in (0, 1000, 2000):
            line("writing", "event", done, 3000)
            now[0] += 0.15
        line("verifying", "run", 0, 1)
    shown = out.getvalue().split("\r\x1b[K")
    assert shown == ["", "writing event 0 of 3,000", "writing event 2,000 of 3,000", "verifying run 0 of 1", ""]
    with MoveLine(out=out, quiet=True) as line:
        line("writing", "event", 0, 3000)
    assert out.getvalue().split("\r\x1b[K") == shown


def test_the_counts_are_those_of_the_dump(capsys, db, tmp_path):
    _, out, _ = run(capsys, "graph", "export", tmp_path / "x.jsonl", "--db", db, "-q")
    head = json.loads((tmp_path / "x.jsonl").read_bytes().split(b"\n")[0])
    told = {line.split()[1]: int(line.split()[0]) for line in out.splitlines()[:-1]}
    assert told == head["counts"]
