"""`vidette watch`: files in, memory out."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options, rules_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ingest.sources import SourceSpec
    from vidette.models import Outcome, Progress
    from vidette.ports import GraphStore
    from vidette.settings import Settings
    from workers.delivering import Lane

_MANY = 100_000


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@memory_options
@click.option("--name", help="Name of the stream; default: the file's name and a tag of its content.")
@click.option(
    "--start-time", metavar="TIME", help="When the first frame was filmed; default: metadata, name, file time."
)
@click.option("--tz", metavar="ZONE", help="Time zone of times without one (Europe/Paris).")
@click.option("--sample", metavar="keyframes|N", help="Frames to look at: `keyframes`, or so many a second.")
@click.option(
    "--span", "span_s", type=click.FloatRange(min=1), metavar="S", help="Cut the work into spans of S seconds."
)
@click.option("--again", is_flag=True, help="Watch anew what was watched before.")
@rules_option
@click.option(
    "--drain",
    "drain_s",
    type=click.FloatRange(0, 86_400),
    default=60.0,
    show_default=True,
    metavar="S",
    help="After the last file, wait so many seconds at most for deliveries that are due.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, no table; errors only.")
@json_option
def watch(sources: tuple[str, ...], **given: Any) -> int:
    """Watch files, folders or globs, and remember what happened.

    Without SOURCE: the streams of the settings.

    \b
    vidette watch clip.mp4
    vidette watch recordings/ --start-time 2026-05-01T08:00 --tz Europe/Paris
    """
    from app.memory import settings_of
    from app.options import zone
    from ingest.sources import expand
    from workers.streams import configured
    from workers.wiring import lanes_of, media_of

    settings = settings_of(given["db"], given["config"], given["rules"], sample=given["sample"], tz=given["tz"])
    lanes = lanes_of(settings, media_of(settings))
    found = expand(
        sources or _configured(settings),
        name=given["name"],
        start_time=_start(given["start_time"], settings),
        tz=zone(settings),
    )
    specs = found.specs if given["name"] else tuple(configured(spec, settings) for spec in found.specs)
    failed = [f"failed: {error}" for error in found.errors]
    if not specs:
        _report((), failed, settings, given)
        return int(bool(failed))
    outcomes = _watch(specs, lanes, failed, settings, given)
    return int(bool(failed) or any(one.status == "failed" or one.damage for one in outcomes))


def _watch(
    specs: "Sequence[SourceSpec]",
    lanes: "Sequence[Lane]",
    failed: list[str],
    settings: "Settings",
    given: dict[str, Any],
) -> "Sequence[Outcome]":
    """Watch, report, and wait for deliveries that are due."""
    from app.deliveries import say_remaining
    from app.memory import pipeline
    from app.outcomes import failures
    from app.progress import ProgressLine
    from app.stopping import stop_on_signals
    from workers.delivering import Pump
    from workers.inline import watch_sources

    with pipeline(settings) as ready, stop_on_signals() as stop, Pump(ready.store, lanes) as pump:
        line = ProgressLine(ready.store, total=len(specs), quiet=given["quiet"], as_json=given["as_json"])

        def told(progress: "Progress") -> None:
            line(progress)
            pump.nudge()

        outcomes = watch_sources(
            ready, specs, again=given["again"], span_s=given["span_s"], on_progress=told, stop=stop
        )
        line.close()
        said = [*failed, *failures(outcomes, len(specs) - len(outcomes))]
        _report(outcomes, said, settings, given, alerts=_alerts(ready.store, outcomes))
        pump.drain(given["drain_s"], stop)
        say_remaining(pump.remaining(), given)
    return outcomes


def _alerts(store: "GraphStore", outcomes: "Sequence[Outcome]") -> int:
    """How many alerts there are about these streams."""
    from vidette.alerts import AlertFilter
    from vidette.queries import Alerts

    names = tuple(one.stream for one in outcomes)
    return len(store.read(Alerts(where=AlertFilter(streams=names), limit=_MANY))) if names else 0


def _configured(settings: "Settings") -> "tuple[str, ...]":
    from vidette.errors import ConfigError

    sources = tuple(one.source for one in settings.streams if one.source)
    if not sources:
        raise ConfigError(
            "nothing to watch; give a SOURCE (a file, a folder, a glob), or `streams` with a `source` in vidette.yml"
        )
    return sources


def _start(text: str | None, settings: "Settings") -> "datetime | None":
    from app.options import instant

    return instant(text, settings) if text else None


def _report(
    outcomes: "Sequence[Outcome]",
    said: "Sequence[str]",
    settings: "Settings",
    given: dict[str, Any],
    *,
    alerts: int = 0,
) -> None:
    from app.options import zone
    from app.outcomes import advice, table
    from app.tables import plain
    from vidette.log import redact

    quiet, as_json = given["quiet"], given["as_json"]
    if outcomes and not quiet:
        table(outcomes, zone(settings), stderr=as_json)
    for sentence in said:
        click.echo(redact(plain(sentence)), err=True)
    if not quiet and not as_json:
        click.echo(advice(outcomes, settings.db, alerts), nl=False)
