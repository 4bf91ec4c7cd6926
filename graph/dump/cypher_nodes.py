"""The nodes of a Neo4j database that a record stands for: parameters of the statement that makes them."""

from typing import Any

import numpy as np

from graph.cypher.assertions import node_of
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.embedding import clock_key
from graph.cypher.events import event_row
from graph.cypher.lasting import times_of
from graph.cypher.things import chunk, points_of
from graph.cypher.tokens import tokens
from graph.dump import records as of
from graph.dump.memory import there
from graph.rows import box_text, dump, kind, pts, times, to_ms
from vidette import codec, ids


class Known:
    """The runs and streams that are there. Each raises StoreError where it is not."""

    def __init__(self, transaction: Transaction) -> None:
        runs = rows(transaction, "MATCH (r:Run) RETURN r.id AS id, r.id AS said")
        starts = rows(transaction, "MATCH (s:Stream) RETURN s.id AS id, s.start AS said")
        self._runs: dict[str, str] = {row["id"]: row["said"] for row in runs}
        self._starts: dict[str, int] = {row["id"]: row["said"] for row in starts}

    def run(self, id_: str) -> str:
        """The run."""
        return there(self._runs, "run", id_)

    def start(self, stream_id: str) -> int:
        """The instant of a stream's media time 0, in ms."""
        return there(self._starts, "stream", stream_id)


def run(one: of.RunRecord, _: Known) -> Row:
    """A run."""
    said = one.run
    row = {"model": said.model, "revision": said.revision, "prompt_hash": said.prompt_hash}
    return {"id": said.id, "row": {**row, "params_json": dump(said.params), "seq": one.number}}


def stream(one: of.StreamRecord, known: Known) -> Row:
    """What a stream has beside what it is registered with."""
    row: Row = {"watch": one.watch}
    if one.fence:
        row["fence"] = one.fence
    if one.commit:
        said = one.commit
        row |= {"commit_sequence": said.sequence, "commit_watermark": said.watermark_s, "commit_carry": said.carry}
        row |= {"commit_final": said.final, "commit_run": known.run(said.run_id)}
    if one.feed:
        row["feed_json"] = codec.encode(one.feed).decode()
    if one.heard:
        row["heard_json"] = codec.encode(one.heard).decode()
    return row


def observation(one: of.ObservationRecord, known: Known) -> Row:
    """An observation."""
    known.start(one.stream_id)
    return {
        "id": one.id,
        "row": {
            "stream_id": one.stream_id,
            "look": one.look,
            "run_id": known.run(one.run_id),
            "sequence": one.sequence,
            "start_pts": pts(one.start_s),
            "end_pts": pts(one.end_s),
            "watermark": one.watermark_s,
        },
    }


def _known_as(said: Any) -> Row:
    return {
        "label": str(said.label),
        "name": said.name,
        "description": said.description,
        "attributes_json": dump(said.attributes),
    }


def entity(one: of.EntityRecord, known: Known) -> Row:
    """A thing."""
    said = one.entity
    known.start(said.stream_id)
    row = {"stream_id": said.stream_id, **_known_as(said), "kind": kind(said.attributes), "present": one.present}
    return {"id": said.id, "row": row}


def description(one: of.DescriptionRecord, known: Known) -> Row:
    """What a look said of a thing."""
    told = one.told
    run_id = known.run(told.run_id)
    row = {"source": told.source, "look": told.look, "run_id": run_id, "at_pts": told.at_s, **_known_as(told)}
    return {"key": f"{one.entity_id}|{told.source}", "entity": one.entity_id, "row": row}


def track(one: of.TrackRecord, known: Known) -> Row:
    """A track, and as which thing it is known."""
    said, thing = one.track, one.identity
    return {
        "id": said.id,
        "run": known.run(one.run_id),
        "entity": thing.entity_id if thing else None,
        "is": {"confidence": thing.confidence, "method": thing.method, "run": known.run(thing.run_id)} if thing else {},
        "row": {
            "stream_id": said.stream_id,
            "label": str(said.label),
            **times_of(known.start(said.stream_id), said.start_s, said.end_s),
            "confidence": said.confidence,
            "attributes_json": dump(said.attributes),
            "kind": kind(said.attributes),
            "still": bool(said.attributes.get("still")),
            "heading": said.attributes.get("heading"),
            "speed": said.attributes.get("speed"),
            "present": one.present,
        },
    }


def path(one: of.PathRecord, _: Known) -> Row:
    """A stretch of a path."""
    return chunk(one.track_id, points_of(list(one.points)))


def segment(one: of.SegmentRecord, known: Known) -> Row:
    """A segment, with its keyframes and what was said of them."""
    said, origin = one.segment, known.start(one.segment.stream_id)
    return {
        "id": said.id,
        "stream": said.stream_id,
        "tracks": list(said.track_ids),
        "captions": [
            {
                "key": f"{said.id}|{caption.run}",
                "row": {"run_seq": caption.run, "look": caption.look, "caption": caption.text},
            }
            for caption in one.captions
        ],
        "frames": [
            {
                "id": frame.id,
                "row": {
                    "at": origin + ids.milliseconds(frame.pts_s),
                    "pts": frame.pts_s,
                    "sha256": frame.sha256,
                    "uri": frame.uri,
                    "text": frame.text,
                },
            }
            for frame in said.keyframes
        ],
        "texts": [
            {
                "key": f"{text.keyframe_id}|{text.run}",
                "frame": text.keyframe_id,
                "row": {"text": text.text, "run_seq": text.run},
            }
            for text in one.texts
        ],
        "row": {
            "stream_id": said.stream_id,
            **times_of(origin, said.start_s, said.end_s),
            "caption": said.caption,
            "words": tokens(one.words),
            "present": one.present,
            "gated": said.gated,
            "backdrop": said.backdrop,
        },
    }


def assertion(one: of.AssertionRecord, known: Known) -> Row:
    """What was said."""
    said = one.assertion
    run_id = known.run(said.run_id)
    return node_of(said, known.start(said.stream_id), run_id=run_id, of=said.of)


def event(one: of.EventRecord, known: Known) -> Row:
    """An event, but for what follows from those who say it."""
    said = one.event
    row = event_row(known.start(said.stream_id), said, look=one.look, derived=one.derived, watch=one.watch)
    return {"id": said.id, "stream": said.stream_id, "row": {**row, "labels": []}}


def says(one: of.SaysRecord, _: Known) -> Row:
    """Which event an assertion supports."""
    return {"said": one.assertion_id, "event": one.event_id}


def coverage(one: of.CoverageRecord, known: Known) -> Row:
    """A row of the ledger."""
    said = one.coverage
    first, last = ids.milliseconds(said.start_s), ids.milliseconds(said.end_s)
    return {
        "key": f"{said.stream_id}|{one.look}|{first}",
        "stream_id": said.stream_id,
        "look": one.look,
        "start_pts": said.start_s,
        "end_pts": said.end_s,
        "start": known.start(said.stream_id) + first,
        "end": known.start(said.stream_id) + last,
        "state": str(said.state),
        "deep": str(said.deep),
        "reason": said.reason,
    }


def look(one: of.LookRecord, known: Known) -> Row:
    """What a look cost and answered."""
    return {
        "key": one.observation_id,
        "stream": one.stream_id,
        "run": known.run(one.run_id),
        "row": {
            "segment_id": one.segment_id,
            "stream_id": one.stream_id,
            "run_id": one.run_id,
            **times(known.start(one.stream_id), one.start_s, one.end_s),
            "outcome": str(one.outcome),
            **one.spent,
            "verdicts_json": codec.encode(one.verdicts).decode(),
            "questions": [verdict.question for verdict in one.verdicts],
        },
    }


def embedding(one: of.EmbeddingRecord, known: Known) -> Row:
    """Where something lies."""
    vector = np.frombuffer(one.vector, "<f2").astype(float).tolist()
    row = {"run_id": known.run(one.run_id), "of": one.of, "id": one.id, "said": one.text, "vector": vector}
    return {"key": f"{one.run_id}|{one.of}|{one.id}", "row": row}


def clock_reading(one: of.ClockRecord, _: Known) -> Row:
    """A reading of a clock."""
    said = one.reading
    row = {"stream_id": one.stream_id, "pts": said.pts_s, "text": said.text, "box_json": box_text(said.box)}
    return {"key": clock_key(one.stream_id, said), "stream": one.stream_id, "row": row}


def attempt(one: of.AttemptRecord, _: Known) -> Row:
    """A try of a delivery."""
    said = one.attempt
    row = {
        "delivery_id": said.delivery,
        "number": said.number,
        "at": to_ms(said.at),
        "status": str(said.status),
        "body_json": codec.encode(said).decode(),
    }
    return {"id": f"{said.delivery}/{said.number}/{to_ms(said.at)}", "delivery": said.delivery, "row": row}
