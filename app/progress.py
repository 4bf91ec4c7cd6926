"""The lines that tell how far a watch is; with `--json`, the events as they close."""

import shutil
import sys
from collections.abc import Callable
from threading import Lock
from typing import TextIO

import click

from app.live_lines import LiveLines, put
from app.outcomes import speed
from app.tables import many, media
from vidette.codec import line
from vidette.models import State
from vidette.ports import GraphStore
from vidette.progress import Progress
from vidette.queries import Events, Filter
from vidette.text import plain

_BACK_S = 120.0  # an event closes with an end a little before the commit that says so
_ALL = 1_000_000
NAME = 32
INSTANT_S = 0.2  # below this nothing was watched that has a speed


class ProgressLine:
    """A listener to a watch: writes progress to stderr and, if asked, closed events to stdout; from any thread.

    A file has a line of its own, written over until it is through; cameras have a line each. `total` counts files.
    """

    def __init__(
        self,
        store: GraphStore,
        *,
        total: int,
        quiet: bool = False,
        as_json: bool = False,
        out: TextIO | None = None,
        echo: Callable[[str], None] = click.echo,
    ) -> None:
        self._store, self._total, self._quiet, self._as_json = store, total, quiet, as_json
        self._out, self._echo = out or sys.stderr, echo
        self._live = self._out.isatty()
        self._printed: dict[str, set[str]] = {}
        self._before: dict[str, float] = {}
        self._files = 0
        self._cameras = LiveLines(live=self._live)
        self._lock = Lock()

    def __call__(self, progress: Progress) -> None:
        """Tell of this."""
        with self._lock:
            self._tell(progress)

    def _tell(self, progress: Progress) -> None:
        if self._as_json:
            self._events(progress)
        if progress.live:
            if not self._quiet:
                put(self._out, self._cameras.text(progress))
            return
        self._files += progress.done
        if not self._quiet and (self._live or progress.done):
            self._write(said(progress), done=progress.done)

    def close(self) -> None:
        """Leave the terminal tidy."""
        if self._live and not self._quiet:
            put(self._out, "\r\x1b[K")

    def _write(self, text: str, *, done: bool) -> None:
        if self._total > 1:
            text = f"[{self._files + (not done)}/{self._total}] {text}"
        if self._live:
            width = shutil.get_terminal_size().columns
            text = "\r\x1b[K" + (text if len(text) < width else text[: width - 2] + "…")
        if done or not self._live:
            text += "\n"
        put(self._out, self._cameras.clear() + text + self._cameras.block() if done else text)

    def _events(self, progress: Progress) -> None:
        """Print what closed since the last time; of a camera, nothing of before this watch."""
        name, first = progress.stream, progress.stream not in self._before
        before_s = self._before.get(name, progress.pts_s if progress.live else 0.0)
        since_s = 0.0 if progress.done and not progress.live else max(0.0, before_s - _BACK_S)
        self._before[name] = progress.pts_s
        rows = self._store.read(Events(where=Filter(streams=(name,), from_s=since_s), limit=_ALL))
        closed = [row for row in rows if row.state == State.CLOSED]
        known = self._printed.get(name, set())
        ids = {row.id for row in closed}
        self._printed[name] = ids if progress.live else known | ids  # a camera's never come back once out of the window
        for row in closed:
            if row.id not in known and not (first and progress.live):
                self._echo(line(row))


def said(progress: Progress) -> str:
    """`name  1:02.0 / 4:00.0  12.1x  5 events, 3 tracks  deep looks: 1 of 2  caption`."""
    length = f" / {media(progress.duration_s)}" if progress.duration_s else ""
    counts = f"{many(progress.events, 'event')}, {many(progress.tracks, 'track')}"
    name = progress.stream
    parts = [
        name if len(name) <= NAME else f"{name[: NAME - 1]}…",
        media(progress.pts_s) + length,
        speed(progress.pts_s, progress.wall_s) if progress.wall_s > INSTANT_S else "",
        counts,
        progress.deep,
        progress.caption,
    ]
    return plain("  ".join(part for part in parts if part))
