"""What deep looks cost and answered, summed by the database."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from graph.reading import where as conditions
from graph.reading.streams import chosen
from graph.reading.where import Where
from graph.rows import Connection, Named, Row, many, to_instant
from vidette.ids import milliseconds
from vidette.looks import Cost, Costs, Description, GateAudit, GateAudits, SaidOf, Verdicts
from vidette.models import Evidence, Label, Run
from vidette.queries import Filter
from vidette.rows import VerdictRow

_SUMS = (
    "SELECT looks.stream_id, CAST(looks.start_pts / ? AS INTEGER) AS bucket,"
    " count(DISTINCT CASE WHEN outcome != 'dropped' THEN segment_seq END) AS looks, sum(calls) AS calls,"
    " sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens, total(wall_s) AS wall_s,"
    " total(gpu_s) AS gpu_s, sum(refused) AS refused FROM looks"
)
# What became of a segment: the most that any look made of it, or what the gate did, in the order of DeepState; one that
# was let through and of which there is no picture is dropped.
_RANKED = (
    "max(3 * gated, NOT EXISTS (SELECT 1 FROM keyframes k WHERE k.segment_seq = segments.seq), coalesce("
    "(SELECT max(CASE outcome WHEN 'examined' THEN 4 WHEN 'failed' THEN 2 ELSE 1 END) FROM looks WHERE looks.segment_seq = segments.seq AND (? = '' OR run_seq = (SELECT seq FROM runs WHERE id = ?))), 0))"
)
_BECAME = ("pending", "dropped", "failed", "gated", "examined")
_COUNTED = (
    f"SELECT stream_id, CAST(start_pts / ? AS INTEGER) AS bucket, {_RANKED} AS became, gated, count(*) AS count"  # noqa: S608  fixed text
    " FROM segments"
)
_TOLD = " FROM assertions a WHERE a.segment_seq = segments.seq AND a.look = 'deep' AND a.of_seq IS NULL"
_NEW = (
    " FROM assertions a JOIN says ON says.assertion_seq = a.seq JOIN events e ON e.seq = says.event_seq"
    " WHERE a.segment_seq = segments.seq AND a.look = 'deep' AND e.derived"
)
_EXAMINED = "EXISTS (SELECT 1 FROM looks WHERE looks.segment_seq = segments.seq AND outcome = 'examined')"
_AUDITED = (
    "SELECT stream_id, sum(NOT gated) AS passed, sum(NOT gated AND known) AS examined, sum(NOT gated AND told) AS found,"  # noqa: S608  fixed text
    " sum(gated) AS gated, sum(gated AND known) AS audited, sum(gated AND new) AS missed FROM (SELECT stream_id, gated,"
    f" {_EXAMINED} AS known, {_EXAMINED} AND EXISTS (SELECT 1{_TOLD}) AS told,"
    f" {_EXAMINED} AND EXISTS (SELECT 1{_NEW}) AS new FROM segments"
)
_RUN = "r.id AS run, r.model, r.revision, r.prompt_hash, r.params_json"
_ANSWERS = (
    f"SELECT v.question, v.answer, v.confidence, v.pts, looks.*, n.id AS segment, streams.name AS stream, {_RUN},"  # noqa: S608  fixed text
    " k.sha256, k.uri FROM looks JOIN verdicts v ON v.look_seq = looks.seq JOIN names n ON n.seq = looks.segment_seq"
    " JOIN streams ON streams.id = looks.stream_id JOIN runs r ON r.seq = looks.run_seq"
    " LEFT JOIN keyframes k ON k.segment_seq = looks.segment_seq AND k.pts = v.pts"
)
_DESCRIBED = (
    f"SELECT d.*, {_RUN} FROM descriptions d JOIN runs r ON r.seq = d.run_seq"  # noqa: S608  fixed text
    " WHERE d.entity_seq = (SELECT seq FROM names WHERE id = ?) ORDER BY d.look = 'deep', r.id, d.at_pts, d.source"
)


def read_costs(connection: Connection, query: Costs) -> list[Cost]:
    """Costs by stream and time."""
    streams = chosen(connection, query.where.streams)
    return costs_of(streams, _summed(connection, query), _counted(connection, query), query.bucket_s)


_KEYS = ("stream_id", "bucket")


def costs_of(
    streams: Sequence[Named], summed: Iterable[Named], counted: Iterable[Named], bucket_s: float
) -> list[Cost]:
    """What was asked and what became of segments, by stream and stretch of time."""
    found: dict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
    for row in summed:
        found[row["stream_id"], row["bucket"]].update({key: row[key] for key in row.keys() if key not in _KEYS})  # noqa: SIM118  a row's values are not its keys
    for row in counted:
        cost, became = found[row["stream_id"], row["bucket"]], _BECAME[row["became"]]
        cost[became] = cost.get(became, 0) + row["count"]
        if row["gated"] and became == "examined":
            cost["audited"] = row["count"]
    return [
        _cost(stream, bucket, bucket_s, found[id_, bucket])
        for stream in streams
        for id_, bucket in sorted(key for key in found if key[0] == stream["id"])
    ]


def _cost(stream: Named, bucket: int, bucket_s: float, sums: dict[str, Any]) -> Cost:
    start_s = bucket * bucket_s
    start = to_instant(stream["start"] + milliseconds(start_s))
    return replace(Cost(stream=stream["name"], start=start, start_s=start_s), **sums)


def _summed(connection: Connection, query: Costs) -> list[Row]:
    where = _begun("looks", query.where)
    if query.run:
        where.add("looks.run_seq = (SELECT seq FROM runs WHERE id = ?)", query.run)
    asked = "".join((_SUMS, where.text, " GROUP BY 1, 2"))
    return connection.execute(asked, (query.bucket_s, *where.values)).fetchall()


def _counted(connection: Connection, query: Costs) -> list[Row]:
    where = _begun("segments", query.where)
    where.add("segments.present")
    asked = "".join((_COUNTED, where.text, " GROUP BY 1, 2, 3, 4"))
    return connection.execute(asked, (query.bucket_s, query.run, query.run, *where.values)).fetchall()


def _begun(table: str, asked: Filter) -> Where:
    """Rows that start in the window."""
    where = Where()
    conditions.streams(where, table, asked)
    conditions.window(where, table, replace(asked, starts_inside=True))
    return where


def read_audits(connection: Connection, query: GateAudits) -> list[GateAudit]:
    """The audit of each stream's gate."""
    where = _begun("segments", query.where)
    where.add("segments.present")
    asked = "".join((_AUDITED, where.text, ") GROUP BY stream_id"))
    return audits_of(chosen(connection, query.where.streams), connection.execute(asked, where.values))


def audits_of(streams: Sequence[Named], rows: Iterable[Named]) -> list[GateAudit]:
    """The audits in rows of counts, a row a stream."""
    found = {row["stream_id"]: row for row in rows}
    counts = ("passed", "examined", "found", "gated", "audited", "missed")
    return [
        GateAudit(stream=stream["name"], **{name: found[stream["id"]][name] for name in counts})
        for stream in streams
        if stream["id"] in found
    ]


def read_verdicts(connection: Connection, query: Verdicts) -> list[VerdictRow]:
    """Answers by time."""
    where = Where()
    conditions.streams(where, "looks", query.where)
    conditions.window(where, "looks", query.where)
    if query.question:
        where.add("instr(lower(v.question), lower(?)) > 0", query.question)
    if query.answers:
        where.add("v.answer IN (SELECT value FROM json_each(?))", many(query.answers))
    order = " ORDER BY looks.start, looks.start_pts, streams.name, v.question, r.id, v.place LIMIT ?"
    found = connection.execute("".join((_ANSWERS, where.text, order)), (*where.values, query.limit))
    return [_verdict(row) for row in found]


def _verdict(row: Row) -> VerdictRow:
    shown = row["sha256"] is not None
    return VerdictRow(
        stream=row["stream"],
        segment=row["segment"],
        start=to_instant(row["start"]),
        end=to_instant(row["end"]),
        start_s=row["start_pts"],
        end_s=row["end_pts"],
        question=row["question"],
        answer=row["answer"],
        confidence=row["confidence"],
        run=_run(row),
        evidence=Evidence(kind="keyframe", sha256=row["sha256"], uri=row["uri"], pts_s=row["pts"]) if shown else None,
    )


def read_said(connection: Connection, query: SaidOf) -> list[Description]:
    """What each look said of an entity."""
    return [
        Description(
            look=row["look"],
            run=_run(row),
            start_s=row["at_pts"],
            label=Label(row["label"]),
            name=row["name"],
            description=row["description"],
            attributes=json.loads(row["attributes_json"]),
        )
        for row in connection.execute(_DESCRIBED, (query.entity_id,))
    ]


def _run(row: Row) -> Run:
    return Run(
        id=row["run"],
        model=row["model"],
        revision=row["revision"],
        prompt_hash=row["prompt_hash"],
        params=json.loads(row["params_json"]),
    )
