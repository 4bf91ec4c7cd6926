"""`vidette watch`: files in, memory out."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from vidette.models import Outcome
    from vidette.settings import Settings


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
@click.option("-q", "--quiet", is_flag=True, help="No progress, no table; errors only.")
@json_option
def watch(sources: tuple[str, ...], **given: Any) -> int:
    """Watch files, folders or globs, and remember what happened.

    Without SOURCE: the streams of the settings.

    \b
    vidette watch clip.mp4
    vidette watch recordings/ --start-time 2026-05-01T08:00 --tz Europe/Paris
    """
    from app.memory import pipeline, settings_of
    from app.options import zone
    from app.outcomes import failures
    from app.progress import ProgressLine
    from app.stopping import stop_on_signals
    from ingest.sources import expand
    from workers.inline import watch_sources
    from workers.streams import configured

    settings = settings_of(given["db"], given["config"], sample=given["sample"], tz=given["tz"])
    found = expand(
        sources or _configured(settings),
        name=given["name"],
        start_time=_start(given["start_time"], settings),
        tz=zone(settings),
    )
    quiet, as_json = given["quiet"], given["as_json"]
    specs = found.specs if given["name"] else tuple(configured(spec, settings) for spec in found.specs)
    outcomes: Sequence[Outcome] = []
    if specs:
        with pipeline(settings) as ready, stop_on_signals() as stop:
            line = ProgressLine(ready.store, total=len(specs), quiet=quiet, as_json=as_json)
            outcomes = watch_sources(
                ready, specs, again=given["again"], span_s=given["span_s"], on_progress=line, stop=stop
            )
            line.close()
    said = [f"failed: {error}" for error in found.errors]
    said += failures(outcomes, len(specs) - len(outcomes))
    _report(outcomes, said, settings, quiet=quiet, as_json=as_json)
    return int(bool(found.errors) or any(one.status == "failed" or one.damage for one in outcomes))


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
    outcomes: "Sequence[Outcome]", said: "Sequence[str]", settings: "Settings", *, quiet: bool, as_json: bool
) -> None:
    from app.options import zone
    from app.outcomes import advice, table
    from app.tables import plain
    from vidette.log import redact

    if outcomes and not quiet:
        table(outcomes, zone(settings), stderr=as_json)
    for sentence in said:
        click.echo(redact(plain(sentence)), err=True)
    if not quiet and not as_json:
        click.echo(advice(outcomes, settings.db), nl=False)
