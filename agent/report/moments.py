"""Which moments are worth a picture, and the pictures."""

import logging
from collections.abc import Sequence

from agent.report.material import ORDINARY
from agent.report.model import Picture
from agent.report.window import Window
from agent.report.words import brief
from vidette.errors import StoreError
from vidette.models import Evidence
from vidette.ports import MediaStore
from vidette.rows import EventRow

log = logging.getLogger(__name__)
MOMENTS = 12
PICTURE_BYTES = 400_000


def moments(
    events: Sequence[EventRow],
    media: MediaStore,
    window: Window,
    limit: int = MOMENTS,
    first: frozenset[str] = frozenset(),
) -> tuple[Picture, ...]:
    """At most `limit` events with pictures, those in `first` and the uncommon ones first chosen, in time order.

    A thing's second picture is taken only once every thing has one; a picture is shown once.
    """
    chosen: list[tuple[EventRow, Picture]] = []
    shown: set[str] = set()
    for event in ranked(events, first):
        evidence = pictured(event)
        if len(chosen) == limit:
            break
        if evidence and evidence.sha256 not in shown and (jpeg := jpeg_of(media, evidence.sha256)):
            shown.add(evidence.sha256)
            chosen.append((event, _picture(event, evidence, jpeg, window)))
    return tuple(picture for _, picture in sorted(chosen, key=lambda pair: (pair[0].start, pair[0].start_s)))


def _picture(event: EventRow, evidence: Evidence, jpeg: bytes, window: Window) -> Picture:
    at = window.said(event.start, event.start_s)
    return Picture(
        sha256=evidence.sha256,
        caption=brief(event.caption, 200),
        alt=brief(f"{event.stream} at {at}: {event.caption}", 300),
        at=at,
        event=event.id,
        note=brief(event.stream, 80),
        jpeg=jpeg,
    )


def ranked(events: Sequence[EventRow], first: frozenset[str] = frozenset()) -> list[EventRow]:
    """Events by how much a person would want to see them."""
    seen: dict[str, int] = {}
    turns = []
    for event in events:
        subject = event.tracks[0] if event.tracks else event.id
        seen[subject] = seen.get(subject, 0) + 1
        turns.append(
            (event.id not in first, event.type in ORDINARY, seen[subject], -event.confidence, event.start_s, event.id)
        )
    return [event for _, event in sorted(zip(turns, events, strict=True), key=lambda pair: pair[0])]


def pictured(event: EventRow) -> Evidence | None:
    """The event's snapshot, else its keyframe, else None."""
    stills = [one for one in event.evidence if one.kind in ("snapshot", "keyframe")]
    return min(stills, key=lambda one: one.kind != "snapshot", default=None)


def jpeg_of(media: MediaStore, sha256: str) -> bytes | None:
    """The bytes of a stored JPEG; None where it is gone, too large for a page, or something else."""
    try:
        data = media.get(sha256)
    except StoreError as error:
        log.warning("picture left out of the report: %s", error)
        return None
    return data if data.startswith(b"\xff\xd8") and len(data) <= PICTURE_BYTES else None
