"""The fast look run over a source, in one go or in spans, and what it said."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

from agent.perception.fast import fast_look
from agent.perception.sight import sight_of
from ingest.media import MemoryMedia
from vidette import codec, intervals
from vidette.models import Commit
from vidette.settings import Settings
from vidette.streams import Line, Stream, Zone

_NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


@dataclass
class Watched:
    """Everything said of a source: the last word on each event and track, coverage merged."""

    observations: list = field(default_factory=list)
    by_event: dict = field(default_factory=dict)
    by_track: dict = field(default_factory=dict)
    by_segment: dict = field(default_factory=dict)
    coverage: list = field(default_factory=list)

    def take(self, observation):
        self.observations.append(observation)
        self.by_event |= {one.of: one for one in observation.assertions}
        self.by_track |= {one.id: one for one in observation.tracks}
        self.by_segment |= {one.id: one for one in observation.segments}
        self.coverage = intervals.merge(self.coverage, observation.coverage)

    def events(self, *types):
        """By start; of these types only, if any are given."""
        found = [one for one in self.by_event.values() if not types or one.type in types]
        return sorted(found, key=lambda one: (one.start_s, one.type, one.of))

    @property
    def tracks(self):
        return sorted(self.by_track.values(), key=lambda one: (one.start_s, one.id))

    @property
    def walkers(self):
        """Tracks of what moved."""
        return [track for track in self.tracks if not track.attributes.get("still")]

    @property
    def segments(self):
        return sorted(self.by_segment.values(), key=lambda one: one.start_s)

    @property
    def largest_carry(self):
        return max(len(one.carry) for one in self.observations)

    def said(self):
        """What must not depend on how the work was cut: an event's last assertion has another id then."""
        events = [replace(one, id="") for one in self.events()]
        return {"events": events, "tracks": self.tracks, "segments": self.segments, "coverage": self.coverage}


def watch(source, *, settings=None, span_s=None, zones=(), lines=(), deep=False, media=None, reading=None):
    """Watch to the end; with `span_s` each span starts anew from the bytes of the last commit."""
    stream = Stream(id="s", name="yard", kind="file", uri="drawn", start=_NOON, zones=tuple(zones), lines=tuple(lines))
    common = {"settings": settings or Settings(), "media": media or MemoryMedia(), "deep": deep, "reading": reading}
    watched, commit, end_s = Watched(), None, span_s
    while True:
        for observation in fast_look(source, stream, commit=commit, end_s=end_s, **common):
            watched.take(observation)
        if observation.final:
            return watched
        commit = codec.decode(Commit, codec.encode(_commit(observation)))
        end_s += span_s


def _commit(observation):
    return Commit(
        stream_id=observation.stream_id,
        sequence=observation.sequence,
        watermark_s=observation.watermark_s,
        carry=observation.carry,
        final=observation.final,
        run_id=observation.run.id,
    )


def sight(frame, before_s=-1.0, source=None):
    """A frame as the fast look sees it."""
    return sight_of(frame, source, before_s)


def zone(name, *polygon):
    return Zone(id=name, name=name, polygon=polygon)


def line(name, a, b):
    return Line(id=name, name=name, a=a, b=b)


def tiles(rows, duration_s):
    """Whether coverage rows are all of [0, duration) with no gap and no overlap, equal neighbours joined."""
    assert rows[0].start_s == 0
    assert abs(rows[-1].end_s - duration_s) < 1e-6
    for before, after in pairwise(rows):
        assert before.end_s == after.start_s
        assert (before.state, before.deep, before.reason) != (after.state, after.deep, after.reason)
    assert all(row.end_s > row.start_s for row in rows)
    return True
