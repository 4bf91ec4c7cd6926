"""`vidette watch`: files in, memory out."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidette.models import Outcome
    from vidette.settings import Settings


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
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

    \b
    vidette watch clip.mp4
    vidette watch recordings/ --start-time 2026-05-01T08:00 --tz Europe/Paris
    """
    from ingest.sources import expand

    from app.memory import pipeline, settings_of
    from app.progress import ProgressLine
    from app.stopping import stop_on_signals
    from workers.inline import watch_sources

    settings = settings_of(given["db"], given["config"], sample=given["sample"], tz=given["tz"])
    specs = expand(sources, name=given["name"], start_time=_start(given["start_time"], settings), tz=_zone(settings))
    with pipeline(settings) as ready, stop_on_signals() as stop:
        line = ProgressLine(ready.store, total=len(specs), quiet=given["quiet"], as_json=given["as_json"])
        outcomes = watch_sources(
            ready, specs, again=given["again"], span_s=given["span_s"], on_progress=line, stop=stop
        )
        line.close()
    return _report(outcomes, settings, quiet=given["quiet"], as_json=given["as_json"], left=len(specs) - len(outcomes))


def _start(text: str | None, settings: "Settings") -> Any:
    from app.options import instant

    return instant(text, settings) if text else None


def _zone(settings: "Settings") -> Any:
    from app.options import zone

    return zone(settings)


def _report(outcomes: "Sequence[Outcome]", settings: "Settings", *, quiet: bool, as_json: bool, left: int) -> int:
    from app.options import zone
    from app.outcomes import advice, failures, table

    if not quiet:
        table(outcomes, zone(settings), stderr=as_json)
    for sentence in failures(outcomes, left):
        click.echo(sentence, err=True)
    if not quiet and not as_json:
        click.echo(advice(outcomes, settings.db))
    return int(any(outcome.status == "failed" or outcome.damage for outcome in outcomes))
