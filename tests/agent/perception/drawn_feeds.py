"""What the tests of the live look are shown, and how they put what it says."""

from functools import cache

from ingest.media import MemoryMedia
from tests.feeds import commit_of, look
from tests.pictures import Drawing, box, stay, then, walk
from vidette.models import EventType

RED, DARK = (200, 60, 50), (40, 40, 45)
MEDIA = MemoryMedia()
SIGNAL = (EventType.SIGNAL_LOST, EventType.SIGNAL_RESTORED)


class Drawn:
    """The frames of a drawing, drawn once (vidette.ports.VideoSource)."""

    def __init__(self, source):
        self.kept, self.duration_s, self.damage = list(source.frames()), source.seconds, ()

    def frames(self, start_s=0.0, end_s=None):
        return (one for one in self.kept if one.pts_s >= start_s and (end_s is None or one.pts_s < end_s))


@cache
def crossing(seconds=32, *starts):
    """Somebody crosses at each start, 3 s and 20 s unless told otherwise."""
    draws = [box(RED, walk(at, at + 8, (-10, 180), (490, 190))) for at in starts or (3, 20)]
    return Drawn(Drawing(seconds, draws))


def bag(taken_s, seconds):
    """One brings a bag at 4 s and goes; it is gone from `taken_s` on."""
    way = then(walk(0, 4, (-10, 180), (240, 190)), walk(4, 8, (240, 190), (490, 190)))
    return Drawing(seconds, [box(DARK, stay(4, taken_s, (240, 215)), size=(26, 22)), box(RED, way)])


def plain():
    return list(crossing().frames())


@cache
def whole():
    return look(plain(), media=MEDIA)


def said(watched):
    """Events and tracks as they ended, in words: ids and evidence left out."""
    events = [(one.type, one.start_s, one.end_s, one.caption) for one in watched.events()]
    return events, [(one.id, one.start_s, one.end_s, one.path) for one in watched.tracks]


def rows(watched):
    return [(row.start_s, row.end_s, row.state.value, row.reason) for row in watched.coverage]


def resumed(first, second, **what):
    """Look at `first` until it ends, then go on from its last commit with `second`."""
    watched = look(first, media=MEDIA, **what)
    return look(second, media=MEDIA, commit=commit_of(watched), watched=watched, **what)
