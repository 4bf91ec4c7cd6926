import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import schema
from graph.dump.decoding import decode
from graph.dump.embedded import EmbeddedMemory
from graph.dump.records import KINDS, POINTS
from graph.dump.rows import stretches
from vidette.codec import encode
from vidette.errors import StoreError


@pytest.fixture(scope="module")
def lines(full):
    memory = EmbeddedMemory(full)
    with memory.holding() as holding:
        out = {kind: [encode(record) for record in holding.read(kind)] for kind in KINDS}
    memory.close()
    return out


def test_there_is_something_of_every_kind_and_it_reads_back_as_it_was_written(lines):
    assert all(lines[kind] for kind in KINDS)
    for kind in KINDS:
        for line in lines[kind]:
            record = decode(line)
            assert record.kind == kind
            assert encode(record) == line


def test_no_key_more_and_none_less_is_taken(lines):
    for kind in KINDS:
        said = json.loads(lines[kind][0])
        with pytest.raises(StoreError, match=f"at '{kind}.surplus'"):
            decode(json.dumps({**said, "surplus": 1}).encode())
        inner = next((name for name, value in said.items() if isinstance(value, dict)), None)
        if inner:
            with pytest.raises(StoreError, match=f"at '{kind}.{inner}.surplus'"):
                decode(json.dumps({**said, inner: {**said[inner], "surplus": 1}}).encode())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"kind":"statement","text":"DROP"}', "statement"),
        (b'{"text":"x"}', "kind"),
        (b"[]", "no record"),
        (b"\xff\xfe", "no record"),
        (b'{"kind":"says","assertion_id":"' + b"[" * 100_000, "no record"),
        (b"[" * 100_000, "no record"),
        (b'{"kind":"path","track_id":"t","points":[1,0,0,1,Infinity]}', "finite"),
        (b'{"kind":"path","track_id":"t","points":[1,0,0,1]}', "points"),
        (b'{"kind":"path","track_id":"t","points":[]}', "points"),
    ],
)
def test_what_is_no_record_is_one_line(line, said):
    with pytest.raises(StoreError, match=said) as refused:
        decode(line)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 1000


@given(st.binary(max_size=60))
def test_no_bytes_break_it(line):
    with pytest.raises(StoreError):
        decode(line)


@given(st.integers(1, 3 * POINTS))
def test_paths_are_cut_the_same_way_however_long(count):
    points = [(float(at), 0.0, 0.0, 1.0, 1.0) for at in range(count)]
    found = list(stretches("t", points))
    assert [number for one in found for number in one.points] == [number for point in points for number in point]
    assert all(len(one.points) == 5 * POINTS for one in found[:-1])
    assert all(decode(encode(one)) == one for one in found)


def test_every_table_is_moved_or_follows_from_those_that_are():
    """A new table or column belongs to a record, or here."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables -= {name for name in tables if name.startswith(("event_words_", "segment_words_", "sqlite_"))}
    columns = sum(len(connection.execute(f"PRAGMA table_info({table})").fetchall()) for table in tables - _FOLLOWS)
    assert tables == _MOVED | _FOLLOWS
    assert columns == _COLUMNS
    connection.close()


_FOLLOWS = {
    *("names", "shapes", "shape_labels", "lanes", "sorts", "rejoined", "event_words", "segment_words"),
    *("event_news", "segment_news", "alert_streams", "alert_events", "alert_places"),
}
_MOVED = {
    *("streams", "zones", "lines", "feeds", "commits", "heard", "runs", "observations", "entities", "descriptions"),
    *("tracks", "path", "identities", "segments", "segment_captions", "segment_tracks", "keyframes", "keyframe_texts"),
    *("assertions", "takes_part", "shown_in", "events", "says", "coverage", "looks", "verdicts", "embeddings"),
    *("clock_readings", "alerts", "deliveries", "attempts", "decisions", "rule_states", "sink_states"),
    *("sink_troubles", "silences", "feedback", "timers", "storms", "patterns", "leaf_matches", "said_matches"),
}
_COLUMNS = 292  # of those that are moved: one more is to be in a record too


@pytest.mark.parametrize("kind", ["\r", "\n\n", "\u2028", "\x1b[2J", "x" * 100_000])
def test_what_is_quoted_from_a_line_is_one_short_line(kind):
    with pytest.raises(StoreError, match="no record") as caught:
        decode(json.dumps({"kind": kind}).encode())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
