"""Shapes of the embedded store count what counting anew counts, after every change of any kind."""

import sqlite3
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from tests.random_memory import story, tell_again

KEPT = "SELECT stream_id, type, zone, line, labels, live, count FROM shapes WHERE count != 0"
EVENTS = (
    "SELECT stream_id, type, coalesce(zone, ''), coalesce(line, ''), coalesce((SELECT group_concat(label, ' ') FROM"
    " (SELECT DISTINCT n.label FROM says s JOIN takes_part t ON t.assertion_seq = s.assertion_seq"
    " LEFT JOIN identities i ON i.track_seq = t.track_seq JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq)"
    " WHERE s.event_seq = e.seq ORDER BY n.label)), ''), state != 'retracted' FROM events e"
)


def hold(file: Path) -> None:
    """All that is kept is what it should be."""
    connection = sqlite3.connect(file)
    anew = Counter(connection.execute(EVENTS))
    assert {tuple(row[:-1]): row[-1] for row in connection.execute(KEPT)} == anew
    connection.close()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 4))
def test_counts_hold_after_everything_that_is_settled_and_watched_again(seed: int, size: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "memory.db"
        store = EmbeddedStore(file)
        tell_again(store, story(seed, size), Random(seed), lambda: hold(file))
        store.close()
