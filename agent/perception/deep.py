"""The deep look: what a vision model says of one segment, checked and made an observation."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from agent.perception.reply import checked
from vidette.errors import ModelError
from vidette.ids import assertion_id, box_cell, entity_id, make_id
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    Evidence,
    FastState,
    LookReply,
    LookRequest,
    Observation,
    Role,
    Run,
    SeenEntity,
    SeenEvent,
    Segment,
)
from vidette.ports import VisionModel

MAX_REASON = 300


def look_id(segment_id: str, run_id: str) -> str:
    """Id of the observation that a run's successful look at a segment makes."""
    return make_id("look", segment_id, run_id)


def deep_look(model: VisionModel, request: LookRequest) -> Observation:
    """Ask the model about the segment; -> what to settle, whatever it answered.

    A ModelError makes a coverage row `failed` with the reason and nothing else.
    """
    try:
        reply = checked(model.look(request), request)
    except ModelError as error:
        return failed(request, model.run, str(error))
    return observed(reply, request, model.run)


def failed(request: LookRequest, run: Run, reason: str) -> Observation:
    """An observation that says only that the look failed, and why."""
    segment = request.segment
    rows = _covered(segment, DeepState.FAILED, reason[:MAX_REASON])
    return _observation(make_id("look", segment.id, run.id, "failed"), segment, run, coverage=rows)


def observed(reply: LookReply, request: LookRequest, run: Run) -> Observation:
    """What a checked reply says, as assertions, entities, the segment's caption and coverage."""
    segment = request.segment
    return _observation(
        look_id(segment.id, run.id),
        segment,
        run,
        assertions=_assertions(reply.events, segment, run),
        entities=_entities(reply.entities, segment, run),
        caption=reply.caption,
        coverage=_covered(segment, DeepState.EXAMINED),
    )


def _observation(
    id_: str,
    segment: Segment,
    run: Run,
    *,
    coverage: tuple[Coverage, ...],
    assertions: tuple[Assertion, ...] = (),
    entities: tuple[Entity, ...] = (),
    caption: str = "",
) -> Observation:
    said = (replace(segment, caption=caption),) if caption else ()
    return Observation(
        id=id_,
        stream_id=segment.stream_id,
        look="deep",
        run=run,
        start_s=segment.start_s,
        end_s=segment.end_s,
        watermark_s=segment.end_s,
        assertions=assertions,
        entities=entities,
        segments=said,
        coverage=coverage,
    )


def _covered(segment: Segment, deep: DeepState, reason: str = "") -> tuple[Coverage, ...]:
    """One row over the segment; what the fast look did with its time is not a deep look's to say."""
    row = Coverage(
        stream_id=segment.stream_id,
        start_s=segment.start_s,
        end_s=segment.end_s,
        state=FastState.WATCHED,
        deep=deep,
        reason=reason,
    )
    return (row,)


def _assertions(events: Iterable[SeenEvent], segment: Segment, run: Run) -> tuple[Assertion, ...]:
    seen: Counter[tuple[str, str, float]] = Counter()
    made = []
    for event in events:
        subject = event.track_ids[0] if event.track_ids else box_cell(event.box)
        key = (event.type, subject, event.start_s)
        id_ = assertion_id(segment.stream_id, "deep", run.id, *key, seen[key])
        seen[key] += 1
        made.append(_assertion(event, id_, segment, run))
    return tuple(made)


def _assertion(event: SeenEvent, id_: str, segment: Segment, run: Run) -> Assertion:
    roles = [Role(role="other" if rank else "subject", track_id=track) for rank, track in enumerate(event.track_ids)]
    return Assertion(
        id=id_,
        stream_id=segment.stream_id,
        look="deep",
        run_id=run.id,
        type=event.type,
        start_s=event.start_s,
        end_s=event.end_s,
        confidence=event.confidence,
        caption=event.caption,
        box=event.box,
        segment_id=segment.id,
        roles=tuple(roles),
        evidence=_evidence(event, segment),
    )


def _evidence(event: SeenEvent, segment: Segment) -> tuple[Evidence, ...]:
    """The keyframe nearest to the middle of the event: what the model was shown of it."""
    if not segment.keyframes:
        return ()
    middle = (event.start_s + event.end_s) / 2
    best = min(segment.keyframes, key=lambda frame: (abs(frame.pts_s - middle), frame.id))
    return (Evidence(kind="keyframe", sha256=best.sha256, uri=best.uri, pts_s=best.pts_s, box=event.box),)


def _entities(seen: Iterable[SeenEntity], segment: Segment, run: Run) -> tuple[Entity, ...]:
    """A thing with a track is that track's entity (the first word on it counts); another is new."""
    made = [
        Entity(
            id=entity_id(thing.track_id) if thing.track_id else _new_id(thing, segment, run, ordinal),
            stream_id=segment.stream_id,
            label=thing.label,
            description=thing.description,
            attributes=thing.attributes,
        )
        for ordinal, thing in enumerate(seen)
    ]
    return tuple({entity.id: entity for entity in reversed(made)}.values())[::-1]


def _new_id(thing: SeenEntity, segment: Segment, run: Run, ordinal: int) -> str:
    return make_id("entity", segment.id, run.id, box_cell(thing.box), ordinal)
