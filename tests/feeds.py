"""A feed that plays what a test wrote, and the live look run over it (vidette.ports.Feed)."""

from dataclasses import replace
from datetime import UTC, datetime

from agent.perception.live import live_look
from ingest.media import MemoryMedia
from tests.looking import Watched
from vidette import codec
from vidette.feeds import Cause, FeedState
from vidette.models import Commit, FastState
from vidette.settings import Settings
from vidette.signals import Loss, Signal
from vidette.streams import Stream

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
YARD = Stream(id="s", name="yard", kind="live", uri="rtsp://camera/yard", start=NOON)


class Played:
    """Gives items in order; `clock` says by how much the camera's clock is off at a media time."""

    def __init__(self, items, clock=lambda _: None):
        self.items, self.clock = items, clock
        self.now_s, self.calms, self.closed = 0.0, [], False

    def frames(self):
        for item in self.items:
            self.now_s = item.pts_s
            yield item
            if self.closed:
                return

    def calm(self, calm):
        self.calms.append((self.now_s, calm))

    def state(self):
        return FeedState(at=NOON, since=NOON, state="watching", clock_s=self.clock(self.now_s))

    def close(self):
        self.closed = True

    def now(self):
        return self.now_s


def tick(at_s):
    return Signal(pts_s=at_s)


def lost(since_s, at_s, state=FastState.STALLED, cause=Cause.STALLED, *, over=False):
    return Signal(pts_s=at_s, loss=Loss(since_s=since_s, state=state, cause=cause), over=over)


def outage(since_s, until_s, every_s=0.5, **what):
    """A loss as a feed tells it, again and again until `until_s`."""
    count = int((until_s - since_s) / every_s + 1e-6)
    return [lost(since_s, since_s + (index + 1) * every_s, **what) for index in range(count)]


def playing(source, *gaps, **what):
    """A source's frames as a camera gives them, with losses in the place of some stretches (start, end)."""
    ends = [0.0, *(end for _, end in gaps)], [*(begin for begin, _ in gaps), None]
    items = [frame for begin, end in zip(*ends, strict=True) for frame in source.frames(begin, end)]
    items += [signal for a, b in gaps for signal in outage(a, b - 0.01, **what)]
    return sorted(items, key=lambda item: item.pts_s)


def look(feed, *, settings=None, media=None, commit=None, stream=YARD, watched=None, since_s=None):
    """Look until the feed ends; a `Played` is made of a list."""
    feed = feed if isinstance(feed, Played) else Played(feed)
    watched = watched or Watched()
    common = {"settings": settings or Settings(), "media": media or MemoryMedia(), "commit": commit, "since_s": since_s}
    for observation in live_look(feed, stream, now=feed.now, **common):
        watched.take(observation)
    return watched


def commit_of(watched):
    """The last commit, as it is stored."""
    last = watched.observations[-1]
    commit = Commit(
        stream_id=last.stream_id,
        sequence=last.sequence,
        watermark_s=last.watermark_s,
        carry=last.carry,
        final=last.final,
        run_id=last.run.id,
    )
    return codec.decode(Commit, codec.encode(commit))


def later(items, by_s):
    """The same items, so much later."""
    return [
        replace(one, pts_s=one.pts_s + by_s, loss=one.loss and replace(one.loss, since_s=one.loss.since_s + by_s))
        if isinstance(one, Signal)
        else replace(one, pts_s=one.pts_s + by_s)
        for one in items
    ]
