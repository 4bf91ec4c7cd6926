"""`vidette worker`: does jobs of queues, beside others on this machine and on others."""

import os
import socket
from typing import TYPE_CHECKING, Any

import click

from app.options import memory_options, rules_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.reloading import Reloading
    from vidette.settings import Settings
    from workers.queue.minding import Changes
    from workers.queue.serving import Pool, Service
    from workers.shared.broker import Broker

_THREADED = ("vision", "deliver")
_MANY = 32


@click.command()
@memory_options
@rules_option
@click.option(
    "--queues",
    default="ingest,settle,vision,deliver",
    show_default=True,
    metavar="Q,…",
    help="Which jobs: `ingest` watches cameras and files, `settle` writes memory, `vision` takes deep looks,"
    " `deliver` sends alerts.",
)
@click.option(
    "--pool",
    type=click.Choice(["prefork", "threads", "solo"]),
    help="Processes, threads, or one job at a time; default: processes for ingest and settle, threads for vision and"
    " deliver. `threads` for ingest watches many cameras in one process.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 10_000), metavar="N", help="So many jobs of each queue at a time."
)
@click.option(
    "--name", metavar="NAME", help="Its name, another one for each worker; default: that of the machine and the queue."
)
@click.option("-E", "--events", is_flag=True, help="Tell Flower of every job.")
def worker(**given: Any) -> int:
    """Do jobs of a cluster, in a process group for each queue, until Ctrl-C.

    The workers of one cluster have the same `broker`, `db` and media, and see files under the same paths. The first Ctrl-C
    (or SIGTERM) lets what is under way end, or go to another worker; a second one drops it, to be done again.

    Changed settings are taken within seconds: processes begin anew, cameras are handed over to the new one.

    \b
    vidette worker --queues ingest,settle
    vidette worker --queues vision
    """
    from app.memory import settings_of
    from app.stopping import stop_on_signals
    from workers.shared.process import broker_of

    settings = settings_of(given["db"], given["config"], given["rules"])
    broker = broker_of(settings)
    services = services_of(settings, given)
    from workers.queue.minding import Changes, mind  # what is wrong with the command line is said before Celery is read

    for one in services:
        click.echo(f"{one.queue}: {one.concurrency} at a time ({one.pool}), as {one.name!r}", err=True)
    _look(settings, broker, services)
    changes = Changes()
    with stop_on_signals() as stop, _reloading(settings, given, changes):
        return mind(services, stop, changes=changes)


def _reloading(settings: "Settings", given: dict[str, Any], changes: "Changes") -> "Reloading":
    """While it works: the settings are taken whenever their files change, or SIGUSR1 asks."""
    from app.memory import files_of, settings_of
    from app.reloading import Reloading, Untold, check_fixed

    def reload() -> None:
        now = settings_of(given["db"], given["config"], given["rules"])
        check_fixed(settings, now, "a worker")
        services = services_of(now, given)
        _check_models(now, services)
        changes.put(services)

    return Reloading(files_of(given["config"], given["rules"]), reload, Untold())


def services_of(settings: "Settings", given: dict[str, Any]) -> "list[Service]":
    """A worker for each queue that was named. Raises ConfigError."""
    queues = _queues(given["queues"])
    if given["pool"] == "prefork" and "vision" in queues:
        from vidette.errors import ConfigError

        raise ConfigError("--pool prefork: CUDA does not survive a fork; `vision` needs threads, or solo")
    from workers.queue.serving import Service

    name = given["name"] or "-".join(socket.gethostname().split())
    said = settings.model_dump(mode="json", by_alias=True)
    made = []
    for queue in queues:
        pool: Pool = given["pool"] or ("threads" if queue in _THREADED else "prefork")
        many = 1 if pool == "solo" else given["concurrency"] or _many(settings, queue, pool)
        made.append(
            Service(
                parent=os.getpid(),
                said=said,
                queue=queue,
                pool=pool,
                concurrency=many,
                name=name if given["name"] and len(queues) == 1 else f"{name}-{queue}",
                events=given["events"],
            )
        )
    return made


def _look(settings: "Settings", broker: "Broker", services: "list[Service]") -> None:
    """Say what they have to wait for, once. Raises StoreError, ConfigError for what waiting does not mend."""
    from vidette.errors import StoreError
    from workers.wiring import store_of

    if any(one.queue == "ingest" for one in services):
        _check_folders(settings)
    _check_models(settings, services)
    try:
        store_of(settings).close()
    except StoreError as error:
        if not error.retryable:
            raise
        click.echo(f"{error}; jobs wait until it answers", err=True)
    try:
        for said in _beside(broker, settings, {one.name for one in services}):
            click.echo(said, err=True)
    except StoreError as error:
        click.echo(f"{error}; workers wait until it answers", err=True)


def _check_models(settings: "Settings", services: "list[Service]") -> None:
    """What looks at pictures: else every job is handed back, for ever. Raises ConfigError, ModelError."""
    from workers.wiring import check_models

    queues = {one.queue for one in services} - {"deliver"}
    if queues:
        check_models(settings, asked="vision" in queues)


def _check_folders(settings: "Settings") -> None:
    """Where a watch writes: else it fails at the first picture, or loses what waits. Raises ConfigError."""
    from vidette.errors import ConfigError
    from workers.cluster import spool_path
    from workers.wiring import media_path

    for key, folder in (("media", media_path(settings)), ("cluster.spool", spool_path(settings))):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            why = "" if os.access(folder, os.W_OK | os.X_OK) else "Permission denied"
        except OSError as error:
            why = error.strerror or str(error)
        if why:
            raise ConfigError(f"{key}: cannot write into {str(folder)!r} ({why}); name another folder with `{key}`")


def _beside(broker: "Broker", settings: "Settings", names: set[str]) -> "Iterator[str]":
    """A sentence for each worker with other places, and each here that has one of these names. Raises StoreError."""
    from app.cluster_words import other_media, other_memories
    from workers.shared.places import media_of, memory_of
    from workers.shared.presence import workers

    there = workers(broker)
    yield from other_memories(there, "this one", memory_of(settings))
    yield from other_media(there, "this one", media_of(settings))
    for row in there:
        if row.name in names and row.host == socket.gethostname() and _runs(row.pid):
            yield f"another worker is called {row.name!r} (process {row.pid}): give each a --name of its own"


def _runs(pid: int) -> bool:
    """Whether there is such a process here: one that died is said to be there for some seconds more."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _queues(named: str) -> list[str]:
    """Each once, in the order given."""
    from vidette.errors import ConfigError
    from workers.queue.routing import QUEUES

    queues = list(dict.fromkeys(one.strip() for one in named.split(",") if one.strip()))
    for queue in queues:
        if queue not in QUEUES:
            raise ConfigError(f"no queue {queue!r}; choose from {', '.join(QUEUES)}")
    if not queues:
        raise ConfigError(f"--queues: none given; choose from {', '.join(QUEUES)}")
    return queues


def _many(settings: "Settings", queue: str, pool: str) -> int:
    """So many jobs at a time where nothing is said."""
    cores = os.cpu_count() or 1
    match queue:
        case "vision":
            return settings.vlm.at_once
        case "deliver":
            return max(4, len(settings.sinks))
        case "ingest" if pool == "threads":
            return _MANY
        case _:
            return cores
