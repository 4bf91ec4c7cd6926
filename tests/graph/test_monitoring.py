"""A file of version 2, from before the states of live streams were kept, is brought forward and goes on."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph import schema
from graph.embedded import EmbeddedStore
from vidette import ids
from vidette.feeds import FeedState
from vidette.models import Observation, Run
from vidette.queries import Feeds, LastCommit
from vidette.streams import Stream

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GATE = Stream(id=ids.stream_id("gate"), name="gate", kind="live", uri="rtsp://gate", start=NOON)
RUN = Run(id="fast", model="fast", revision="1")


def heard(sequence: int, feed: FeedState | None) -> Observation:
    given = {"id": f"gate-{sequence}", "stream_id": GATE.id, "look": "fast", "run": RUN, "sequence": sequence}
    return Observation(**given, start_s=0.0, end_s=1.0, feed=feed)


def test_a_file_of_version_2_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.db"
    with monkeypatch.context() as then:
        then.setattr(schema, "STEPS", schema.STEPS[:2])
        with closing(EmbeddedStore(path)) as store:
            store.open_stream(GATE)
    with closing(sqlite3.connect(path)) as plain, plain:  # as it was settled then
        plain.execute("INSERT INTO commits VALUES (?, 0, 1.0, x'', 0, 'fast')", (GATE.id,))
    feed = FeedState(at=NOON, since=NOON, state="idle")
    with closing(EmbeddedStore(path)) as store:
        assert store.read(Feeds()) == []
        assert store.settle(heard(1, feed))
        assert [row.feed for row in store.read(Feeds())] == [feed]
        assert store.read(LastCommit(stream_id=GATE.id)).sequence == 1
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
    plain.close()


def test_counts_are_read_from_indexes_alone(tmp_path: Path) -> None:
    with closing(EmbeddedStore(tmp_path / "v.db")):
        pass
    with closing(sqlite3.connect(tmp_path / "v.db")) as plain:
        for by, table in (("severity, state", "alerts"), ("sink, status", "deliveries")):
            (plan,) = plain.execute(f"EXPLAIN QUERY PLAN SELECT {by}, count(*) FROM {table} GROUP BY 1, 2")
            assert "USING COVERING INDEX" in plan[3]
