"""What is said after a watch: a table, what failed, what to do next."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from app.tables import clock, many, media, show
from vidette.models import DeepState
from vidette.ports import GraphStore
from vidette.progress import Outcome
from vidette.queries import CoverageIn, Filter

STATUS = {"watched": "watched", "already": "watched before", "failed": "failed", "stopped": "stopped"}


def table(outcomes: Sequence[Outcome], tz: tzinfo | None, *, stderr: bool = False) -> None:
    """One row a stream."""
    columns = ("*stream", "status", ">watched", ">speed", ">events", ">tracks", "*start")
    rows = [
        (
            one.stream,
            _status(one),
            media(one.watched_s),
            speed(one.watched_s, one.wall_s) if one.status != "already" and not one.live else "",
            str(one.events),
            str(one.tracks),
            f"{clock(one.start, tz)} ({one.start_from})",
        )
        for one in outcomes
    ]
    show("watched", columns, rows, "nothing was watched", stderr=stderr)


def _status(one: Outcome) -> str:
    """A word for how it ended; a camera that was asked for and never gave a picture was not watched."""
    return "no picture" if one.live and one.status == "watched" and one.watched_s == 0 else STATUS[one.status]


def speed(media_s: float, wall_s: float) -> str:
    """How many times faster than real time."""
    return f"{media_s / wall_s:.1f}x" if wall_s > 0 else ""


def failures(outcomes: Sequence[Outcome], left: int = 0) -> Iterator[str]:
    """A sentence for each source or stretch that was not watched, and how to go on."""
    for one in outcomes:
        if one.status == "failed":
            yield f"failed: {one.stream}: {one.error or 'no reason given'}"
        elif one.status == "already":
            yield f"{one.stream} was watched before; --again watches it anew"
        for row in one.damage:
            stretch = f"{media(row.start_s)} to {media(row.end_s)}"
            yield f"not watched: {one.stream} from {stretch}: {row.state} {row.reason or ''}".rstrip()
    stopped = [one for one in outcomes if one.status == "stopped"]
    if stopped or left:
        at = f" at {media(stopped[-1].watched_s)} of {stopped[-1].stream}" if stopped else ""
        more = f" ({left} not begun)" if left else ""
        yield f"stopped{at}{more}; the same command goes on from there"


def unexamined(outcomes: Sequence[Outcome], store: GraphStore) -> Iterator[str]:
    """A sentence for each file that the model did not examine where it should have, with the first reason."""
    for one in outcomes:
        if one.live:
            continue
        rows = store.read(CoverageIn(where=Filter(streams=(one.stream,))))
        missed = [row for row in rows if row.deep in (DeepState.FAILED, DeepState.DROPPED)]
        if missed:
            seconds = media(sum(row.end_s - row.start_s for row in missed))
            yield f"not examined: {seconds} of {one.stream}: {missed[0].deep}: {missed[0].reason or 'no reason given'}"


def advice(outcomes: Sequence[Outcome], db: str, alerts: int = 0) -> str:
    """Commands to go on with; empty where nothing was seen."""
    if not any(one.watched_s for one in outcomes):
        return ""
    memory = f" --db {shlex.quote(db)}" if db else ""
    told = f"  vidette alerts{memory}                              {many(alerts, 'alert')}\n" if alerts else ""
    return (
        f"next:\n{told}"
        f"  vidette events{memory}                              what happened\n"
        f'  vidette ask "how many things entered?"{memory}      an answer with its evidence\n'
    )
