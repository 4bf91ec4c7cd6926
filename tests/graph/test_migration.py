"""Bringing a large file of version 1 forward takes work in proportion to what it holds."""

import sqlite3
from itertools import count
from pathlib import Path

import pytest

from graph import schema
from graph.embedded import EmbeddedStore
from vidette.models import Label
from vidette.queries import Count, Filter, Tracks

# Every track is a person, and every tenth event is retracted; two places, a deep look at every twentieth.
_AS_1 = """
INSERT INTO streams SELECT 's' || value, 's' || value, 'file', 'x.mp4', 0, 'option', NULL, 0, 0, 0 FROM json_each('[0,1,2,3]');
INSERT INTO runs VALUES (1, 'fast', 'fast', '1', '', '{}');
CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $events) SELECT i FROM n;
INSERT INTO tracks SELECT i, 't' || i, 's' || (i % 4), 'fast', 'person', i, i, i / 1000.0, i / 1000.0, 0, 0.5, '{}', NULL, 1 FROM n;
INSERT INTO path SELECT 't' || i, i / 1000.0, 0.1, 0.1, 0.2, 0.3 FROM n;
INSERT INTO entities SELECT 'n' || i, 's' || (i % 4), 'person', '', '', '{}', NULL, 1 FROM n;
INSERT INTO identities SELECT 't' || i, 'n' || i, 1.0, 'track', 'fast' FROM n;
INSERT INTO assertions SELECT i, 'e' || i, 's' || (i % 4), 'fast', 'fast', 'loitering', 'e' || i, i, i, i / 1000.0, i / 1000.0, 0, 0.5, 'a person', NULL, '{}' FROM n;
INSERT INTO events SELECT i, 'e' || i, 's' || (i % 4), 'fast', 0, 0, 'loitering', i, i, i / 1000.0, i / 1000.0, 0, 0.5, 'a person', 'a person', NULL,
    CASE i % 3 WHEN 0 THEN 'door' END, NULL, CASE i % 10 WHEN 0 THEN 'retracted' ELSE 'closed' END, '{}' FROM n;
INSERT INTO says SELECT 'e' || i, 'e' || i FROM n;
INSERT INTO takes_part SELECT 'e' || i, 0, 'subject', 't' || i, NULL FROM n;
INSERT INTO shown_in SELECT 'e' || i, 0, 'snapshot', 'aa' || i, 'media/aa.jpg', 2.0, NULL FROM n;
"""


def old(path: Path, events: int) -> sqlite3.Connection:
    """A file of version 1 with so many events."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    for statement in schema.statements(schema.STEPS[0] + _AS_1.replace("$events", str(events))):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("COMMIT")
    return connection


def work(path: Path, events: int) -> int:
    """Thousands of SQLite's instructions that the steps take."""
    connection, ticks = old(path, events), count()
    connection.set_progress_handler(lambda: next(ticks) < 0, 1000)
    schema.migrate(connection)
    connection.close()
    return next(ticks)


def test_work_grows_with_what_the_file_holds(tmp_path: Path) -> None:
    few, many = work(tmp_path / "few.db", 1_000), work(tmp_path / "many.db", 8_000)
    assert few > 10
    assert many < 12 * few


@pytest.mark.parametrize("events", [1, 3_000])
def test_all_of_it_is_there(tmp_path: Path, events: int) -> None:
    old(tmp_path / "v.db", events).close()
    store = EmbeddedStore(tmp_path / "v.db")
    retracted = (events + 9) // 10
    assert store.read(Count(of="events")) == events - retracted
    assert store.read(Count(of="events", where=Filter(retracted=True))) == events
    persons = Filter(labels=(Label.PERSON,), zones=("door",), retracted=True)
    assert store.read(Count(of="events", where=persons)) == (events + 2) // 3
    assert store.read(Count(of="tracks", where=Filter(labels=(Label.PERSON,)))) == events  # counted by sort
    assert [len(track.path) for track in store.read(Tracks(limit=5))] == [1] * min(events, 5)
    store.close()
