"""What is the matter with the workers, and what to do about it, in sentences."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from app.cameras import ago
from app.tables import many, short

if TYPE_CHECKING:
    from workers.shared.overview import Overview
    from workers.shared.places import Place
    from workers.shared.presence import WorkerRow
    from workers.shared.registry import Wanted

LATE_S = 30.0
"""A queue whose oldest job waits longer than this is behind."""
BEAT = "beat"
"""The lease of who hands out watches."""
_SILENT_S = 6.0
_FULL = 0.9
_NAMED = 3


def problems(found: "Overview") -> Iterator[str]:
    """One sentence each, the gravest first; none where all is well."""
    if found.trouble:
        yield found.trouble
    yield from _apart(found)
    yield from _unwatched(found)
    yield from _beat(found)
    yield from _waiting(found)
    yield from _ended(found)
    yield from _dead(found)
    yield from _silent(found)
    yield from _server(found)


def other_memories(workers: "Iterable[WorkerRow]", whose: str, ours: "Place") -> Iterator[str]:
    """One sentence for each worker that settles elsewhere than `whose` looks: its watches never come to an end."""
    for one in workers:
        if one.memory.differs(ours):
            yield (
                f"worker {one.name} has memory {one.memory.name!r}, {whose} has {ours.name!r}:"
                " give all of them the same `db`"
            )


def other_media(workers: "Iterable[WorkerRow]", whose: str, ours: "Place") -> Iterator[str]:
    """One sentence for each worker that keeps pictures where `whose` does not find them."""
    for one in workers:
        if one.media.differs(ours):
            yield (
                f"worker {one.name} keeps media in {one.media.name!r}, {whose} in {ours.name!r}, and these are two folders:"
                " share one with all of them (`media`)"
            )


def _apart(found: "Overview") -> Iterator[str]:
    """Workers that do not share what all share."""
    if first := next((one for one in found.workers if one.memory.mark), None):
        yield from other_memories(found.workers, first.name, first.memory)
    if first := next((one for one in found.workers if one.media.mark), None):
        yield from other_media(found.workers, first.name, first.media)


def unwatched(found: "Overview") -> "list[Wanted]":
    """Watches that are wanted and that nobody holds."""
    return [one for one in found.wanted if one.state == "wanted" and one.stream_id not in found.leases]


def _unwatched(found: "Overview") -> Iterator[str]:
    """Files may wait for a worker that has others to watch before them; cameras may not."""
    left = unwatched(found)
    cameras = [one for one in left if one.job.spec.url]
    if left and not _taken_by(found, "ingest"):
        what = many(len(left), "camera") if len(cameras) == len(left) else many(len(left), "watch", "watches")
        yield f"{what} {_has(len(left))} no worker: start `vidette worker --queues ingest`"
    elif cameras:
        more = ": if this lasts, start one more `vidette worker --queues ingest`"
        yield f"{_of(cameras)} not watched{more if BEAT in found.leases else ''}"


def _beat(found: "Overview") -> Iterator[str]:
    live = [one for one in found.wanted if one.state == "wanted" and one.job.spec.url]
    if live and BEAT not in found.leases:
        yield f"no beat runs, so nobody gives {many(len(live), 'camera')} to another worker when theirs dies: start `vidette beat`"


def _of(cameras: "list[Wanted]") -> str:
    return f"{many(len(cameras), 'camera')} ({_names(cameras)}) {'is' if len(cameras) == 1 else 'are'}"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _waiting(found: "Overview") -> Iterator[str]:
    said = {"ingest"} if unwatched(found) and not _taken_by(found, "ingest") else set()
    for queue in found.queues:
        jobs = many(queue.waiting, "job")
        if queue.waiting and not _taken_by(found, queue.name):
            if queue.name not in said:
                waits = "waits" if queue.waiting == 1 else "wait"
                yield f"{jobs} {waits} in {queue.name!r}, which no worker takes: start `vidette worker --queues {queue.name}`"
        elif queue.oldest_s is not None and queue.oldest_s >= LATE_S:
            yield (
                f"{queue.name!r} is {ago(queue.oldest_s)} behind with {jobs}: "
                f"start one more `vidette worker --queues {queue.name}`"
            )


def _ended(found: "Overview") -> Iterator[str]:
    for state, said in (("dead", "given up"), ("failed", "failed")):
        rows = [one for one in found.wanted if one.state == state]
        if len(rows) == 1:
            yield f"the watch of {rows[0].name!r} {'was ' if state == 'dead' else ''}{said}: {rows[0].error}"
        elif rows:
            yield f"{len(rows)} watches {'were ' if state == 'dead' else ''}{said} ({_names(rows)}), one of them: {rows[0].error}"


def _dead(found: "Overview") -> Iterator[str]:
    if found.newest is not None:
        when = ago((found.at - found.newest.at).total_seconds())
        were = "was" if found.dead == 1 else "were"
        yield (
            f"{many(found.dead, 'job')} {were} given up (`vidette jobs list`), the last {when} ago: {found.newest.error}"
        )
    if found.lost:
        yield f"{many(found.lost, 'dead job')} had to go, there being no room for more"


def _silent(found: "Overview") -> Iterator[str]:
    for worker in found.workers:
        if worker.silent_s >= _SILENT_S:
            yield f"worker {worker.name} on {worker.host} has been silent for {ago(worker.silent_s)}"


def _server(found: "Overview") -> Iterator[str]:
    server = found.server
    if server.most and server.when_full != "noeviction":
        yield (
            f"Redis throws keys away when it is full (maxmemory-policy {server.when_full}), jobs among them: "
            "set maxmemory-policy noeviction"
        )
    if server.most and server.used >= _FULL * server.most:
        yield f"Redis is {server.used / server.most:.0%} full: give it more than maxmemory {server.most >> 20} MB"


def _taken_by(found: "Overview", queue: str) -> int:
    return sum(queue in worker.queues for worker in found.workers)


def _names(rows: "list[Wanted]") -> str:
    said = ", ".join(repr(one.name or short(one.stream_id)) for one in rows[:_NAMED])
    return said if len(rows) <= _NAMED else f"{said}, …"
