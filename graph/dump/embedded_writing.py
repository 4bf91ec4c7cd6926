"""Records into the embedded store: rows as settling leaves them, and at the end what follows from them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from graph import judging, opening, outbox, saying, shapes, words
from graph.dump import records as of
from graph.dump.embedded_rows import ROWS, Numbers
from graph.patterning import GOES_ON
from graph.rows import Connection, Value, insert, insert_all, to_ms
from vidette import codec
from vidette.alerts import Judgement
from vidette.errors import StoreError
from vidette.matches import PatternChange

_PAGE = 2000


def write(connection: Connection, kind: str, records: Sequence[Any]) -> None:
    """Write records of one kind. Raises StoreError, or sqlite3.Error where they contradict what is there."""
    if kind in _WRITERS:
        _WRITERS[kind](connection, records)
        return
    rows: dict[str, list[dict[str, Value]]] = defaultdict(list)
    number = Numbers(connection)
    for record in records:
        for table, row in ROWS[kind](record, number):
            rows[table].append(row)
    for table, found in rows.items():
        insert_all(connection, table, found)
    words.index(connection)


def _streams(connection: Connection, records: Sequence[of.StreamRecord]) -> None:
    for one in records:
        id_ = one.stream.id
        opening.open_stream(connection, one.stream, again=False)
        connection.execute("UPDATE streams SET watch = ?, fence = ? WHERE id = ?", (one.watch, one.fence, id_))
        if one.commit:
            insert(connection, "commits", _commit(id_, one.commit))
        for table, said in (("feeds", one.feed), ("heard", one.heard)):
            if said:
                insert(connection, table, {"stream_id": id_, "body_json": codec.encode(said).decode()})


def _commit(stream_id: str, commit: of.Committed) -> dict[str, Value]:
    return {
        "stream_id": stream_id,
        "sequence": commit.sequence,
        "watermark": commit.watermark_s,
        "carry": commit.carry,
        "final": int(commit.final),
        "run_id": commit.run_id,
    }


def _sinks(connection: Connection, records: Sequence[of.SinkRecord]) -> None:
    for one in records:
        if one.disabled:
            outbox.disable(connection, one.sink, one.disabled.address, one.disabled.disabled_at, one.disabled.reason)
        if one.trouble:
            row: dict[str, Value] = {"since": to_ms(one.trouble.since), "last": to_ms(one.trouble.last)}
            insert(connection, "sink_troubles", {"sink": one.sink, **row})


def _leaves(connection: Connection, records: Sequence[of.LeafRecord]) -> None:
    for one in records:
        _pattern(connection, one.leaf.rule, one.leaf.version)
    judging.write(connection, Judgement(leaves=tuple(one.leaf for one in records)))


def _said(connection: Connection, records: Sequence[of.SaidRecord]) -> None:
    for one in records:
        if one.said.match is None:
            raise StoreError(f"rule {one.rule!r} has found {one.said.id!r} without a match; take a whole dump")
        until = one.said.match.end
        row: dict[str, Value] = {
            "pattern": _pattern(connection, one.rule, one.version),
            "id": one.said.id,
            "until": GOES_ON if until is None else until,
            "alert_id": one.said.alert,
            "body_json": codec.encode(one.said.match).decode(),
        }
        insert(connection, "said_matches", row)


def _pattern(connection: Connection, rule: str, version: str) -> int:
    asked = "SELECT seq FROM patterns WHERE rule = ? AND version = ?"
    found = connection.execute(asked, (rule, version)).fetchone()
    if found is None:
        raise StoreError(f"rule {rule!r} is named before what it remembers; take a whole dump")
    return int(found[0])


def _judged(words_of: Callable[[Any], Judgement]) -> Callable[[Connection, Sequence[Any]], None]:
    """Writes what a judge said, one record at a time: a later one of the same name would hide the first."""

    def write_all(connection: Connection, records: Sequence[Any]) -> None:
        for one in records:
            judging.write(connection, words_of(one))

    return write_all


_WRITERS: dict[str, Callable[[Connection, Sequence[Any]], None]] = {
    "stream": _streams,
    "sink": _sinks,
    "leaf_match": _leaves,
    "said_match": _said,
    "alert": _judged(lambda one: Judgement(alerts=(one.alert,))),
    "delivery": _judged(lambda one: Judgement(deliveries=(one.delivery,))),
    "decision": _judged(lambda one: Judgement(decisions=(one.decision,))),
    "rule_state": _judged(lambda one: Judgement(states=(one.state,))),
    "silence": _judged(lambda one: Judgement(silences=(one.silence,))),
    "feedback": _judged(lambda one: Judgement(feedback=(one.feedback,))),
    "timer": _judged(lambda one: Judgement(timers=(one.timer,))),
    "storm": _judged(lambda one: Judgement(storms=(one.storm,))),
    "pattern": _judged(lambda one: Judgement(patterns=(PatternChange(state=one.pattern),))),
}


def follow(connection: Connection, after: int) -> tuple[int | None, int]:
    """Write what follows from the events next after a number; -> the last of them, None: there was none, and how many."""
    asked = "SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
    seqs = [row[0] for row in connection.execute(asked, (after, _PAGE))]
    if not seqs:
        connection.execute(
            "INSERT OR IGNORE INTO rejoined SELECT entity_seq FROM identities GROUP BY entity_seq HAVING count(*) > 1"
        )
        return None, 0
    saying.refresh_words(connection, seqs)
    shapes.reshape(connection, set(seqs))
    words.index(connection)
    return int(seqs[-1]), len(seqs)
