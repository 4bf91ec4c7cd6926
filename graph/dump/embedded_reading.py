"""Records of the embedded store: one pass a kind over its tables, a page of rows at a time."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby

from graph.assertions import assertions_of
from graph.dump import records as of
from graph.dump import rows as made
from graph.dump.records import POINTS, AnyRecord
from graph.names import listed
from graph.opening import last_commit
from graph.reading.streams import read_stream
from graph.rows import Connection, Row
from graph.saying import event_of
from vidette.models import Verdict
from vidette.queries import StreamOf

_PAGE = 1000
_SINKS = "(SELECT sink FROM sink_states UNION SELECT sink FROM sink_troubles)"
_TABLES = {
    "run": "runs",
    "stream": "streams",
    "observation": "observations",
    "entity": "entities",
    "description": "descriptions",
    "track": "tracks",
    "segment": "segments",
    "assertion": "assertions",
    "event": "events",
    "says": "says",
    "coverage": "coverage",
    "look": "looks",
    "embedding": "embeddings",
    "clock_reading": "clock_readings",
    "alert": "alerts",
    "sink": _SINKS,
    "delivery": "deliveries",
    "attempt": "attempts",
    "decision": "decisions",
    "rule_state": "rule_states",
    "silence": "silences",
    "feedback": "feedback",
    "timer": "timers",
    "storm": "storms",
    "pattern": "patterns",
    "leaf_match": "leaf_matches",
    "said_match": "said_matches",
}
_STRETCHES = (
    f"SELECT coalesce(sum(n), 0) FROM (SELECT (count(*) + {POINTS} - 1) / {POINTS} AS n FROM path GROUP BY track_seq)"  # noqa: S608  a number of ours
)


def counts(connection: Connection) -> dict[str, int]:
    """How many records of each kind there are."""
    asked = {kind: f"SELECT count(*) FROM {table}" for kind, table in _TABLES.items()}  # noqa: S608  names from this file
    return {kind: connection.execute(text).fetchone()[0] for kind, text in {**asked, "path": _STRETCHES}.items()}


def read(connection: Connection, kind: str) -> Iterator[AnyRecord]:
    """The records of a kind."""
    return _READERS[kind](connection)


def _pages(connection: Connection, statement: str) -> Iterator[list[Row]]:
    cursor = connection.execute(statement)
    while page := cursor.fetchmany(_PAGE):
        yield page


def _rows(connection: Connection, statement: str) -> Iterator[Row]:
    for page in _pages(connection, statement):
        yield from page


def _each(statement: str, record: Callable[[Row], AnyRecord]) -> Callable[[Connection], Iterator[AnyRecord]]:
    """Reads a record a row."""

    def read_all(connection: Connection) -> Iterator[AnyRecord]:
        return map(record, _rows(connection, statement))

    return read_all


def _streams(connection: Connection) -> Iterator[AnyRecord]:
    asked = (
        "SELECT s.id, s.watch, s.fence, f.body_json AS feed_json, h.body_json AS heard_json FROM streams s"
        " LEFT JOIN feeds f ON f.stream_id = s.id LEFT JOIN heard h ON h.stream_id = s.id ORDER BY s.id"
    )
    for row in _rows(connection, asked):
        stream = read_stream(connection, StreamOf(name=row["id"]))
        if stream is not None:
            yield made.stream_of(row, stream, last_commit(connection, row["id"]))


def _paths(connection: Connection) -> Iterator[AnyRecord]:
    asked = "SELECT p.*, m.id FROM path p CROSS JOIN names m ON m.seq = p.track_seq ORDER BY p.track_seq, p.pts"
    for track, found in groupby(_rows(connection, asked), lambda row: str(row["id"])):
        yield from made.stretches(track, (tuple(row)[1:6] for row in found))


def _segments(connection: Connection) -> Iterator[AnyRecord]:
    for page in _pages(connection, "SELECT * FROM segments ORDER BY seq"):
        under = partial(_under, connection, listed(row["seq"] for row in page))
        captions = under("SELECT segment_seq AS under, * FROM segment_captions", "run_seq")
        tracks = under(
            "SELECT s.segment_seq AS under, m.id FROM segment_tracks s JOIN names m ON m.seq = s.track_seq", "m.id"
        )
        frames = under("SELECT segment_seq AS under, * FROM keyframes", "id")
        texts = under(
            "SELECT k.segment_seq AS under, k.id, t.run_seq, t.text FROM keyframes k"
            " JOIN keyframe_texts t ON t.keyframe_seq = k.seq",
            "k.id, t.run_seq",
        )
        for row in page:
            seq = row["seq"]
            ids = [one["id"] for one in tracks[seq]]
            yield made.segment_of(row, captions[seq], ids, frames[seq], texts[seq])


def _under(connection: Connection, segments: str, statement: str, order: str) -> dict[int, list[Row]]:
    """What belongs to these segments, by their numbers."""
    out: dict[int, list[Row]] = defaultdict(list)
    asked = "".join((statement, " WHERE segment_seq IN (SELECT value FROM json_each(?)) ORDER BY ", order))
    for row in connection.execute(asked, (segments,)):
        out[row["under"]].append(row)
    return out


def _assertions(connection: Connection) -> Iterator[AnyRecord]:
    for page in _pages(connection, "SELECT * FROM assertions ORDER BY seq"):
        for assertion in assertions_of(connection, page):
            yield of.AssertionRecord(assertion=assertion)


def _event(row: Row) -> AnyRecord:
    return of.EventRecord(event=event_of(row), look=row["look"], derived=bool(row["derived"]), watch=row["watch"])


def _looks(connection: Connection) -> Iterator[AnyRecord]:
    asked = (
        "SELECT l.*, m.id AS observation_id, g.id AS segment_id, r.id AS run_id FROM looks l"
        " CROSS JOIN names m ON m.seq = l.seq JOIN names g ON g.seq = l.segment_seq JOIN runs r ON r.seq = l.run_seq"
        " ORDER BY l.seq"
    )
    for page in _pages(connection, asked):
        verdicts = _verdicts(connection, listed(row["seq"] for row in page))
        for row in page:
            yield made.look_of(row, tuple(verdicts[row["seq"]]))


def _verdicts(connection: Connection, looks: str) -> dict[int, list[Verdict]]:
    out: dict[int, list[Verdict]] = defaultdict(list)
    asked = "SELECT * FROM verdicts WHERE look_seq IN (SELECT value FROM json_each(?)) ORDER BY look_seq, place"
    for row in connection.execute(asked, (looks,)):
        verdict = Verdict(question=row["question"], answer=row["answer"], confidence=row["confidence"], at_s=row["pts"])
        out[row["look_seq"]].append(verdict)
    return out


_READERS: dict[str, Callable[[Connection], Iterator[AnyRecord]]] = {
    "run": _each("SELECT * FROM runs ORDER BY seq", made.run_of),
    "stream": _streams,
    "observation": _each(
        "SELECT o.*, r.id AS run_id FROM observations o CROSS JOIN runs r ON r.seq = o.run_seq ORDER BY o.seq",
        made.observation_of,
    ),
    "entity": _each("SELECT * FROM entities ORDER BY seq", made.entity_of),
    "description": _each(
        "SELECT d.*, m.id AS entity_id, r.id AS run_id FROM descriptions d CROSS JOIN names m ON m.seq = d.entity_seq"
        " CROSS JOIN runs r ON r.seq = d.run_seq ORDER BY d.entity_seq, d.source",
        made.description_of,
    ),
    "track": _each(
        "SELECT t.*, r.id AS run_id, m.id AS entity_id, i.confidence AS sure, i.method, n.id AS said_by FROM tracks t"
        " CROSS JOIN runs r ON r.seq = t.run_seq LEFT JOIN identities i ON i.track_seq = t.seq"
        " LEFT JOIN names m ON m.seq = i.entity_seq LEFT JOIN runs n ON n.seq = i.run_seq ORDER BY t.seq",
        made.track_of,
    ),
    "path": _paths,
    "segment": _segments,
    "assertion": _assertions,
    "event": _each("SELECT * FROM events ORDER BY seq", _event),
    "says": _each(
        "SELECT m.id AS said, n.id AS event FROM says s CROSS JOIN names m ON m.seq = s.assertion_seq"
        " CROSS JOIN names n ON n.seq = s.event_seq ORDER BY s.assertion_seq",
        lambda row: of.SaysRecord(assertion_id=row["said"], event_id=row["event"]),
    ),
    "coverage": _each("SELECT * FROM coverage ORDER BY stream_id, look, start_pts", made.coverage_of),
    "look": _looks,
    "embedding": _each(
        'SELECT r.id AS run_id, v."of", m.id, v.said, v.vector FROM embeddings v CROSS JOIN runs r ON r.seq = v.run_seq'
        " CROSS JOIN names m ON m.seq = v.seq ORDER BY v.rowid",
        lambda row: made.embedding_of(row, row["vector"]),
    ),
    "clock_reading": _each("SELECT * FROM clock_readings ORDER BY stream_id, pts, text", made.clock_of),
    "alert": _each("SELECT body_json FROM alerts ORDER BY seq", made.WHOLE["alert"]),
    "sink": _each(
        "".join(
            (
                "SELECT k.sink, s.address, s.disabled_at, s.reason, t.since AS trouble_since, t.last AS trouble_last FROM ",
                _SINKS,
                " k LEFT JOIN sink_states s ON s.sink = k.sink LEFT JOIN sink_troubles t ON t.sink = k.sink ORDER BY k.sink",
            )
        ),
        made.sink_of,
    ),
    "delivery": _each("SELECT * FROM deliveries ORDER BY seq", made.WHOLE["delivery"]),
    "attempt": _each("SELECT body_json FROM attempts ORDER BY delivery_id, number, at", made.WHOLE["attempt"]),
    "decision": _each("SELECT body_json FROM decisions ORDER BY rowid", made.WHOLE["decision"]),
    "rule_state": _each("SELECT * FROM rule_states ORDER BY stream_id, rule, version", made.rule_state_of),
    "silence": _each("SELECT body_json FROM silences ORDER BY id", made.WHOLE["silence"]),
    "feedback": _each("SELECT body_json FROM feedback ORDER BY alert_id, at, says", made.WHOLE["feedback"]),
    "timer": _each("SELECT * FROM timers ORDER BY alert_id, kind", made.timer_of),
    "storm": _each("SELECT body_json FROM storms ORDER BY sink, start", made.WHOLE["storm"]),
    "pattern": _each("SELECT * FROM patterns ORDER BY seq", made.pattern_of),
    "leaf_match": _each(
        "SELECT l.*, p.rule, p.version FROM leaf_matches l CROSS JOIN patterns p ON p.seq = l.pattern"
        " ORDER BY l.pattern, l.leaf, l.id",
        lambda row: made.leaf_of(row, json.loads(row["zones_json"])),
    ),
    "said_match": _each(
        "SELECT s.*, p.rule, p.version FROM said_matches s CROSS JOIN patterns p ON p.seq = s.pattern"
        " ORDER BY s.pattern, s.id",
        made.said_of,
    ),
}
