"""What only the embedded store does: files, processes, threads, versions, indexes."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph import schema
from graph.embedded import EmbeddedStore
from graph.reading import where as conditions
from vidette import ids
from vidette.errors import StoreError
from vidette.models import Assertion, Coverage, DeepState, EventType, FastState, Label, Observation, Run, Track
from vidette.queries import Count, Events, Filter, LastCommit, Query, Streams, Tracks
from vidette.streams import Stream

RUN = Run(id="run", model="fast", revision="1")


def stream_of(name: str) -> Stream:
    return Stream(id=ids.stream_id(name), name=name, kind="file", uri="x.mp4", start=datetime(2026, 1, 1, tzinfo=UTC))


def observation(stream: Stream, sequence: int) -> Observation:
    name, at = f"{stream.name}-{sequence}", sequence * 5.0
    return Observation(
        id=name,
        stream_id=stream.id,
        look="fast",
        run=RUN,
        sequence=sequence,
        start_s=at,
        end_s=at + 5,
        assertions=(
            Assertion(
                id=name,
                stream_id=stream.id,
                look="fast",
                run_id=RUN.id,
                type=EventType.RUNNING,
                start_s=at,
                end_s=at + 1,
                confidence=0.5,
                caption=f"runs {sequence}",
                of=name,
            ),
        ),
        coverage=(
            Coverage(stream_id=stream.id, start_s=at, end_s=at + 5, state=FastState.WATCHED, deep=DeepState.GATED),
        ),
    )


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "v.db"


def test_it_makes_its_folder_and_lasts(db: Path) -> None:
    store, yard = EmbeddedStore(db), stream_of("yard")
    store.open_stream(yard)
    store.settle(observation(yard, 0))
    store.close()
    again = EmbeddedStore(db)
    assert [event.caption for event in again.read(Events())] == ["runs 0"]
    again.close()
    with sqlite3.connect(db) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert plain.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
        assert plain.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
    plain.close()


def test_a_closed_store_in_memory_says_so() -> None:
    store = EmbeddedStore(":memory:")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.read(Streams())


def test_a_query_of_another_kind_is_refused() -> None:
    class Other(Query[int]):
        pass

    store = EmbeddedStore(":memory:")
    with pytest.raises(StoreError, match="Other is no query"):
        store.read(Other())
    store.close()


def as_nobody(act: Callable[[], object]) -> str:
    """What came of it in a child process that, if this is root, is nobody."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "done"
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            act()
        except StoreError as error:
            told = "may not be written" in str(error) or "cannot be opened" in str(error)
            answer = "refused" if told else str(error)
        finally:
            os.write(writable, answer.encode())
            os._exit(0)
    os.close(writable)
    os.waitpid(child, 0)
    with os.fdopen(readable) as pipe:
        return pipe.read()


class TestFiles:
    def test_one_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "v.db"
        path.write_bytes(b"GIF89a" * 500)
        self.refused(path, "not a database")
        assert path.read_bytes() == b"GIF89a" * 500

    def test_one_of_another_program(self, tmp_path: Path) -> None:
        path = tmp_path / "v.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE events (mine)")
        other.close()
        self.refused(path, "another program")

    def test_one_of_a_newer_version(self, db: Path) -> None:
        EmbeddedStore(db).close()
        with sqlite3.connect(db) as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
        self.refused(db, f"schema is version 99, this one knows {len(schema.STEPS)}; update Vidette")

    def test_one_that_is_damaged(self, db: Path) -> None:
        store, yard = EmbeddedStore(db), stream_of("yard")
        store.open_stream(yard)
        for sequence in range(40):
            store.settle(observation(yard, sequence))
        store.close()
        data = bytearray(db.read_bytes())
        for at in range(4096, len(data), 4096):
            data[at : at + 64] = b"\xff" * 64
        db.write_bytes(bytes(data))
        with pytest.raises(StoreError, match="damaged") as caught:
            EmbeddedStore(db).read(Events())
        assert "\n" not in str(caught.value)

    def test_a_folder(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "unable to open")

    def test_a_folder_where_a_file_is_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        self.refused(tmp_path / "file" / "v.db", "name another file with --db")

    def test_one_that_may_not_be_written(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            db = Path(folder) / "v.db"
            EmbeddedStore(db).close()
            db.chmod(0o444)
            Path(folder).chmod(0o555)
            assert as_nobody(lambda: EmbeddedStore(db).open_stream(stream_of("yard"))) == "refused"
            Path(folder).chmod(0o755)

    def refused(self, path: Path, match: str) -> None:
        with pytest.raises(StoreError, match=match) as caught:
            EmbeddedStore(path)
        assert "\n" not in str(caught.value)
        assert repr(str(path)) in str(caught.value)


class TestVersions:
    def test_a_step_is_taken_once(self, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store, yard = EmbeddedStore(db), stream_of("yard")
        store.open_stream(yard)
        store.close()
        step = (
            "ALTER TABLE streams ADD COLUMN note TEXT NOT NULL DEFAULT 'a;b';\nCREATE TABLE notes (id TEXT) STRICT;\n"
        )
        monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
        for _ in range(2):
            EmbeddedStore(db).close()
        with sqlite3.connect(db) as plain:
            assert plain.execute("SELECT name, note FROM streams").fetchall() == [("yard", "a;b")]
            assert plain.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
        plain.close()

    def test_a_step_that_fails_changes_nothing(self, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        EmbeddedStore(db).close()
        monkeypatch.setattr(
            schema, "STEPS", (*schema.STEPS, "CREATE TABLE notes (id TEXT);\nCREATE TABLE streams (id);\n")
        )
        with pytest.raises(StoreError, match="streams"):
            EmbeddedStore(db)
        monkeypatch.undo()
        store = EmbeddedStore(db)
        assert store.read(Streams()) == []
        store.close()


class TestMany:
    def test_threads_write_their_streams_and_read_whole_moments(self, db: Path) -> None:
        store, faults = EmbeddedStore(db), []

        def watch(name: str) -> None:
            try:
                yard = stream_of(name)
                store.open_stream(yard)
                for sequence in range(15):
                    assert store.settle(observation(yard, sequence))
                    commit = store.read(LastCommit(stream_id=yard.id))
                    assert commit is not None
                    assert commit.sequence == sequence
                    assert store.read(Count(of="events", where=Filter(streams=(name,)))) == sequence + 1
            except BaseException as fault:  # noqa: BLE001  a thread hands over whatever went wrong
                faults.append(fault)

        threads = [threading.Thread(target=watch, args=(f"cam {number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert faults == []
        assert store.read(Count(of="events")) == 60
        store.close()

    def test_threads_share_a_store_in_memory(self) -> None:
        store, yard = EmbeddedStore(":memory:"), stream_of("yard")
        store.open_stream(yard)
        settled: list[bool] = []
        threads = [
            threading.Thread(target=lambda: settled.append(store.settle(observation(yard, 0)))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert sorted(settled) == [False] * 5 + [True]
        store.close()

    def test_processes_open_and_write_one_file_at_once(self, db: Path) -> None:
        script = (
            "import sys; sys.path.insert(0, sys.argv[3]); import test_embedded as t; from pathlib import Path\n"
            "store = t.EmbeddedStore(Path(sys.argv[1])); yard = t.stream_of(sys.argv[2]); store.open_stream(yard)\n"
            "print(sum(store.settle(t.observation(yard, n)) for n in range(20)))"
        )
        here = str(Path(__file__).parent)
        others = [
            subprocess.Popen([sys.executable, "-c", script, str(db), name, here], stdout=subprocess.PIPE, text=True)
            for name in ("a", "b", "c")
        ]
        assert [other.communicate(timeout=60)[0] for other in others] == ["20\n"] * 3
        store = EmbeddedStore(db)
        assert {row.name: row.watched_s for row in store.read(Streams())} == {"a": 100.0, "b": 100.0, "c": 100.0}
        store.close()

    def test_a_child_of_a_fork_opens_its_own(self, db: Path) -> None:
        store, yard = EmbeddedStore(db), stream_of("yard")
        store.open_stream(yard)
        child = os.fork()
        if child == 0:
            os._exit(0 if store.settle(observation(yard, 0)) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.settle(observation(yard, 0)) is False
        store.close()


class TestIndexes:
    """A window or stream is found by index: the plan never walks a whole table of rows."""

    @pytest.fixture
    def plain(self, db: Path) -> Iterator[sqlite3.Connection]:
        EmbeddedStore(db).close()
        connection = sqlite3.connect(db)
        yield connection
        connection.close()

    WHERES = (
        Filter(streams=("yard",)),
        Filter(from_s=5.0, to_s=9.0),
        Filter(since=datetime(2026, 1, 1, tzinfo=UTC)),
        Filter(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), streams=("yard",)),
        Filter(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), starts_inside=True),
        Filter(ids=("a",)),
        Filter(text="van"),
    )

    @pytest.mark.parametrize("where", WHERES)
    @pytest.mark.parametrize("table", ["events", "segments", "tracks"])
    def test_no_table_is_scanned(self, plain: sqlite3.Connection, table: str, where: Filter) -> None:
        made = getattr(conditions, table)(where)
        steps = plain.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table}{made.text}", made.values).fetchall()
        plan = [row[3] for row in steps]
        assert not [step for step in plan if step in (f"SCAN {table}", "SCAN x", "SCAN says", "SCAN t")], plan


def test_a_window_finds_exactly_what_reaches_into_it() -> None:
    store, yard = EmbeddedStore(":memory:"), stream_of("yard")
    store.open_stream(yard)
    spans = [(start, length) for start in range(0, 60, 7) for length in (0, 0.001, 1, 5, 63, 1000, None)]
    tracks = tuple(
        Track(
            id=f"{start}/{length}",
            stream_id=yard.id,
            label=Label.OBJECT,
            start_s=start,
            end_s=None if length is None else start + length,
            confidence=0.5,
            path=(),
        )
        for start, length in spans
    )
    store.settle(
        Observation(id="o", stream_id=yard.id, look="fast", run=RUN, start_s=0, end_s=9, sequence=0, tracks=tracks)
    )
    for low, high in ((0, 1), (7, 7.001), (14, 21), (20, 400), (500, 501), (1058, 1060)):
        expected = {
            one.id
            for one in tracks
            if one.start_s < high and (one.end_s is None or one.end_s > low or one.start_s >= low)
        }
        media = store.read(Tracks(where=Filter(from_s=low, to_s=high), limit=1000))
        clock = store.read(Tracks(where=Filter(since=yard.at(low), until=yard.at(high)), limit=1000))
        assert {one.id for one in media} == {one.id for one in clock} == expected
    store.close()
