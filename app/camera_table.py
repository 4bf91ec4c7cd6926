"""Cameras for people: a table that fits 80 columns, and under it what is the matter with whom."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from app.cameras import CameraRow, ago
from app.tables import console, many, show
from vidette.feeds import Grade
from vidette.text import plain

if TYPE_CHECKING:
    from rich.text import Text

_COLUMNS = ("*camera", "state", "grade", ">fps", ">last", ">delay", ">retries", ">today", ">missed")
_STYLES = {
    "lost": "red",
    "not running": "red",
    "waiting": "yellow",
    "learning": "yellow",
    Grade.FAIR: "yellow",
    Grade.POOR: "red",
    Grade.UNUSABLE: "bold red",
}
_LONGEST = 120  # characters of a line that people read


def show_cameras(rows: Sequence[CameraRow]) -> None:
    """The table of cameras, then a few words on each that is not well."""
    from rich.text import Text

    show(many(len(rows), "camera"), _COLUMNS, map(_cells, rows), "no cameras")
    out = console()
    for row in rows:
        if said := "; ".join(_matters(row)):
            line = f"{plain(row.name)}: {plain(said)}"
            if out.is_terminal:
                line = fill(line, min(out.width, _LONGEST), subsequent_indent="    ", break_on_hyphens=False)
            out.print(Text(line))


def _cells(row: CameraRow) -> "tuple[str | Text, ...]":
    return (
        row.name,
        _styled(row.state.replace("_", " ")),
        _styled(row.grade),
        "" if row.fps is None else f"{row.fps:.1f}",
        _age(row.last_frame_s),
        "" if row.delay_s is None or row.state == "lost" else f"{row.delay_s:.1f} s",
        str(sum(row.reconnects.values()) + row.restarts),
        _percent(row.today.share),
        f"{100 * row.gate.low:.0f}-{100 * row.gate.high:.0f}%" if row.gate.audited else "",
    )


def _styled(word: str) -> "Text":
    from rich.text import Text

    return Text(word, style=_STYLES.get(word, ""))


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return f"{seconds:.1f} s" if seconds < 10 else ago(seconds)


def _percent(share: float | None) -> str:
    """A share; what is not all is never rounded up to all."""
    if share is None:
        return ""
    return "100%" if share == 1 else f"{int(share * 1000) / 10:.1f}%"


def _matters(row: CameraRow) -> Iterator[str]:
    """Why it is as it is, why its grade is no better, why it was connected to again."""
    if row.reason:
        yield f"{row.state.replace('_', ' ')}, {row.reason}"
    if row.reasons:
        yield f"{row.grade}: {', '.join(row.reasons)}"
    causes = {**row.reconnects, "crashed": row.reconnects.get("crashed", 0) + row.restarts}
    if counted := [f"{times} {cause.replace('_', ' ')}" for cause, times in sorted(causes.items()) if times]:
        yield f"retries: {', '.join(counted)}"
