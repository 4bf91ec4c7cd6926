"""`vidette beat`: sees to it that on a cluster what is to be done is being done by somebody."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from app.options import memory_options, rules_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from vidette.settings import Settings
    from workers.beat.beat import Beat
    from workers.cluster import Cluster


@click.command()
@memory_options
@rules_option
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Serve Prometheus metrics of queues, workers and cameras at /metrics; a port alone: to this machine only.",
)
def beat(**given: Any) -> None:
    """See to it, every second, that what is to be done is being done by some worker.

    The cameras of the settings are watched by somebody, streams whose worker died go to another, what time brings about
    is told, due deliveries are sent, deep looks that were lost are asked for again, media is swept. One beat is enough; a
    second one waits, and takes over when the first is gone. Ctrl-C or SIGTERM ends it.

    \b
    vidette beat --metrics 9464
    """
    settings = _settings(given)  # what is not installed is said before it is imported
    from app.stopping import stop_on_signals
    from workers.beat.beat import Beat
    from workers.streams import cameras_of

    cameras = cameras_of(settings)
    with (
        _cluster(settings) as cluster,
        stop_on_signals() as stop,
        _metrics(given["metrics"], cluster, [spec.name for spec in cameras]) as show,
    ):
        beating = Beat(cluster, cameras, say=_say)
        _say(_told(settings, len(cameras)))
        with _reloading(given, settings, beating, show):
            beating.run(stop)


def _settings(given: dict[str, Any]) -> "Settings":
    """Raises ConfigError, too where no broker is named."""
    from app.memory import settings_of
    from workers.shared.process import broker_of

    settings = settings_of(given["db"], given["config"], given["rules"])
    broker_of(settings)
    return settings


def _cluster(settings: "Settings") -> "AbstractContextManager[Cluster]":
    """Models are not needed to beat: where they cannot be had here, looks that were lost are not asked for again."""
    from contextlib import closing

    from vidette.errors import ConfigError, ModelError
    from workers.cluster import cluster_of
    from workers.wiring import pipeline_of, without_models

    try:
        pipeline = pipeline_of(settings, asked=False)
    except (ConfigError, ModelError) as error:
        pipeline = pipeline_of(without_models(settings))
        _say(f"deep looks that were lost are not asked for again from here: {error}")
    return closing(cluster_of(settings, pipeline=pipeline))


@contextmanager
def _metrics(
    address: str | None, cluster: "Cluster", cameras: "Sequence[str]"
) -> "Iterator[Callable[[Sequence[str]], None]]":
    """Gives what takes the names of the cameras, whenever they change."""
    if not address:
        yield lambda _: None
        return
    from app.metrics import WatchMetrics
    from app.metrics_page import serving_all
    from app.queue_metrics import QueueMetrics

    watched = WatchMetrics(cluster.pipeline.store.read)
    watched.show(cameras)
    with serving_all(address, (watched, QueueMetrics(cluster.broker, cluster.leases)), process="vidette_beat"):
        yield watched.show


@contextmanager
def _reloading(
    given: dict[str, Any], settings: "Settings", beating: "Beat", show: "Callable[[Sequence[str]], None]"
) -> "Iterator[None]":
    """While it beats: the settings are taken whenever their files change, or `vidette reload` asks."""
    from app.memory import files_of
    from app.reloading import Reloading, check_fixed
    from app.running import Notice
    from workers.beat.beat import Change
    from workers.streams import cameras_of
    from workers.wiring import db_path

    files = files_of(given["config"], given["rules"])

    def reload() -> None:
        now = _settings(given)
        check_fixed(settings, now, "beat")
        cameras = cameras_of(now)
        beating.change(Change(settings=now, cameras=cameras))
        show([spec.name for spec in cameras])

    with Notice(db_path(settings), str(files[0])) as notice, Reloading(files, reload, notice):
        yield


def _told(settings: "Settings", cameras: int) -> str:
    """What it does, in one line."""
    from app.tables import many
    from workers.shared.broker import safe
    from workers.wiring import db_path, served

    memory = settings.db if served(settings) else str(db_path(settings))
    parts = [
        many(cameras, "camera", "cameras"),
        many(len(settings.rules), "rule", "rules"),
        many(len(settings.sinks), "sink", "sinks"),
    ]
    return f"beat at {safe(settings.broker)}, memory {memory!r}: {', '.join(parts)}; Ctrl-C ends it"


def _say(text: str) -> None:
    from vidette.log import redact
    from vidette.text import plain

    click.echo(redact(plain(text)), err=True)
