"""The rows of the embedded store that a record stands for, but for what follows from others."""

from collections.abc import Callable, Iterator
from typing import Any

from graph.assertions import rest_of
from graph.dump import records as of
from graph.dump.memory import there
from graph.rows import Connection, Value, box_text, dump, kind, pts, times, to_ms
from graph.saying import event_row
from vidette import codec, ids, models
from vidette.errors import StoreError

Row = tuple[str, dict[str, Value]]
"""A table and the columns of a row of it."""


class Numbers:
    """Numbers of ids, runs and streams' starts, as one transaction finds and gives them (graph.names)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[str, int] = dict(map(tuple, connection.execute("SELECT id, seq FROM runs")))
        self._starts: dict[str, int] = dict(map(tuple, connection.execute("SELECT id, start FROM streams")))
        self._known: dict[str, int] = {}

    def run(self, id_: str) -> int:
        """That of a run. Raises StoreError where it was not written before."""
        return there(self._runs, "run", id_)

    def start(self, stream_id: str) -> int:
        """The instant of media time 0, in ms. Raises StoreError where the stream was not written before."""
        return there(self._starts, "stream", stream_id)

    def __call__(self, id_: str) -> int:
        """That of any other id, for ever. Raises StoreError where it cannot be one."""
        if id_ not in self._known:
            self._known[id_] = self._find(id_)
        return self._known[id_]

    def maybe(self, id_: str | None) -> int | None:
        """That of an id, where there is one."""
        return None if id_ is None else self(id_)

    def _find(self, id_: str) -> int:
        if "\0" in id_:  # SQLite's JSON ends a text there
            raise StoreError(f"id {id_!r} holds a NUL; make ids without")
        found = self._connection.execute("SELECT seq FROM names WHERE id = ?", (id_,)).fetchone()
        if found is None:
            found = self._connection.execute("INSERT INTO names (id) VALUES (?) RETURNING seq", (id_,)).fetchone()
        return int(found[0])


def _run(one: of.RunRecord, _: Numbers) -> Iterator[Row]:
    run = one.run
    said = {"id": run.id, "model": run.model, "revision": run.revision, "prompt_hash": run.prompt_hash}
    yield "runs", {"seq": one.number, **said, "params_json": dump(run.params)}


def _observation(one: of.ObservationRecord, number: Numbers) -> Iterator[Row]:
    yield (
        "observations",
        {
            "seq": number(one.id),
            "id": one.id,
            "stream_id": one.stream_id,
            "look": one.look,
            "sequence": one.sequence,
            "run_seq": number.run(one.run_id),
            "start_pts": pts(one.start_s),
            "end_pts": pts(one.end_s),
            "watermark": one.watermark_s,
        },
    )


def _known_as(said: Any) -> dict[str, Value]:
    return {
        "label": said.label,
        "name": said.name,
        "description": said.description,
        "attributes_json": dump(said.attributes),
    }


def _entity(one: of.EntityRecord, number: Numbers) -> Iterator[Row]:
    entity = one.entity
    row: dict[str, Value] = {"seq": number(entity.id), "id": entity.id, "stream_id": entity.stream_id}
    yield "entities", {**row, **_known_as(entity), "kind": kind(entity.attributes), "present": int(one.present)}


def _description(one: of.DescriptionRecord, number: Numbers) -> Iterator[Row]:
    yield (
        "descriptions",
        {
            "entity_seq": number(one.entity_id),
            "source": one.told.source,
            "look": one.told.look,
            "run_seq": number.run(one.told.run_id),
            "at_pts": one.told.at_s,
            **_known_as(one.told),
        },
    )


def _track(one: of.TrackRecord, number: Numbers) -> Iterator[Row]:
    track, known = one.track, one.identity
    yield (
        "tracks",
        {
            "seq": number(track.id),
            "id": track.id,
            "stream_id": track.stream_id,
            "run_seq": number.run(one.run_id),
            "label": track.label,
            **times(number.start(track.stream_id), track.start_s, track.end_s),
            "confidence": track.confidence,
            "attributes_json": dump(track.attributes),
            "kind": kind(track.attributes),
            "present": int(one.present),
        },
    )
    if known:
        yield (
            "identities",
            {
                "track_seq": number(track.id),
                "entity_seq": number(known.entity_id),
                "confidence": known.confidence,
                "method": known.method,
                "run_seq": number.run(known.run_id),
            },
        )


def _path(one: of.PathRecord, number: Numbers) -> Iterator[Row]:
    track = number(one.track_id)
    for at in range(0, len(one.points), 5):
        point = dict(zip(("pts", "x1", "y1", "x2", "y2"), one.points[at : at + 5], strict=True))
        yield "path", {"track_seq": track, **point}


def _segment(one: of.SegmentRecord, number: Numbers) -> Iterator[Row]:
    segment = one.segment
    start, seq = number.start(segment.stream_id), number(segment.id)
    yield (
        "segments",
        {
            "seq": seq,
            "id": segment.id,
            "stream_id": segment.stream_id,
            **times(start, segment.start_s, segment.end_s),
            "caption": segment.caption,
            "words": one.words,
            "present": int(one.present),
            "gated": int(segment.gated),
            "backdrop": segment.backdrop,
        },
    )
    for frame in segment.keyframes:
        yield "keyframes", _keyframe(frame, seq, start, number)
    for said in one.captions:
        yield (
            "segment_captions",
            {"segment_seq": seq, "run_seq": said.run, "look": said.look, "caption": said.text},
        )
    for track in segment.track_ids:
        yield "segment_tracks", {"segment_seq": seq, "track_seq": number(track)}
    for text in one.texts:
        yield (
            "keyframe_texts",
            {"keyframe_seq": number(text.keyframe_id), "run_seq": text.run, "text": text.text},
        )


def _keyframe(frame: models.Keyframe, segment: int, start: int, number: Numbers) -> dict[str, Value]:
    return {
        "seq": number(frame.id),
        "id": frame.id,
        "segment_seq": segment,
        "at": start + ids.milliseconds(frame.pts_s),
        "pts": frame.pts_s,
        "sha256": frame.sha256,
        "uri": frame.uri,
        "text": frame.text,
    }


def _assertion(one: of.AssertionRecord, number: Numbers) -> Iterator[Row]:
    said = one.assertion
    seq = number(said.id)
    yield (
        "assertions",
        {
            "seq": seq,
            "id": said.id,
            "stream_id": said.stream_id,
            "run_seq": number.run(said.run_id),
            "look": said.look,
            "type": said.type,
            "of_seq": number.maybe(said.of),
            **times(number.start(said.stream_id), said.start_s, said.end_s),
            "confidence": said.confidence,
            "caption": said.caption,
            "segment_seq": number.maybe(said.segment_id),
            "rest_json": rest_of(said),
        },
    )
    for place, role in enumerate(said.roles):
        who = {"track_seq": number.maybe(role.track_id), "entity_seq": number.maybe(role.entity_id)}
        yield "takes_part", {"assertion_seq": seq, "place": place, "role": role.role, **who}
    for place, shown in enumerate(said.evidence):
        yield "shown_in", {"assertion_seq": seq, "place": place, **_shown(shown)}


def _shown(shown: models.Evidence) -> dict[str, Value]:
    return {
        "kind": shown.kind,
        "sha256": shown.sha256,
        "uri": shown.uri,
        "pts": shown.pts_s,
        "box_json": box_text(shown.box),
    }


def _event(one: of.EventRecord, number: Numbers) -> Iterator[Row]:
    start = number.start(one.event.stream_id)
    row = event_row(start, one.event, look=one.look, derived=one.derived, watch=one.watch)
    yield "events", {"seq": number(one.event.id), **row}


def _says(one: of.SaysRecord, number: Numbers) -> Iterator[Row]:
    yield "says", {"assertion_seq": number(one.assertion_id), "event_seq": number(one.event_id)}


def _coverage(one: of.CoverageRecord, number: Numbers) -> Iterator[Row]:
    row, start = one.coverage, number.start(one.coverage.stream_id)
    yield (
        "coverage",
        {
            "stream_id": row.stream_id,
            "look": one.look,
            "start_pts": row.start_s,
            "end_pts": row.end_s,
            "start": start + ids.milliseconds(row.start_s),
            "end": start + ids.milliseconds(row.end_s),
            "state": row.state,
            "deep": row.deep,
            "reason": row.reason,
        },
    )


def _look(one: of.LookRecord, number: Numbers) -> Iterator[Row]:
    seq = number(one.observation_id)
    yield (
        "looks",
        {
            "seq": seq,
            "segment_seq": number(one.segment_id),
            "stream_id": one.stream_id,
            "run_seq": number.run(one.run_id),
            **times(number.start(one.stream_id), one.start_s, one.end_s),
            "outcome": one.outcome,
            **one.spent,
        },
    )
    for place, said in enumerate(one.verdicts):
        answer = {"answer": said.answer, "confidence": said.confidence, "pts": said.at_s}
        yield "verdicts", {"look_seq": seq, "place": place, "question": said.question, **answer}


def _embedding(one: of.EmbeddingRecord, number: Numbers) -> Iterator[Row]:
    place: dict[str, Value] = {"run_seq": number.run(one.run_id), "of": one.of, "seq": number(one.id)}
    yield "embeddings", {**place, "said": one.text, "vector": one.vector}


def _clock_reading(one: of.ClockRecord, _: Numbers) -> Iterator[Row]:
    said: dict[str, Value] = {"pts": one.reading.pts_s, "text": one.reading.text}
    yield "clock_readings", {"stream_id": one.stream_id, **said, "box_json": box_text(one.reading.box)}


def _attempt(one: of.AttemptRecord, _: Numbers) -> Iterator[Row]:
    said = one.attempt
    yield (
        "attempts",
        {
            "delivery_id": said.delivery,
            "number": said.number,
            "at": to_ms(said.at),
            "status": said.status,
            "body_json": codec.encode(said).decode(),
        },
    )


ROWS: dict[str, Callable[[Any, Numbers], Iterator[Row]]] = {
    "run": _run,
    "observation": _observation,
    "entity": _entity,
    "description": _description,
    "track": _track,
    "path": _path,
    "segment": _segment,
    "assertion": _assertion,
    "event": _event,
    "says": _says,
    "coverage": _coverage,
    "look": _look,
    "embedding": _embedding,
    "clock_reading": _clock_reading,
    "attempt": _attempt,
}
"""By kind; the others are written as a judge's words are, or a stream's registration."""
