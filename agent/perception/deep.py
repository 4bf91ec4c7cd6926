"""The deep look: what a vision model says of one segment, checked and made an observation."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from agent.perception.reply import checked
from vidette.errors import ModelError, NotAsked
from vidette.ids import assertion_id, box_cell, entity_id, make_id
from vidette.models import (
    Assertion,
    Attributes,
    Coverage,
    DeepState,
    Entity,
    Evidence,
    FastState,
    Keyframe,
    Observation,
    Role,
    Run,
    Segment,
    Usage,
    Verdict,
)
from vidette.ports import VisionModel
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent

MAX_REASON = 300
MAX_READ = 1000
_AUDITED = "taken at random of what the gate left out"


def look_id(segment_id: str, run_id: str) -> str:
    """Id of the observation that a run's successful look at a segment makes."""
    return make_id("look", segment_id, run_id)


def deep_look(model: VisionModel, request: LookRequest, note: str = "") -> Observation:
    """Ask the model about the segment; -> what to settle, whatever it answered.

    A ModelError makes a coverage row `failed` with the reason and nothing else, NotAsked one that is `dropped`. `note`
    says in coverage why less was asked than could be.
    """
    try:
        reply = model.look(request)
    except NotAsked as error:
        return dropped(request.segment, model.run, str(error))
    except ModelError as error:
        return failed(request.segment, model.run, str(error), error.usage or Usage(calls=1))
    return examined(reply, request, reply.run or model.run, note)


def examined(reply: LookReply, request: LookRequest, run: Run, note: str = "") -> Observation:
    """What a reply says once it is checked."""
    kept = checked(reply, request)
    notes = (_AUDITED if request.segment.gated else "", kept.note, note)
    return observed(replace(kept, usage=_counted(reply, kept), note="; ".join(filter(None, notes))), request, run)


def failed(segment: Segment, run: Run, reason: str, usage: Usage | None = None) -> Observation:
    """An observation that says only that the look failed, and why, and what it cost."""
    return _without_answer(segment, run, DeepState.FAILED, reason, usage)


def failed_id(segment_id: str, run_id: str, number: int = 0) -> str:
    """Id of the observation that a run's failed look at a segment makes; `number` counts those that cost something."""
    return make_id("look", segment_id, run_id, DeepState.FAILED.value, *([number] if number else []))


def dropped(segment: Segment, run: Run, reason: str) -> Observation:
    """An observation that says only that the model was not asked, and why."""
    return _without_answer(segment, run, DeepState.DROPPED, reason)


def _without_answer(
    segment: Segment, run: Run, deep: DeepState, reason: str, usage: Usage | None = None
) -> Observation:
    rows = _covered(segment, deep, reason)
    return _observation(make_id("look", segment.id, run.id, deep.value), segment, run, coverage=rows, usage=usage)


def _counted(reply: LookReply, kept: LookReply) -> Usage | None:
    """What the look cost, and how much of the answer was left out."""
    if reply.usage is None:
        return None
    gone = len(reply.events) + len(reply.entities) - len(kept.events) - len(kept.entities)
    return replace(reply.usage, refused=reply.usage.refused + gone)


def observed(reply: LookReply, request: LookRequest, run: Run) -> Observation:
    """What a checked reply says, as assertions, entities, the segment's caption and coverage."""
    segment = request.segment
    return _observation(
        look_id(segment.id, run.id),
        segment,
        run,
        assertions=_assertions(reply.events, segment, run),
        entities=_entities(reply.entities, segment, run),
        segments=_told(reply, segment),
        usage=reply.usage,
        verdicts=reply.verdicts,
        coverage=_covered(segment, DeepState.EXAMINED, reply.note),
    )


def _observation(
    id_: str,
    segment: Segment,
    run: Run,
    *,
    coverage: tuple[Coverage, ...],
    assertions: tuple[Assertion, ...] = (),
    entities: tuple[Entity, ...] = (),
    segments: tuple[Segment, ...] = (),
    usage: Usage | None = None,
    verdicts: tuple[Verdict, ...] = (),
) -> Observation:
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
        segments=segments,
        coverage=coverage,
        usage=usage,
        segment_id=segment.id,
        verdicts=verdicts,
    )


def _told(reply: LookReply, segment: Segment) -> tuple[Segment, ...]:
    """The segment with its caption, and what can be read in its keyframes; none where nothing was said of it."""
    if not reply.caption and not reply.text:
        return ()
    return (
        replace(
            segment,
            caption=reply.caption or segment.caption,
            keyframes=tuple(_legible(frame, reply) for frame in segment.keyframes),
        ),
    )


def _legible(frame: Keyframe, reply: LookReply) -> Keyframe:
    found = [one.text for one in reply.text if one.at_s == frame.pts_s and one.text]
    return replace(frame, text=" / ".join(dict.fromkeys(found))[:MAX_READ])


def _covered(segment: Segment, deep: DeepState, reason: str = "") -> tuple[Coverage, ...]:
    """One row over the segment; what the fast look did with its time is not a deep look's to say."""
    row = Coverage(
        stream_id=segment.stream_id,
        start_s=segment.start_s,
        end_s=segment.end_s,
        state=FastState.WATCHED,
        deep=deep,
        reason=reason[:MAX_REASON],
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
    """The keyframe that the model named, else the one nearest to the middle of the event."""
    if not segment.keyframes:
        return ()
    middle = (event.start_s + event.end_s) / 2 if event.at_s is None else event.at_s
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
            attributes=_shown(thing),
        )
        for ordinal, thing in enumerate(seen)
    ]
    return tuple({entity.id: entity for entity in reversed(made)}.values())[::-1]


def _shown(thing: SeenEntity) -> Attributes:
    """Its attributes, with its place (0..1) in the picture at a media time where both are known, as `seen`."""
    if thing.box is None or thing.at_s is None:
        return thing.attributes
    outline = {"polygon": [list(corner) for corner in thing.polygon]} if thing.polygon else {}
    return {**thing.attributes, "seen": {"pts_s": thing.at_s, "box": list(thing.box), **outline}}


def _new_id(thing: SeenEntity, segment: Segment, run: Run, ordinal: int) -> str:
    return make_id("entity", segment.id, run.id, box_cell(thing.box), ordinal)
