"""`vidette watch`: cameras and files in, memory out."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options, rules_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from app.watching import Plan
    from vidette.ports import GraphStore
    from vidette.progress import Outcome, Progress
    from vidette.settings import Settings
    from workers.delivery.delivering import Lane

_MANY = 100_000


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE…]")
@memory_options
@click.option("--name", help="Name of the stream; default: a camera's address, a file's name and a tag of its content.")
@click.option(
    "--start-time", metavar="TIME", help="When a file's first frame was filmed; default: metadata, name, file time."
)
@click.option("--tz", metavar="ZONE", help="Time zone of times without one (Europe/Paris).")
@click.option("--sample", metavar="keyframes|N", help="Frames to look at: `keyframes`, or so many a second.")
@click.option(
    "--span", "span_s", type=click.FloatRange(min=1), metavar="S", help="Files: cut the work into spans of S seconds."
)
@click.option(
    "--vlm",
    metavar="MODEL",
    help="Deep looks: the FOLDER of a model, `openai:URL#NAME` of one on a server (http://host:8000/v1),"
    " `recorded:FOLDER`, or `none`.",
)
@click.option("--again", is_flag=True, help="Watch files anew that were watched before.")
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
@click.option(
    "--metrics", metavar="HOST:PORT", help="Serve Prometheus metrics at /metrics; a port alone: to this machine only."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, no table; errors only.")
@json_option
def watch(sources: tuple[str, ...], **given: Any) -> int:
    """Watch cameras, files, folders or globs, and remember what happened.

    Files end; cameras are watched until Ctrl-C. Without SOURCE: the streams of the settings. `-` reads sources from
    stdin, one a line: so a password is neither in the process list nor in the shell's history. Where the settings name a
    `broker`, workers watch, by their own settings, and this shows what comes of it.

    \b
    vidette watch clip.mp4
    vidette watch recordings/ --start-time 2026-05-01T08:00 --tz Europe/Paris
    vidette watch rtsp://192.168.1.20/stream1 --name door
    """
    from app.watching import Plan
    from workers.delivery.lanes import lanes_of
    from workers.wiring import media_of

    plan = Plan.of(sources, given)
    settings = plan.settings
    if settings.broker:
        return _remotely(plan, given)
    lanes = lanes_of(settings, media_of(settings))
    failed = [f"failed: {error}" for error in plan.errors]
    if not plan.specs:
        _report((), failed, settings, given)
        return int(bool(failed))
    return _code(failed, _watch(plan, lanes, failed, given))


def _remotely(plan: "Plan", given: dict[str, Any]) -> int:
    """Have workers watch; -> the exit code."""
    from app.deliveries import say_remaining
    from app.outcomes import failures, unexamined
    from workers.shared.process import broker_of

    broker_of(plan.settings)  # what is not installed is said before it is imported
    from app.remote_watch import check, watch

    check(given, plan)
    failed = [f"failed: {error}" for error in plan.errors]
    outcomes: Sequence[Outcome] = ()

    def report(outcomes: "Sequence[Outcome]", store: "GraphStore") -> None:
        said = [*failed, *failures(outcomes), *unexamined(outcomes, store)]
        _report(outcomes, said, plan.settings, given, alerts=_alerts(store, outcomes))

    if plan.specs:
        outcomes, left = watch(plan, given, report)
        say_remaining(left, given)
    else:
        _report((), failed, plan.settings, given)
    return _code(failed, outcomes)


def _code(failed: "Sequence[str]", outcomes: "Sequence[Outcome]") -> int:
    """The exit code: 1 where a source, or a stretch of one, was not watched."""
    return int(bool(failed) or any(one.status == "failed" or one.damage for one in outcomes))


def _watch(plan: "Plan", lanes: "Sequence[Lane]", failed: list[str], given: dict[str, Any]) -> "Sequence[Outcome]":
    """Watch, report, and wait for deliveries that are due."""
    from app.deliveries import say_remaining
    from app.memory import pipeline
    from app.outcomes import failures, unexamined
    from app.progress import ProgressLine
    from app.stopping import stop_on_signals
    from app.watching import Pumping, reloading
    from workers.inline import watch_sources

    settings, specs = plan.settings, plan.specs
    files = sum(not one.url for one in specs)
    with pipeline(settings) as ready, stop_on_signals() as stop, Pumping(ready.store, settings, lanes) as pumping:
        line = ProgressLine(ready.store, total=files, quiet=given["quiet"], as_json=given["as_json"])

        def told(progress: "Progress") -> None:
            line(progress)
            pumping.nudge()

        with _metrics(settings, ready.store) as show, reloading(plan, pumping, show) as changes:
            outcomes = watch_sources(
                ready,
                specs,
                again=given["again"],
                span_s=given["span_s"],
                on_progress=told,
                on_settled=pumping.nudge,
                stop=stop,
                changes=changes,
            )
        line.close()
        begun = sum(not one.live for one in outcomes)
        said = [*failed, *failures(outcomes, files - begun)]
        said += unexamined(outcomes, ready.store) if ready.vision else ()
        _report(outcomes, said, settings, given, alerts=_alerts(ready.store, outcomes))
        pumping.drain(given["drain_s"], stop)
        say_remaining(pumping.remaining(), given)
    return outcomes


def _metrics(settings: "Settings", store: "GraphStore") -> "AbstractContextManager[Callable[[Sequence[str]], None]]":
    """As `serving`, of whose web server nothing is read where no metrics are asked for."""
    from contextlib import nullcontext

    if not settings.metrics:
        return nullcontext(lambda _: None)
    from app.metrics_page import serving

    return serving(settings.metrics, store.read)


def _alerts(store: "GraphStore", outcomes: "Sequence[Outcome]") -> int:
    """How many alerts there are about these streams."""
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter

    names = tuple(one.stream for one in outcomes)
    return len(store.read(Alerts(where=AlertFilter(streams=names), limit=_MANY))) if names else 0


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
    from vidette.log import redact
    from vidette.text import plain

    quiet, as_json = given["quiet"], given["as_json"]
    if outcomes and not quiet:
        table(outcomes, zone(settings), stderr=as_json)
    for sentence in said:
        click.echo(redact(plain(sentence)), err=True)
    if not quiet and not as_json:
        click.echo(advice(outcomes, settings.db, alerts), nl=False)
