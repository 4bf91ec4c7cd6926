"""`vidette watch` of simulated cameras, as a process of its own in a folder of its own; and what memory then says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.simulation.camera import until
from vidette.errors import SourceError
from vidette.models import CoverageRow, EventRow, EventType
from vidette.queries import CoverageIn, Events, Feeds, Filter, Query

if TYPE_CHECKING:
    from vidette.feeds import FeedRow
    from workers.delivering import Store

R = TypeVar("R")
START_S, LEAVE_S = 120.0, 30.0
NEWS_S = 7.0  # what is watched is stored every 5 s at least
_ALL = 100_000


class Watch:
    """A watch of `streams` (entries of `streams:` in the settings) into `folder`, once started; killed on leaving the context.

    `secrets` are environment variables that the settings name. `more` is added to the settings.
    """

    def __init__(
        self,
        folder: Path,
        streams: Sequence[dict[str, Any]],
        *,
        secrets: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        import yaml

        self.folder, self.db, self.log = folder, folder / "memory.db", folder / "watch.log"
        self.settings = folder / "vidette.yml"
        told = {"db": str(self.db), "live": {"buffer_mb": 8}, **(more or {}), "streams": list(streams)}
        self.settings.write_text(yaml.safe_dump(told))
        self._environment = {**os.environ, **(secrets or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._store: Store | None = None

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._store is not None:
            self._store.close()

    def start(self) -> None:
        """Begin, or begin again after a kill."""
        command = [sys.executable, "-m", "app.cli", "watch", "-q", "--config", str(self.settings), "--drain", "5"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """End it as a power cut would; the cameras' processes are left to notice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def leave(self) -> int:
        """Ask it to end, as Ctrl-C does; -> its exit code. Raises SourceError where it stays."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            raise SourceError(f"the watch {self._process.pid} did not end on Ctrl-C; see {str(self.log)!r}") from None

    @property
    def pid(self) -> int:
        """The watch's process."""
        assert self._process is not None
        return self._process.pid

    def check(self) -> None:
        """Raises SourceError where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise SourceError(f"the watch ended with code {self._process.returncode}: {said or 'no word'}; see its log")

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
            raise SourceError(f"{last!r} is not watched after {patience_s:.0f} s; see {str(self.log)!r}")

    def _read(self, query: "Query[list[R]]") -> "list[R]":
        from vidette.settings import Settings
        from workers.wiring import store_of

        if self._store is None:
            if not self.db.is_file():
                return []
            self._store = store_of(Settings(db=str(self.db)), must_write=False)
        return self._store.read(query)


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(number) for number in task.read_text().split()]
    return found


def reader_of(pid: int, port: int) -> int | None:
    """Which child of a watch is connected to a camera on that port of this machine (Linux)."""
    inodes = _sockets(port)
    for child in children(pid):
        for link in Path(f"/proc/{child}/fd").glob("*"):
            with suppress(OSError):
                if os.readlink(link).removeprefix("socket:[").rstrip("]") in inodes:
                    return child
    return None


def _sockets(port: int) -> set[str]:
    """The inodes of connections to a port of this machine; columns as in proc(5)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[2].endswith(f":{port:04X}")}
