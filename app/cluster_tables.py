"""Workers for people: what is wrong in words, then tables that fit 100 columns."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from app.cameras import ago
from app.cluster_words import BEAT, LATE_S, problems, unwatched
from app.tables import Cell, console, many, short, show
from vidette.text import plain

if TYPE_CHECKING:
    from rich.text import Text

    from workers.shared.overview import Overview
    from workers.shared.registry import Wanted

_QUEUES = ("queue", ">waiting", ">under way", ">oldest", ">done/min", ">failed/min", ">workers")
_WORKERS = ("worker", "*=host", ">pid", "*queues", "pool", ">up", ">done/min", ">failed/min")
_WATCHES = ("*watch", "state", "*held by", ">for", ">lease", "*said")
_LONGEST, _CLIPPED = 100, 120


def show_cluster(found: "Overview", address: str, limit: int) -> None:
    """What is the matter, then queues, workers, and the watches, `limit` of them, those that are not well first."""
    from rich.text import Text

    wrong = list(problems(found))
    out = console()
    out.print(Text(f"{address}: {_in_short(found, len(wrong))}", style="red" if wrong else ""))
    for said in wrong:
        line = plain(said)
        if out.is_terminal:
            line = fill(
                line, min(out.width, _LONGEST), initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
        out.print(Text(line))
    show("queues", _QUEUES, map(tuple, _queues(found)), "no queues")
    show(
        many(len(found.workers), "worker"),
        _WORKERS,
        _workers(found),
        "no workers; start one: vidette worker --queues ingest,settle,vision,deliver",
    )
    rows = _watches(found)
    show(
        many(len(rows), "watch", "watches"),
        _WATCHES,
        rows[:limit],
        "no watches; `vidette watch` or `vidette beat` asks for them",
    )
    if len(rows) > limit:
        out.print(Text(f"and {len(rows) - limit} more; --limit {len(rows)} shows them"))


def _in_short(found: "Overview", wrong: int) -> str:
    if wrong:
        return many(wrong, "problem")
    beat = found.leases.get(BEAT)
    said = "all well" if found.workers else "no workers, and nothing to do"
    return f"{said}; beat at {beat.holder} for {ago((found.at - beat.since).total_seconds())}" if beat else said


def _queues(found: "Overview") -> Iterator[Sequence[Cell]]:
    for row in found.queues:
        jobs = found.counted[row.name]
        workers = sum(row.name in worker.queues for worker in found.workers)
        late = row.oldest_s is not None and row.oldest_s >= LATE_S
        yield (
            row.name,
            str(row.waiting),
            str(row.under_way),
            _styled("" if row.oldest_s is None else ago(row.oldest_s), "red" if late else ""),
            f"{jobs.done_a_minute:.0f}",
            _styled(f"{jobs.failed_a_minute:.0f}", "yellow" if jobs.failed_a_minute else ""),
            _styled(str(workers), "red" if row.waiting and not workers else ""),
        )


def _workers(found: "Overview") -> Iterator[Sequence[Cell]]:
    for row in found.workers:
        yield (
            row.name,
            row.host,
            str(row.pid),
            ",".join(row.queues),
            row.pool,
            ago((found.at - row.started).total_seconds()),
            f"{row.jobs.done_a_minute:.0f}",
            f"{row.jobs.failed_a_minute:.0f}",
        )


def _watches(found: "Overview") -> list[Sequence[Cell]]:
    """The worst first; below them leases of streams that nobody asked for here."""
    waiting = {one.stream_id for one in unwatched(found)}
    worst = sorted(found.wanted, key=lambda one: (_ORDER[_state(one, waiting)], one.name))
    rows = [_watch(found, one, _state(one, waiting)) for one in worst]
    named = {one.stream_id for one in found.wanted}
    others = [lease for lease in found.leases.values() if lease.name not in named | {BEAT}]
    return rows + [
        (short(lease.name), "", lease.holder, ago((found.at - lease.since).total_seconds()), f"{lease.ttl_s:.1f} s", "")
        for lease in others
    ]


_ORDER = {"no worker": 0, "dead": 1, "failed": 2, "stopping": 3, "watched": 4, "done": 5}
_STYLES = {"no worker": "red", "dead": "bold red", "failed": "red", "stopping": "yellow"}


def _state(one: "Wanted", waiting: set[str]) -> str:
    if one.state == "wanted":
        return "no worker" if one.stream_id in waiting else "watched"
    return one.state


def _watch(found: "Overview", one: "Wanted", state: str) -> Sequence[Cell]:
    lease = found.leases.get(one.stream_id)
    since = lease.since if lease else one.at
    tries = f"begun {one.tries} times without a word to memory" if one.tries > 1 and state == "no worker" else ""
    return (
        one.name,
        _styled(state, _STYLES.get(state, "")),
        lease.holder if lease else "",
        ago((found.at - since).total_seconds()),
        f"{lease.ttl_s:.1f} s" if lease else "",
        (one.error or tries)[:_CLIPPED],
    )


def _styled(text: str, style: str) -> "Text":
    from rich.text import Text

    return Text(text, style=style)
