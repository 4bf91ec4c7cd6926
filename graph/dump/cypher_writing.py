"""Records into a Neo4j database: nodes and relations as settling leaves them, one UNWIND a kind."""

from collections.abc import Callable, Sequence
from typing import Any

from graph.cypher import events, judging, opening, outbox, shapes, totals
from graph.cypher.driver import Row, Server, Transaction, do, rows
from graph.cypher.patterns import pattern_key
from graph.dump import cypher_nodes as nodes
from graph.dump import records as of
from graph.patterning import GOES_ON
from graph.rows import to_ms
from vidette import codec
from vidette.alerts import Judgement
from vidette.errors import StoreError
from vidette.matches import PatternChange

_PAGE = 1000
_A_TURN = 100_000
"""Assertions of one observation are numbered from its turn times this on (graph.cypher.saying)."""
_ON_STREAM = " WITH n, r MATCH (s:Stream {id: r.stream}) CREATE (n)-[:ON]->(s)"
_OF_STREAM = " WITH n, r MATCH (s:Stream {id: r.stream}) CREATE (n)-[:OF]->(s)"
_BY_RUN = " WITH n, r MATCH (u:Run {id: r.run}) CREATE (n)-[:BY]->(u)"
_MADE: dict[str, tuple[Callable[[Any, nodes.Known], Row], tuple[str, ...]]] = {
    "run": (
        nodes.run,
        (
            "UNWIND $rows AS r CREATE (n:Run {id: r.id}) SET n += r.row",
            "MATCH (n:Run) WITH max(n.seq) AS most MERGE (c:Counter {name: 'runs'}) SET c.count = most",
        ),
    ),
    "observation": (
        nodes.observation,
        ("UNWIND $rows AS r CREATE (n:Observation {id: r.id}) SET n += r.row",),
    ),
    "entity": (nodes.entity, ("UNWIND $rows AS r CREATE (n:Entity {id: r.id}) SET n += r.row",)),
    "description": (
        nodes.description,
        (
            "UNWIND $rows AS r CREATE (n:Description {key: r.key}) SET n += r.row"
            " WITH n, r MATCH (e:Entity {id: r.entity}) CREATE (n)-[:TELLS_OF]->(e)",
        ),
    ),
    "track": (
        nodes.track,
        (
            f"UNWIND $rows AS r CREATE (n:Track {{id: r.id}}) SET n += r.row{_BY_RUN}",
            "UNWIND $rows AS r MATCH (n:Track {id: r.id}), (e:Entity {id: r.entity}) CREATE (n)-[i:IS]->(e) SET i = r.is",
        ),
    ),
    "path": (
        nodes.path,
        (
            "UNWIND $rows AS r MATCH (t:Track {id: r.track}) CREATE (t)-[:WENT]->(:Path {key: r.key, track_id: r.track,"
            " start_pts: r.start, end_pts: r.end, points: r.points})",
        ),
    ),
    "segment": (
        nodes.segment,
        (
            f"UNWIND $rows AS r CREATE (n:Segment {{id: r.id}}) SET n += r.row{_OF_STREAM}",
            "UNWIND $rows AS r UNWIND r.captions AS c MATCH (n:Segment {id: r.id})"
            " CREATE (n)<-[:OF]-(k:Caption {key: c.key}) SET k += c.row",
            "UNWIND $rows AS r UNWIND r.frames AS f MATCH (n:Segment {id: r.id})"
            " CREATE (n)<-[:IN]-(k:Keyframe {id: f.id}) SET k += f.row",
            "UNWIND $rows AS r UNWIND r.texts AS t MATCH (k:Keyframe {id: t.frame})"
            " CREATE (k)<-[:READ_IN]-(x:Text {key: t.key}) SET x += t.row",
            "UNWIND $rows AS r UNWIND r.tracks AS track MATCH (n:Segment {id: r.id}) MERGE (t:Track {id: track})"
            " ON CREATE SET t.present = false CREATE (t)-[:IN]->(n)",
        ),
    ),
    "event": (
        nodes.event,
        # Words and labels follow once all is there: so full text takes each event once.
        (f"UNWIND $rows AS r CREATE (n:Event {{id: r.id}}) SET n += r.row{_ON_STREAM}",),
    ),
    "says": (
        nodes.says,
        ("UNWIND $rows AS r MATCH (a:Assertion {id: r.said}), (e:Event {id: r.event}) CREATE (a)-[:SAYS]->(e)",),
    ),
    "coverage": (nodes.coverage, ("UNWIND $rows AS r CREATE (n:Coverage) SET n = r",)),
    "look": (
        nodes.look,
        (
            "UNWIND $rows AS r MATCH (o:Observation {id: r.key}) CREATE (n:Look {key: r.key})-[:OF]->(o) SET n += r.row"
            f"{_ON_STREAM}{_BY_RUN}",
        ),
    ),
    "embedding": (nodes.embedding, ("UNWIND $rows AS r CREATE (n:Embedding {key: r.key}) SET n += r.row",)),
    "clock_reading": (
        nodes.clock_reading,
        (f"UNWIND $rows AS r CREATE (n:ClockReading {{key: r.key}}) SET n += r.row{_ON_STREAM}",),
    ),
    "attempt": (
        nodes.attempt,
        (
            "UNWIND $rows AS r MATCH (d:Delivery {id: r.delivery})"
            " CREATE (n:Attempt {id: r.id}) SET n += r.row CREATE (n)-[:OF]->(d)",
        ),
    ),
}
"""By kind: the parameters of a record, and the statements that they are for."""


def write(transaction: Transaction, kind: str, records: Sequence[Any], before: int) -> None:
    """Write records of a kind of which there were so many before.

    Raises StoreError where they name a run or stream that is not there; what else is missing shows when it is read back.
    """
    if kind in _MADE:
        parameters, statements = _MADE[kind]
        known = nodes.Known(transaction)
        given = [parameters(record, known) for record in records]
        for statement in statements:
            do(transaction, statement, rows=given)
    elif kind == "assertion":
        _assertions(transaction, records, before)
    else:
        _WRITERS[kind](transaction, records)


def _streams(transaction: Transaction, records: Sequence[of.StreamRecord]) -> None:
    known = nodes.Known(transaction)
    for record in records:
        opening.open_stream(transaction, record.stream, again=False)
        set_ = "MATCH (s:Stream {id: $id}) SET s += $row"
        do(transaction, set_, id=record.stream.id, row=nodes.stream(record, known))


def _assertions(transaction: Transaction, records: Sequence[of.AssertionRecord], before: int) -> None:
    """In the order in which they come; what is said from now on comes after them."""
    known = nodes.Known(transaction)
    given = [{**nodes.assertion(record, known), "seq": before + place} for place, record in enumerate(records)]
    do(
        transaction,
        "UNWIND $rows AS r CREATE (a:Assertion) SET a = r WITH a MATCH (u:Run {id: a.run_id}) CREATE (a)-[:BY]->(u)"
        " WITH a WHERE a.segment_id IS NOT NULL MATCH (g:Segment {id: a.segment_id}) CREATE (a)-[:FROM]->(g)",
        rows=given,
    )
    do(
        transaction,
        "MATCH (s:Stream) WHERE s.id IN $ids SET s.turn = $turn",
        ids=list({record.assertion.stream_id for record in records}),
        turn=(before + len(records)) // _A_TURN + 1,
    )


def _sinks(transaction: Transaction, records: Sequence[of.SinkRecord]) -> None:
    for record in records:
        said, trouble = record.disabled, record.trouble
        if said:
            outbox.disable(transaction, record.sink, said.address, said.disabled_at, said.reason)
        if trouble:
            row = {"trouble_since": to_ms(trouble.since), "trouble_last": to_ms(trouble.last)}
            do(transaction, "MERGE (k:Sink {id: $id}) SET k += $row", id=record.sink, row=row)


def _said(transaction: Transaction, records: Sequence[of.SaidRecord]) -> None:
    given = []
    for record in records:
        match = record.said.match
        if match is None:
            raise StoreError(f"rule {record.rule!r} has found {record.said.id!r} without a match; take a whole dump")
        key = pattern_key(record.rule, record.version)
        given.append(
            {
                "key": f"{key}|{record.said.id}",
                "pattern": key,
                "id": record.said.id,
                "until": GOES_ON if match.end is None else match.end,
                "alert_id": record.said.alert,
                "body_json": codec.encode(match).decode(),
            }
        )
    do(transaction, "UNWIND $rows AS r CREATE (m:SaidMatch) SET m = r", rows=given)


def _judged(words_of: Callable[[list[Any]], Judgement]) -> Callable[[Transaction, Sequence[Any]], None]:
    """Writes what a judge said."""

    def write_all(transaction: Transaction, records: Sequence[Any]) -> None:
        judging.write(transaction, words_of(list(records)))

    return write_all


_WRITERS: dict[str, Callable[[Transaction, Sequence[Any]], None]] = {
    "stream": _streams,
    "sink": _sinks,
    "said_match": _said,
    "alert": _judged(lambda given: Judgement(alerts=tuple(record.alert for record in given))),
    "delivery": _judged(lambda given: Judgement(deliveries=tuple(record.delivery for record in given))),
    "decision": _judged(lambda given: Judgement(decisions=tuple(record.decision for record in given))),
    "rule_state": _judged(lambda given: Judgement(states=tuple(record.state for record in given))),
    "silence": _judged(lambda given: Judgement(silences=tuple(record.silence for record in given))),
    "feedback": _judged(lambda given: Judgement(feedback=tuple(record.feedback for record in given))),
    "timer": _judged(lambda given: Judgement(timers=tuple(record.timer for record in given))),
    "storm": _judged(lambda given: Judgement(storms=tuple(record.storm for record in given))),
    "pattern": _judged(
        lambda given: Judgement(patterns=tuple(PatternChange(state=record.pattern) for record in given))
    ),
    "leaf_match": _judged(lambda given: Judgement(leaves=tuple(record.leaf for record in given))),
}


def follow(server: Server, after: str) -> tuple[str | None, int]:
    """Write what follows from the events next after an id; -> the last of them, None: there was none, and how many."""

    def write_next(transaction: Transaction) -> list[str]:
        asked = "MATCH (e:Event) WHERE e.id > $after RETURN e.id AS id ORDER BY id LIMIT $limit"
        ids = [row["id"] for row in rows(transaction, asked, after=after, limit=_PAGE)]
        events.refresh(transaction, ids)
        shapes.reshape(transaction, ids)
        if len(ids) < _PAGE:
            do(transaction, totals.SUM_ALL)
        return ids

    ids = server.write(write_next)
    return (ids[-1] if ids else None), len(ids)
