"""Where the things of a case are: zones and positions, of what the events and their tracks say."""

from bisect import bisect_right

from vidette.geometry import Box, contains, foot, iou
from vidette.ids import box_cell
from vidette.models import EventType
from vidette.ports import Reader
from vidette.queries import Filter, Tracks
from vidette.rows import EventRow, TrackRow
from vidette.streams import Stream

SAME_PLACE = 0.5
"""Intersection over union from which two still boxes are one place."""
_LATE_S = 1.0  # a track is told to have ended when it was last seen, a little before it was lost
_OWN_ZONE = frozenset(  # told once a zone, or while the thing is moving about
    {EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING, EventType.RUNNING}
)


class Places:
    """Positions in one stream, each track read at most once a case."""

    def __init__(self, stream: Stream, read: Reader) -> None:
        self._stream = stream
        self._read = read
        self._tracks: dict[str, TrackRow | None] = {}
        self._zones: dict[str, frozenset[str]] = {}

    def zones(self, event: EventRow) -> frozenset[str]:
        """The zone that the event names, and all in which its subject stood when it began."""
        own = frozenset({event.zone} if event.zone else ())
        if not self._stream.zones or event.type in _OWN_ZONE or event.stream != self._stream.name:
            return own
        if event.id not in self._zones:
            box = self.box(subject_tracks(event), event.start_s) or picture_box(event)
            inside = (zone.name for zone in self._stream.zones if box and contains(zone.polygon, foot(box)))
            self._zones[event.id] = own | frozenset(inside)
        return self._zones[event.id]

    def box(self, tracks: tuple[str, ...], pts_s: float) -> Box | None:
        """Where the first of these tracks was at that media time."""
        found = self._rows(tracks)
        return position(found[0], pts_s) if found else None

    def same_thing(self, before: tuple[str, ...], after: tuple[str, ...], pts_s: float) -> bool:
        """Whether what `after` follows at `pts_s` is what `before` followed: one place, and not both seen at once.

        A still thing (a track that never moves) may be seen at the same time as the track that
        brought it there: a car that parks. What comes after it was taken away is another.
        """
        new = next(iter(self._rows(after)), None)
        if new is None:
            return False
        at_s = max(pts_s, new.start_s)
        return any(_one_thing(old, new, at_s) for old in self._rows(before))

    def _rows(self, tracks: tuple[str, ...]) -> list[TrackRow]:
        missing = tuple(key for key in tracks if key not in self._tracks)
        if missing:
            self._tracks.update(dict.fromkeys(missing))
            found = self._read(Tracks(where=Filter(tracks=missing), limit=len(missing)))
            self._tracks.update((row.id, row) for row in found)
        return [row for key in tracks if (row := self._tracks[key]) is not None]


def _one_thing(old: TrackRow, new: TrackRow, at_s: float) -> bool:
    was, now = position(old, at_s), position(new, at_s)
    if was is None or now is None or iou(was, now) < SAME_PLACE:
        return False
    if old.end_s is not None and old.end_s <= at_s + _LATE_S:
        return not old.attributes.get("still")  # a still thing ends where it was taken away
    return bool(old.attributes.get("still") or new.attributes.get("still"))


def position(track: TrackRow, pts_s: float) -> Box | None:
    """Where a track was: between two points in proportion; before the first and after the last, there."""
    path = track.path
    if not path:
        return None
    at = bisect_right(path, pts_s, key=lambda point: point.pts_s)
    if at in (0, len(path)):
        return path[max(0, at - 1)].box
    before, after = path[at - 1], path[at]
    share = (pts_s - before.pts_s) / (after.pts_s - before.pts_s)
    x1, y1, x2, y2 = (a + share * (b - a) for a, b in zip(before.box, after.box, strict=True))
    return x1, y1, x2, y2


def subject_of(event: EventRow) -> str | None:
    """The entity that the event is about."""
    for one in event.entities:
        if one.role == "subject":
            return one.id
    return None


def subject_tracks(event: EventRow) -> tuple[str, ...]:
    """The track of the entity that the event is about: an event names its subject first."""
    return event.tracks[:1] if subject_of(event) else ()


def subject_key(event: EventRow) -> str:
    """What makes two events be about the same: the entity, else the cell of the picture, else the stream."""
    box = picture_box(event)
    return subject_of(event) or (f"place {box_cell(box)}" if box else "stream")


def picture_box(event: EventRow) -> Box | None:
    """Where the event's own picture shows it."""
    return next((one.box for one in event.evidence if one.box), None)
