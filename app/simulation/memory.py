"""What memory says of cameras that somebody watches; and which process watches them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from app.simulation.camera import until
from vidette.errors import SourceError
from vidette.models import EventType
from vidette.queries import CoverageIn, Events, Feeds, Filter, Query
from vidette.rows import CoverageRow, EventRow

if TYPE_CHECKING:
    from vidette.feeds import FeedRow
    from workers.delivery.delivering import Store

R = TypeVar("R")
START_S = 120.0
NEWS_S = 7.0  # what is watched is stored every 5 s at least
_ALL = 100_000


class Memory(ABC):
    """Reads `db` (a path) while others write it; a context manager. `advice` says where more can be learned."""

    def __init__(self, db: Path, advice: str) -> None:
        self.db, self.advice = db, advice
        self._store: Store | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process of the watch."""

    @abstractmethod
    def check(self) -> None:
        """Raises SourceError where the watch has ended by itself."""

    def events(self, stream: str, *types: EventType) -> list[EventRow]:
        """What is told of a stream so far."""
        return self._read(Events(where=Filter(streams=(stream,), types=types), limit=_ALL))

    def coverage(self, stream: str) -> list[CoverageRow]:
        """The ledger of a stream so far."""
        return self._read(CoverageIn(where=Filter(streams=(stream,))))

    def feeds(self) -> "list[FeedRow]":
        """How the cameras are."""
        return self._read(Feeds())

    def watching(self, stream: str, since: float) -> bool:
        """Whether pictures from after `since` (Unix time) were looked at."""
        return any(row.state == "watched" and row.end.timestamp() > since for row in self.coverage(stream))

    def all_watching(self, streams: Sequence[str], since: float) -> bool:
        """Whether pictures of each from after `since` were looked at."""
        return all(self.watching(stream, since) for stream in streams)

    def ready(self, streams: Sequence[str], patience_s: float = START_S) -> None:
        """Wait until all are looked at, and what came while their views were learnt has been. Raises SourceError."""

        def seen(stream: str) -> bool:
            self.check()
            rows = self.coverage(stream)
            newest = rows[-1] if rows else None
            return newest is not None and newest.state == "watched" and newest.end.timestamp() > time.time() - NEWS_S

        if not until(lambda: all(map(seen, streams)), patience_s, 0.5):
            last = next((stream for stream in streams if not seen(stream)), streams[0])
            raise SourceError(f"{last!r} is not watched after {patience_s:.0f} s; {self.advice}")

    def _read(self, query: "Query[list[R]]") -> "list[R]":
        from vidette.settings import Settings
        from workers.wiring import store_of

        if self._store is None:
            if not self.db.is_file():
                return []
            self._store = store_of(Settings(db=str(self.db)), must_write=False)
        return self._store.read(query)
