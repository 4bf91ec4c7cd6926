"""The line that tells how far a watch is; with `--json`, the events as they close."""

import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

import click

from app.outcomes import speed
from app.tables import many, media, plain
from vidette.codec import line
from vidette.models import EventRow, Progress, State
from vidette.ports import GraphStore
from vidette.queries import Events, Filter

_BACK_S = 120.0  # an event closes with an end a little before the commit that says so
_ALL = 1_000_000
NAME = 32
INSTANT_S = 0.2  # below this nothing was watched that has a speed


class ProgressLine:
    """A listener to a watch: writes progress to stderr and, if asked, closed events to stdout."""

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
        self._printed: set[str] = set()
        self._before: dict[str, float] = {}
        self._files = 0

    def __call__(self, progress: Progress) -> None:
        """Tell of this."""
        if self._as_json:
            self._events(progress)
        self._files += progress.done
        if not self._quiet and (self._live or progress.done):
            self._write(said(progress), done=progress.done)

    def close(self) -> None:
        """Leave the terminal tidy."""
        if self._live and not self._quiet:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _write(self, text: str, *, done: bool) -> None:
        if self._total > 1:
            text = f"[{self._files + (not done)}/{self._total}] {text}"
        if self._live:
            width = shutil.get_terminal_size().columns
            text = "\r\x1b[K" + (text if len(text) < width else text[: width - 2] + "…")
        with suppress(OSError):  # the terminal is gone; the watch is not about it
            self._out.write(text + ("\n" if done or not self._live else ""))
            self._out.flush()

    def _events(self, progress: Progress) -> None:
        since = 0.0 if progress.done else max(0.0, self._before.get(progress.stream, 0.0) - _BACK_S)
        self._before[progress.stream] = progress.pts_s
        where = Filter(streams=(progress.stream,), from_s=since)
        for row in self._store.read(Events(where=where, limit=_ALL)):
            self._event(row)

    def _event(self, row: EventRow) -> None:
        if row.state == State.CLOSED and row.id not in self._printed:
            self._printed.add(row.id)
            self._echo(line(row))


def said(progress: Progress) -> str:
    """`name  1:02.0 / 4:00.0  12.1x  5 events, 3 tracks  caption`."""
    length = f" / {media(progress.duration_s)}" if progress.duration_s else ""
    counts = f"{many(progress.events, 'event')}, {many(progress.tracks, 'track')}"
    name = progress.stream
    parts = [
        name if len(name) <= NAME else f"{name[: NAME - 1]}…",
        media(progress.pts_s) + length,
        speed(progress.pts_s, progress.wall_s) if progress.wall_s > INSTANT_S else "",
        counts,
        progress.caption,
    ]
    return plain("  ".join(part for part in parts if part))
