"""One line a camera, kept up to date on a terminal; elsewhere a line whenever its state changes."""

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from app.tables import many
from vidette.feeds import CAUSES, FeedState
from vidette.progress import Progress
from vidette.text import plain

NAME = 32


class LiveLines:
    """The lines of all cameras, as text to write; `live` says that they go to a terminal."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._lines: dict[str, str] = {}
        self._states: dict[str, tuple[object, object]] = {}
        self._shown = 0

    def text(self, progress: Progress) -> str:
        """What to write now that a camera is so; empty: nothing."""
        feed = progress.feed
        if feed is None:
            return ""
        state, line = (feed.state, feed.cause), said(progress, feed)
        changed = self._states.get(progress.stream) != state
        self._states[progress.stream], self._lines[progress.stream] = state, line
        if not self._live:
            return line + "\n" if changed else ""
        return self.clear() + self.block()

    def clear(self) -> str:
        """Go back over the lines that were written."""
        text = f"\x1b[{self._shown}A\r\x1b[J" if self._shown else ""
        self._shown = 0
        return text

    def block(self) -> str:
        """All lines, on a terminal, none longer than it is wide; as many as it has room for."""
        if not self._live:
            return ""
        width, height = shutil.get_terminal_size()
        lines = [line if len(line) < width else line[: width - 2] + "…" for line in self._lines.values()]
        room = max(1, height - 2)
        lines = lines if len(lines) <= room else [*lines[: room - 1], f"and {len(lines) - room + 1} more"]
        self._shown = len(lines)
        return "".join(line + "\n" for line in lines)


def put(out: TextIO, text: str) -> None:
    """Write to a terminal now, unless it is gone: what is told there is not about it."""
    with suppress(OSError):
        out.write(text)
        out.flush()


def said(progress: Progress, feed: FeedState) -> str:
    """`name  watching  25.0 fps  0.3 s behind  3 events, 2 tracks  deep looks waiting: 4  caption`."""
    name = progress.stream
    down = feed.state in ("lost", "waiting")
    state = f"{feed.state}: {CAUSES[feed.cause]}" if down and feed.cause else feed.state
    parts = [
        name if len(name) <= NAME else f"{name[: NAME - 1]}…",
        state,
        "" if down else f"{feed.fps:.1f} fps",
        "" if down or feed.delay_s is None else f"{max(0.0, feed.delay_s):.1f} s behind",
        _since(feed) if down else "",
        f"{many(progress.events, 'event')}, {many(progress.tracks, 'track')}",
        progress.deep,
        progress.caption,
    ]
    return plain("  ".join(part for part in parts if part))


def _since(feed: FeedState) -> str:
    """When the last picture was."""
    if feed.last_frame_at is None:
        return "no picture yet"
    return f"last picture {max(0.0, (datetime.now(UTC) - feed.last_frame_at).total_seconds()):.0f} s ago"
