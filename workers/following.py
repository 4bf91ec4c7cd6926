"""What a runner says of a watch: how far it is, and how it ended. Numbers come from the store."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.sources import SourceSpec
from vidette.errors import VidetteError
from vidette.feeds import FeedState
from vidette.models import FastState, Observation
from vidette.ports import GraphStore
from vidette.progress import Outcome, Progress
from vidette.queries import CoverageIn, Filter, LastCommit, Segments, Streams
from vidette.rows import CoverageRow

Listener = Callable[[Progress], None]
_UNWATCHED = {FastState.FAILED, FastState.DROPPED}


@dataclass(slots=True, kw_only=True)
class Following:
    """One watch as its runner follows it."""

    store: GraphStore
    spec: SourceSpec
    listener: Listener | None = None
    began: float = field(default_factory=time.monotonic)
    caption: str = ""
    live: bool = False
    feed: FeedState | None = None
    reach_s: float = 0.0
    deep: str = ""

    def finished(self) -> bool:
        """Whether the stream has been watched to its end."""
        commit = self.store.read(LastCommit(stream_id=self.spec.stream_id))
        return commit is not None and commit.final

    def begin(self, reach_s: float) -> None:
        """What was settled before this watch reaches up to here."""
        self.reach_s = reach_s
        self.tell()

    def heard(self, observation: Observation) -> None:
        """Tell the listener what was settled."""
        self.feed = observation.feed or self.feed
        self.reach_s = max(self.reach_s, observation.end_s)
        captions = [fact.caption for fact in observation.segments] + [fact.caption for fact in observation.assertions]
        self.caption = next((text for text in reversed(captions) if text), self.caption)
        self.tell()

    def at(self, deep: str) -> None:
        """The deep look is at this now: tell the listener where it was at something else."""
        if deep != self.deep:
            self.deep = deep
            self.tell()

    def tell(self, *, done: bool = False) -> None:
        """Tell the listener how far the watch is."""
        if self.listener is None:
            return
        watched_s, events, tracks = self._counts()
        self.listener(
            Progress(
                stream=self.spec.name,
                pts_s=self.reach_s if self.live else watched_s,
                duration_s=None if self.live else self.spec.duration_s,
                wall_s=time.monotonic() - self.began,
                events=events,
                tracks=tracks,
                caption=self.caption,
                done=done,
                live=self.live,
                feed=self.feed,
                deep=self.deep,
            )
        )

    def last_caption(self) -> None:
        """Take the caption from the store, for a runner that does not see the observations."""
        rows = self.store.read(Segments(where=Filter(streams=(self.spec.stream_id,)), limit=1, order="-start"))
        self.caption = rows[0].caption if rows else self.caption

    def outcome(self, *, already: bool = False, error: Exception | None = None) -> Outcome:
        """How it ended, by what the store holds; tells the listener that it is done."""
        finished = error is None and (self.live or self.finished())
        self.tell(done=True)
        watched_s, events, tracks = self._counts()
        return Outcome(
            stream=self.spec.name,
            status="failed" if error else "already" if already else "watched" if finished else "stopped",
            start=self.spec.start,
            start_from=self.spec.start_from,
            watched_s=watched_s,
            wall_s=time.monotonic() - self.began,
            events=events,
            tracks=tracks,
            damage=() if self.live else self._damage(),
            live=self.live,
            error=said(error) if error else None,
        )

    def _counts(self) -> tuple[float, int, int]:
        rows = self.store.read(Streams(names=(self.spec.name,)))
        return (rows[0].watched_s, rows[0].events, rows[0].tracks) if rows else (0.0, 0, 0)

    def _damage(self) -> tuple[CoverageRow, ...]:
        rows = self.store.read(CoverageIn(where=Filter(streams=(self.spec.stream_id,))))
        return tuple(row for row in rows if row.state in _UNWATCHED)


def said(error: Exception) -> str:
    """One line on an error for a person."""
    return str(error) if isinstance(error, VidetteError) else f"{type(error).__name__}: {error}; please report this"
