"""What deep looks cost and answered, summed by the database."""

import json
from dataclasses import replace

from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.reading.events import run_of
from graph.cypher.reading.streams import chosen
from graph.cypher.where import Where, stream_ids, window
from graph.reading.looks import audits_of, costs_of
from graph.rows import to_instant
from vidette.looks import Cost, Costs, Description, GateAudit, GateAudits, SaidOf, Verdicts
from vidette.models import Evidence, Label
from vidette.queries import Filter
from vidette.rows import VerdictRow

_SUMS = (
    " RETURN l.stream_id AS stream_id, toInteger(floor(l.start_pts / $bucket_s)) AS bucket,"
    " count(DISTINCT CASE WHEN l.outcome <> 'dropped' THEN l.segment_id END) AS looks, sum(l.calls) AS calls,"
    " sum(l.prompt_tokens) AS prompt_tokens, sum(l.completion_tokens) AS completion_tokens, sum(l.wall_s) AS wall_s,"
    " sum(l.gpu_s) AS gpu_s, sum(l.refused) AS refused"
)
# What became of a segment: the most that any look made of it, or what the gate did, in the order of DeepState; one that
# was let through and of which there is no picture is dropped; by their places in graph.reading.looks.
_COUNTED = (
    " CALL (g) { OPTIONAL MATCH (l:Look {segment_id: g.id}) WHERE $run = '' OR l.run_id = $run"
    " RETURN coalesce(max(CASE l.outcome WHEN 'examined' THEN 4 WHEN 'failed' THEN 2 WHEN 'dropped' THEN 1 ELSE"
    " CASE WHEN l IS NULL THEN 0 ELSE 1 END END), 0) AS looked }"
    " WITH g, looked, CASE WHEN g.gated THEN 3 WHEN EXISTS { (:Keyframe)-[:IN]->(g) } THEN 0 ELSE 1 END AS let"
    " RETURN g.stream_id AS stream_id, toInteger(floor(g.start_pts / $bucket_s)) AS bucket,"
    " CASE WHEN looked > let THEN looked ELSE let END AS became, g.gated AS gated, count(g) AS count"
)
_AUDITED = (
    " WITH g, EXISTS { (l:Look {segment_id: g.id}) WHERE l.outcome = 'examined' } AS known,"
    " EXISTS { (a:Assertion {segment_id: g.id}) WHERE a.look = 'deep' AND a.free } AS told,"
    " EXISTS { (a:Assertion {segment_id: g.id})-[:SAYS]->(e:Event) WHERE a.look = 'deep' AND e.derived } AS new"
    " RETURN g.stream_id AS stream_id, count(CASE WHEN NOT g.gated THEN 1 END) AS passed,"
    " count(CASE WHEN NOT g.gated AND known THEN 1 END) AS examined,"
    " count(CASE WHEN NOT g.gated AND known AND told THEN 1 END) AS found, count(CASE WHEN g.gated THEN 1 END) AS gated,"
    " count(CASE WHEN g.gated AND known THEN 1 END) AS audited,"
    " count(CASE WHEN g.gated AND known AND new THEN 1 END) AS missed"
)


def read_costs(transaction: Transaction, query: Costs) -> list[Cost]:
    """Costs by stream and time."""
    streams = chosen(transaction, query.where.streams)
    return costs_of(streams, _summed(transaction, query), _counted(transaction, query), query.bucket_s)


def _summed(transaction: Transaction, query: Costs) -> list[Row]:
    where = _begun(transaction, "l", "Look", query.where)
    if query.run:
        where.add("l.run_id = $run", run=query.run)
    return rows(transaction, where.text + _SUMS, **where.values, bucket_s=query.bucket_s)


def _counted(transaction: Transaction, query: Costs) -> list[Row]:
    where = _begun(transaction, "g", "Segment", query.where).also("g.present")
    return rows(transaction, where.text + _COUNTED, **where.values, bucket_s=query.bucket_s, run=query.run)


def _begun(transaction: Transaction, variable: str, label: str, asked: Filter) -> Where:
    """Rows that start in the window."""
    where = Where(f"MATCH ({variable}:{label})")
    if asked.streams:
        where.add(f"{variable}.stream_id IN $streams", streams=stream_ids(transaction, asked.streams))
    window(where, variable, replace(asked, starts_inside=True))
    return where


def read_audits(transaction: Transaction, query: GateAudits) -> list[GateAudit]:
    """The audit of each stream's gate."""
    where = _begun(transaction, "g", "Segment", query.where).also("g.present")
    found = rows(transaction, where.text + _AUDITED, **where.values)
    return audits_of(chosen(transaction, query.where.streams), found)


def read_verdicts(transaction: Transaction, query: Verdicts) -> list[VerdictRow]:
    """Answers by time."""
    where = Where("MATCH (l:Look)")
    where.add("size(l.questions) > 0")
    if query.where.streams:
        where.add("l.stream_id IN $streams", streams=stream_ids(transaction, query.where.streams))
    window(where, "l", query.where)
    found = rows(
        transaction,
        f"{where.text} MATCH (l)-[:ON]->(s:Stream) MATCH (l)-[:BY]->(r:Run)"
        " OPTIONAL MATCH (k:Keyframe)-[:IN]->(:Segment {id: l.segment_id})"
        " RETURN l{.*} AS look, s.name AS stream, r{.*} AS run, collect(k{.pts, .sha256, .uri}) AS frames",
        **where.values,
    )
    out = [_verdict(row, said) for row in found for said in json.loads(row["look"]["verdicts_json"])]
    kept = [one for one in out if _asked(one, query)]
    kept.sort(key=lambda one: (one.start, one.start_s, one.stream, one.question, one.run.id))
    return kept[: max(0, query.limit)]


def _asked(one: VerdictRow, query: Verdicts) -> bool:
    """Whether it is one of the answers asked for; the question by a part of it, whatever the case of ASCII."""
    return (not query.answers or one.answer in query.answers) and _lower(query.question) in _lower(one.question)


def _lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _verdict(row: Row, said: Row) -> VerdictRow:
    look = row["look"]
    frame = next((one for one in row["frames"] if said["at_s"] is not None and one["pts"] == said["at_s"]), None)
    return VerdictRow(
        stream=row["stream"],
        segment=look["segment_id"],
        start=to_instant(look["start"]),
        end=to_instant(look["end"]),
        start_s=look["start_pts"],
        end_s=look["end_pts"],
        question=said["question"],
        answer=said["answer"],
        confidence=said["confidence"],
        run=run_of(row["run"]),
        evidence=None
        if frame is None
        else Evidence(kind="keyframe", sha256=frame["sha256"], uri=frame["uri"], pts_s=frame["pts"]),
    )


def read_said(transaction: Transaction, query: SaidOf) -> list[Description]:
    """What each look said of an entity."""
    found = rows(
        transaction,
        "MATCH (d:Description)-[:TELLS_OF]->(:Entity {id: $id}) MATCH (r:Run {id: d.run_id})"
        " RETURN d{.*} AS d, r{.*} AS run ORDER BY d.look = 'deep', r.id, d.at_pts, d.source",
        id=query.entity_id,
    )
    return [
        Description(
            look=row["d"]["look"],
            run=run_of(row["run"]),
            start_s=row["d"]["at_pts"],
            label=Label(row["d"]["label"]),
            name=row["d"]["name"],
            description=row["d"]["description"],
            attributes=json.loads(row["d"]["attributes_json"]),
        )
        for row in found
    ]
