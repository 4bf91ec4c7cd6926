"""Tables for people: coloured in a terminal, plain where piped, safe whatever a caption says."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, TypeAlias

from vidette.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from vidette.rows import CoverageRow, EntityRow, EventRow, StreamRow, TrackRow

PIPED_WIDTH = 240
Cell: TypeAlias = "str | Text"


def console(*, stderr: bool = False) -> "Console":
    """Where tables go; a pipe has no colour and lines long enough for a row."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def media(seconds: float | None) -> str:
    """Media time as `0:12.4` or `1:02:03.0`; empty where there is none."""
    if seconds is None:
        return ""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def clock(at: datetime, tz: tzinfo | None) -> str:
    """An instant on the wall clock of `tz`."""
    return at.astimezone(tz).strftime("%Y-%m-%d %H:%M:%S")


def date_and_time(at: datetime, tz: tzinfo | None) -> tuple[str, str]:
    """An instant on the wall clock of `tz`, as two cells."""
    day, time = clock(at, tz).split(" ")
    return day, time


def lasted(start_s: float, end_s: float | None) -> str:
    """How long, in seconds; empty for an instant, `…` while it is still so."""
    if end_s is None:
        return "…"
    return f"{end_s - start_s:.1f} s" if end_s > start_s else ""


def show(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], empty: str, *, stderr: bool = False
) -> None:
    """Print a table, or the sentence `empty` where there are no rows.

    A column named with a leading `>` is right-aligned, with `*` it may wrap, with `=` it is said once, in the title, if a
    terminal shows it and all its cells are equal.
    """
    from rich.text import Text

    out = console(stderr=stderr)
    listed = [tuple(row) for row in rows]
    if not listed:
        out.print(Text(empty))
        return
    if out.is_terminal:
        title, columns, listed = _without_repeats(title, columns, listed)
    table = _ruled(title, columns, terminal=out.is_terminal)
    for row in listed:
        table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    out.print(table)


def _ruled(title: str, columns: Sequence[str], *, terminal: bool) -> "Table":
    """A table without rows; title and rules are for a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD if terminal else None,
        title=Text(title) if terminal else None,
        title_justify="left",
        padding=(0, 1, 0, 0) if terminal else (0, 1),
        pad_edge=False,
    )
    for column in columns:
        table.add_column(
            column.lstrip(">*="),
            justify="right" if column.startswith(">") else "left",
            no_wrap="*" not in column,
            overflow="fold",
        )
    return table


def _without_repeats(
    title: str, columns: Sequence[str], rows: list[tuple[Cell, ...]]
) -> tuple[str, list[str], list[tuple[Cell, ...]]]:
    same = [i for i, name in enumerate(columns) if "=" in name and len({str(row[i]) for row in rows}) == 1]
    said = [plain(str(rows[0][i])) for i in same]
    kept = [i for i in range(len(columns)) if i not in same]
    title = ", ".join(part for part in [title, *said] if part)
    return title, [columns[i] for i in kept], [tuple(row[i] for i in kept) for row in rows]


def short(identity: str) -> str:
    """The first eight characters of an id: enough to name it on the command line."""
    return identity[:8]


def _attributes(attributes: dict[str, object]) -> str:
    said = {key: value for key, value in attributes.items() if value is not False and not isinstance(value, dict)}
    return ", ".join(_attribute(key, value) for key, value in said.items())


def _attribute(key: str, value: object) -> str:
    if value is True:
        return key
    return f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"


def many(count: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2 events`."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def events(rows: "list[EventRow]", tz: tzinfo | None, *, stderr: bool = False) -> None:
    """A table of events."""
    columns = ("=date", "clock", ">media", ">for", "event", "*what", "=where", ">conf", "*=stream", "id")
    cells = (
        (
            *date_and_time(row.start, tz),
            media(row.start_s),
            lasted(row.start_s, row.end_s),
            str(row.type),
            row.caption,
            row.zone or row.line or "",
            f"{row.confidence:.2f}",
            row.stream,
            short(row.id),
        )
        for row in rows
    )
    show(
        many(len(rows), "event"),
        columns,
        cells,
        "no events here; `vidette coverage` says what was watched",
        stderr=stderr,
    )


def tracks(rows: "list[TrackRow]", tz: tzinfo | None) -> None:
    """A table of tracks."""
    columns = ("=date", "clock", ">media", ">for", "label", "*attributes", ">conf", "*=stream", "id")
    cells = (
        (
            *date_and_time(row.start, tz),
            media(row.start_s),
            lasted(row.start_s, row.end_s),
            str(row.label),
            _attributes(row.attributes),
            f"{row.confidence:.2f}",
            row.stream,
            short(row.id),
        )
        for row in rows
    )
    show(many(len(rows), "track"), columns, cells, "no tracks here; `vidette coverage` says what was watched")


def entities(rows: "list[EntityRow]", _tz: tzinfo | None) -> None:
    """A table of entities."""
    cells = ((str(row.label), _attributes(row.attributes), short(row.id)) for row in rows)
    show(many(len(rows), "entity", "entities"), ("label", "*attributes", "id"), cells, "no entities here")


def coverage(rows: "list[CoverageRow]", tz: tzinfo | None) -> None:
    """A table of coverage rows, and how much was watched."""
    cells = (
        (
            row.stream,
            *date_and_time(row.start, tz),
            media(row.start_s),
            media(row.end_s),
            str(row.state),
            str(row.deep),
            row.reason or "",
        )
        for row in rows
    )
    columns = ("*=stream", "=date", "clock", ">from", ">to", "fast look", "deep look", "*reason")
    show("coverage", columns, cells, "nothing was watched here; `vidette watch FILE` watches")
    if rows:
        total = sum(row.end_s - row.start_s for row in rows)
        watched = sum(row.end_s - row.start_s for row in rows if row.state == "watched")
        console().print(f"watched {watched:.1f} of {total:.1f} s")


def streams(rows: "list[StreamRow]", tz: tzinfo | None, *, stderr: bool = False) -> None:
    """A table of streams that are no cameras; what is live is then the stream `system`."""
    cells = (
        (
            row.name,
            row.kind if row.kind != "live" else "this machine",
            f"{clock(row.start, tz)} ({row.start_from})",
            media(row.watched_s),
            media(row.duration_s),
            row.state if row.kind != "live" else "",
            str(row.events),
            str(row.tracks),
        )
        for row in rows
    )
    columns = ("*stream", "kind", "*start", ">watched", ">length", "state", ">events", ">tracks")
    show(many(len(rows), "stream"), columns, cells, "no streams yet; `vidette watch FILE` makes one", stderr=stderr)


TABLES: "dict[str, Callable[..., None]]" = {
    "events": events,
    "tracks": tracks,
    "entities": entities,
    "coverage": coverage,
}
