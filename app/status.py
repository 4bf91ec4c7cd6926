"""`vidette status`: what the workers do, what waits, and what is wrong."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from app.options import config_option, json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidette.settings import Settings
    from workers.shared.leases import LeaseRow
    from workers.shared.overview import Overview
    from workers.shared.registry import Wanted


@click.command()
@config_option
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=20, show_default=True, help="So many watches at most."
)
@click.option(
    "--health",
    metavar="QUEUE|beat",
    help="Say nothing but whether a worker of this queue is at work on this machine, or any beat: exit code 0, else 1.",
)
@json_option
def status(config: str | None, limit: int, health: str | None, as_json: bool) -> None:
    """What the workers on the broker do, what waits for them, and what is wrong.

    \b
    waiting    jobs that nobody has taken yet     oldest   how long the first of them has waited: the lag
    under way  taken, and not yet done            lease    until others may take the watch, unless renewed
    """
    from app.memory import settings_of
    from workers.shared.process import broker_of

    if health is not None:
        from app.health import check, reachable

        check(health, broker_of(reachable(config)))
        return
    settings = settings_of(None, config)
    broker = broker_of(settings)
    from workers.shared.overview import overview  # what is not installed is said before it is read

    found = replace(overview(broker), trouble=_trouble(settings))
    if as_json:
        from vidette.codec import line

        for row in rows(found):
            click.echo(line(row))
        return
    from app.cluster_tables import show_cluster

    show_cluster(found, broker.address, limit)


def _trouble(settings: "Settings") -> str:
    """What is wrong with the memory that workers wait for; empty where nothing is, or nothing was watched yet."""
    from vidette.errors import VidetteError
    from workers.wiring import is_kept, store_of

    try:
        if is_kept(settings):
            store_of(settings, must_write=False).close()
    except VidetteError as error:
        return str(error)
    return ""


def rows(found: "Overview") -> "Iterator[dict[str, Any]]":
    """One row a problem, queue, worker, watch and lease, then the dead jobs and the server; `kind` says which."""
    from dataclasses import asdict

    from app.cluster_words import problems

    for text in problems(found):
        yield {"kind": "problem", "text": text}
    for queue in found.queues:
        yield {"kind": "queue", **asdict(queue), **asdict(found.counted[queue.name])}
    for worker in found.workers:
        said = asdict(worker)
        told = {key: value for key, value in said.items() if key not in ("jobs", "memory", "media")}
        yield {"kind": "worker", **told, "memory": worker.memory.name, "media": worker.media.name, **said["jobs"]}
    yield from map(_watch, found.wanted, (found.leases.get(one.stream_id) for one in found.wanted))
    for lease in found.leases.values():
        yield {"kind": "lease", **asdict(lease)}
    newest = found.newest
    yield {
        "kind": "dead",
        "count": found.dead,
        "lost": found.lost,
        "newest": newest and {"id": newest.id, "queue": newest.queue, "error": newest.error, "at": newest.at},
    }
    yield {"kind": "server", **asdict(found.server)}


def _watch(one: "Wanted", lease: "LeaseRow | None") -> dict[str, Any]:
    return {
        "kind": "watch",
        "stream_id": one.stream_id,
        "stream": one.name,
        "live": bool(one.job.spec.url),
        "state": one.state,
        "held_by": lease.holder if lease else None,
        "at": one.at,
        "tries": one.tries,
        "error": one.error or None,
    }
