"""Several segments of a stream described in one answer: asked about as one, and the answer given back to each."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.perception.deep import dropped, examined, failed
from agent.perception.reply import checked
from vidette.errors import ModelError, NotAsked, TooMuch
from vidette.ids import make_id
from vidette.models import Observation, Run, Segment, Track, Usage
from vidette.ports import VisionModel
from vidette.vision import LookReply, LookRequest, SeenEntity, SeenEvent

Span = tuple[float, float]


def joined(segments: Sequence[Segment]) -> Segment:
    """One segment from the start of the first to the end of the last, with the pictures of all."""
    return Segment(
        id=make_id("together", *(one.id for one in segments)),
        stream_id=segments[0].stream_id,
        start_s=segments[0].start_s,
        end_s=max(one.end_s for one in segments),
        keyframes=tuple(frame for one in segments for frame in one.keyframes),
        track_ids=tuple(dict.fromkeys(id_ for one in segments for id_ in one.track_ids)),
        gated=all(one.gated for one in segments),
        backdrop=next((one.backdrop for one in segments if one.backdrop), None),
    )


def look_together(model: VisionModel, request: LookRequest, note: str = "") -> tuple[Observation, ...]:
    """Ask the model about all parts of the request at once; -> what to settle of each, in their order.

    Raises TooMuch, with what was spent, where it may answer about fewer.
    """
    try:
        reply = model.look(request)
    except NotAsked as error:
        return tuple(dropped(part, model.run, str(error)) for part in request.parts)
    except TooMuch:
        raise
    except ModelError as error:
        costs = shares(error.usage or Usage(calls=1), len(request.parts))
        return tuple(failed(part, model.run, str(error), cost) for part, cost in zip(request.parts, costs, strict=True))
    return _told(reply, request, reply.run or model.run, note)


def _told(reply: LookReply, request: LookRequest, run: Run, note: str) -> tuple[Observation, ...]:
    kept = checked(reply, request)
    refused = len(reply.events) + len(reply.entities) - len(kept.events) - len(kept.entities)
    usage = replace(reply.usage, refused=reply.usage.refused + refused) if reply.usage else None
    return tuple(
        examined(told, replace(request, segment=part, parts=()), run, note)
        for part, told in zip(request.parts, divided(replace(kept, usage=usage), request), strict=True)
    )


def divided(reply: LookReply, request: LookRequest) -> list[LookReply]:
    """What of a reply is about each part: by the time of the picture it names, else by the time it says."""
    spans = [(one.start_s, one.end_s) for one in request.parts]
    tracks = {track.id: track for track in request.tracks}
    events = [_of_event(one, spans) for one in reply.events]
    things = [_of_thing(one, spans, tracks) for one in reply.entities]
    texts = [_nearest(one.at_s, spans) for one in reply.text]
    costs = shares(reply.usage, len(spans)) if reply.usage else [None] * len(spans)
    captions = [*reply.captions, *[""] * len(spans)]
    return [
        replace(
            reply,
            caption=captions[place],
            captions=(),
            events=tuple(one for one, of in zip(reply.events, events, strict=True) if of == place),
            entities=tuple(one for one, of in zip(reply.entities, things, strict=True) if of == place),
            text=tuple(one for one, of in zip(reply.text, texts, strict=True) if of == place),
            usage=costs[place],
        )
        for place in range(len(spans))
    ]


def shares(usage: Usage, count: int) -> list[Usage]:
    """What each of so many segments cost of what all cost together; calls and what is left over are the first one's."""
    each = Usage(
        prompt_tokens=usage.prompt_tokens // count,
        completion_tokens=usage.completion_tokens // count,
        wall_s=usage.wall_s / count,
        gpu_s=usage.gpu_s / count,
    )
    rest = replace(
        usage,
        prompt_tokens=usage.prompt_tokens - each.prompt_tokens * (count - 1),
        completion_tokens=usage.completion_tokens - each.completion_tokens * (count - 1),
        wall_s=each.wall_s,
        gpu_s=each.gpu_s,
    )
    return [rest, *[each] * (count - 1)]


def _of_event(event: SeenEvent, spans: Sequence[Span]) -> int:
    """The part it overlaps most, else the one of its picture, else the nearest."""
    overlaps = [min(event.end_s, end) - max(event.start_s, start) for start, end in spans]
    best = max(range(len(spans)), key=lambda place: (overlaps[place], -place))
    middle_s = (event.start_s + event.end_s) / 2 if event.at_s is None else event.at_s
    return best if overlaps[best] >= 0 else _nearest(middle_s, spans)


def _of_thing(thing: SeenEntity, spans: Sequence[Span], tracks: dict[str, Track]) -> int:
    if thing.at_s is not None:
        return _nearest(thing.at_s, spans)
    track = tracks.get(thing.track_id or "")
    return _nearest(track.path[0].pts_s, spans) if track and track.path else 0


def _nearest(at_s: float, spans: Iterable[Span]) -> int:
    """The part that holds a time, or is nearest to it; of two the earlier."""
    away = [max(start - at_s, at_s - end, 0.0 if at_s < end else 1e-9) for start, end in spans]
    return away.index(min(away))
