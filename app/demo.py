"""`vidette demo`: the whole main job in one command, on a drawn scene with known truth or on your own file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import config_option

if TYPE_CHECKING:
    from datetime import tzinfo
    from threading import Event

    from ingest.scene import Scene
    from vidette.answers import Answer
    from vidette.progress import Outcome
    from vidette.settings import Settings
    from workers.wiring import Pipeline

DRAWN = ("How many things entered in the first 40 seconds?", "When was something left behind?", "How much was watched?")
GIVEN = ("How many things entered?", "Was anything left behind?", "How much was watched?")
NEAR_S = 1.5
LEFT_S = 10.0


@click.command()
@click.option(
    "--video", type=click.Path(exists=True, dir_okay=False), help="A video of yours instead of the drawn scene."
)
@click.option(
    "--out", type=click.Path(file_okay=False), default="demo", show_default=True, help="Folder for what is made."
)
@config_option
def demo(video: str | None, out: str, config: str | None) -> int:
    """Watch a drawn scene, or your own video, end to end.

    Draws a scene with known truth (or takes your VIDEO), watches it with a rule on things left behind, says what was
    found of the truth, asks three questions and writes an HTML report.
    """
    from app.memory import pipeline, settings_of
    from app.options import zone
    from app.stopping import stop_on_signals

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    settings = _with_rule(settings_of(str(folder / "memory.db"), config))
    scene, path = (None, Path(video)) if video else drawn(folder)
    with pipeline(settings) as ready, stop_on_signals() as stop:
        outcome = _watch(ready, path, stop)
        if outcome is None or outcome.status == "stopped":
            click.echo("stopped; the same command starts anew", err=True)
            return 1
        if scene:
            compare_with(scene, ready, outcome.stream)
        tell_alerts(ready, outcome.stream)
        answers = _asked(ready, DRAWN if scene else GIVEN, zone(settings))
        page = report(ready, outcome.stream, answers, folder, path.name)
    click.echo(f"\nreport:  {page}\nmemory:  {settings.db}   (vidette events --db {settings.db})")
    return int(outcome.status == "failed")


def drawn(folder: Path) -> "tuple[Scene, Path]":
    """The scene, drawn into the folder unless it is there from before."""
    from ingest.scene import demo_scene, write

    scene, path = demo_scene(), folder / "scene.mp4"
    if not path.is_file():
        click.echo(f"drawing  {path}, {scene.duration_s:.0f} s", err=True)
        part = path.with_name("scene.part.mp4")
        write(scene, part)
        part.replace(path)
    return scene, path


def compare_with(scene: "Scene", ready: "Pipeline", stream: str) -> None:
    """Print what was found of the truth."""
    from app.tables import media, show
    from app.truth import compare, nearness, overlap
    from vidette.queries import Events, Filter, Tracks

    where = Filter(streams=(stream,))
    true = scene.events()
    types = {event.type for event in true}
    found = [row for row in ready.store.read(Events(where=where, limit=10_000)) if row.type in types]
    events = compare(true, found, lambda a, b: nearness(a.at_s, b.start_s, NEAR_S) if a.type == b.type else 0.0)
    matched = dict(events.pairs)
    rows = [
        (
            event.what,
            str(event.type),
            media(event.at_s),
            media(matched[event].start_s) if event in matched else "missed",
        )
        for event in true
    ]
    rows += [(f"not in the scene: {row.caption}", str(row.type), "", media(row.start_s)) for row in events.wrong]
    show("found against truth", ("*what is drawn", "event", ">truth", ">found"), rows, "")
    tracks = compare(
        scene.tracks(),
        ready.store.read(Tracks(where=where, limit=10_000)),
        lambda a, b: overlap((a.start_s, a.end_s), (b.start_s, b.start_s if b.end_s is None else b.end_s)),
    )
    click.echo(f"events: {events.said}; tracks: {tracks.said}")


def _with_rule(settings: "Settings") -> "Settings":
    """With a rule to show, where there are none."""
    from vidette.alerts import Severity
    from vidette.models import EventType
    from vidette.rule_settings import RuleSettings, WhenSettings

    if settings.rules:
        return settings
    when = WhenSettings(event=(EventType.OBJECT_LEFT,), for_s=LEFT_S)
    return settings.model_copy(update={"rules": [RuleSettings(id="left-behind", when=when, severity=Severity.HIGH)]})


def tell_alerts(ready: "Pipeline", stream: str) -> None:
    """Print each alert with the rule that raised it, and why."""
    from app.options import zone
    from rules.reading import reading
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter
    from vidette.text import plain

    for rule in ready.settings.rules:
        click.echo("\n" + plain(f"rule:    {rule.id}: {reading(rule, zone(ready.settings))}"))
    for alert in ready.store.read(Alerts(where=AlertFilter(streams=(stream,)))):
        click.echo(plain(f"alert:   {alert.severity.upper()} {alert.text}; because {', '.join(alert.why)}"))


def _watch(ready: "Pipeline", path: Path, stop: "Event") -> "Outcome | None":
    """Watch a file anew; None where that was stopped before it began. Raises SourceError where it is no video."""
    from app.outcomes import failures
    from app.progress import ProgressLine
    from ingest.sources import expand
    from workers.inline import watch_sources

    found = expand([str(path)])
    for error in found.errors:
        raise error
    line = ProgressLine(ready.store, total=1)
    outcomes = watch_sources(ready, found.specs, again=True, on_progress=line, stop=stop)
    line.close()
    for said in failures(outcomes):
        click.echo(said, err=True)
    return outcomes[0] if outcomes else None


def _asked(ready: "Pipeline", questions: Sequence[str], tz: "tzinfo") -> "list[Answer]":
    from agent.ask.ask import ask
    from app.ask import show

    answers = []
    for question in questions:
        click.echo(f"\n? {question}")
        answers.append(ask(question, ready.store, now=datetime.now(UTC), tz=tz))
        show(answers[-1], tz)
    return answers


def report(ready: "Pipeline", stream: str, answers: "Sequence[Answer]", folder: Path, name: str) -> Path:
    """Write `report.html`; -> its path."""
    from agent.report.page import page
    from agent.report.report import Request, build
    from app.options import zone
    from app.writing import writable
    from vidette.queries import Filter

    path = folder / "report.html"
    asked = Request(
        tz=zone(ready.settings),
        where=Filter(streams=(stream,)),
        answers=tuple(answers),
        title=f"What happened in {name}",
    )
    with writable(path) as handle:
        handle.write(page(build(ready.store, ready.media, asked)).encode())
    return path
