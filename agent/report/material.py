"""What a report is made of, read from the stores; which moments are worth a picture."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from vidette.errors import StoreError
from vidette.models import CoverageRow, EventRow, EventType, Evidence, StreamRow, TrackRow
from vidette.ports import GraphStore, MediaStore
from vidette.queries import CoverageIn, Events, Filter, Streams, Tracks

log = logging.getLogger(__name__)
MOMENTS = 12
PICTURE_BYTES = 400_000
_ALL = 100_000
# What a person would look at first; comings and goings come last because there are many.
_ORDINARY = {EventType.OBJECT_ENTERED, EventType.OBJECT_EXITED, EventType.COUNT_CHANGED, EventType.OBJECT_MOVED_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event worth showing, with its picture as JPEG."""

    event: EventRow
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Rows and pictures of the streams of a report."""

    streams: Sequence[StreamRow]
    events: Sequence[EventRow]
    tracks: Sequence[TrackRow]
    coverage: Sequence[CoverageRow]
    moments: Sequence[Moment]


def gather(store: GraphStore, media: MediaStore, streams: Sequence[str]) -> Material:
    """Everything about the streams (names; none: all)."""
    where = Filter(streams=tuple(streams))
    events = store.read(Events(where=where, limit=_ALL))
    return Material(
        streams=store.read(Streams(names=tuple(streams))),
        events=events,
        tracks=store.read(Tracks(where=where, limit=_ALL)),
        coverage=store.read(CoverageIn(where=where)),
        moments=moments(events, media),
    )


def moments(events: Sequence[EventRow], media: MediaStore, limit: int = MOMENTS) -> list[Moment]:
    """At most `limit` events with pictures, the uncommon ones first chosen, in time order.

    A thing's second picture is taken only once every thing has one; a picture is shown once.
    """
    chosen: list[Moment] = []
    shown: set[str] = set()
    for event in ranked(events):
        evidence = pictured(event)
        if len(chosen) == limit:
            break
        if evidence and evidence.sha256 not in shown and (jpeg := _jpeg(media, evidence)):
            shown.add(evidence.sha256)
            chosen.append(Moment(event=event, jpeg=jpeg))
    return sorted(chosen, key=lambda moment: (moment.event.start, moment.event.start_s))


def ranked(events: Sequence[EventRow]) -> list[EventRow]:
    """Events by how much a person would want to see them."""
    seen: dict[str, int] = {}
    turns = []
    for event in events:
        subject = event.tracks[0] if event.tracks else event.id
        seen[subject] = seen.get(subject, 0) + 1
        turns.append((event.type in _ORDINARY, seen[subject], -event.confidence, event.start_s))
    return [event for _, event in sorted(zip(turns, events, strict=True), key=lambda pair: pair[0])]


def pictured(event: EventRow) -> Evidence | None:
    """The event's snapshot, else its keyframe, else None."""
    stills = [one for one in event.evidence if one.kind in ("snapshot", "keyframe")]
    return min(stills, key=lambda one: one.kind != "snapshot", default=None)


def _jpeg(media: MediaStore, evidence: Evidence) -> bytes | None:
    try:
        data = media.get(evidence.sha256)
    except StoreError as error:
        log.warning("picture left out of the report: %s", error)
        return None
    return data if data.startswith(b"\xff\xd8") and len(data) <= PICTURE_BYTES else None
