"""`vidette simulate`: breaks cameras of its own and says what was noticed, when, and whether the ledger is honest."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options

if TYPE_CHECKING:
    from app.simulation.trial import Score

DRAWN_S = 30.0


@click.command()
@click.option(
    "--clip",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A video that the cameras show, instead of the drawn scene.",
)
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Only this fault (repeatable); default: all.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Folder for memory and log, kept.")
@click.option(
    "--running", is_flag=True, help="Break cameras of a watch that runs: those that --yaml put in its settings."
)
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the cameras as `streams:` for vidette.yml, nothing else.")
@memory_options
@json_option
def simulate(faults: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Break simulated cameras, and score what Vidette says of it.

    Starts RTSP servers on this machine, one camera a fault, and a watch of all of them in a folder of its own; kills,
    stops and changes them; then compares events and coverage with what was done. With --running the watch is one that
    runs already (--config and --db as it was given), whose other cameras are left alone. Needs GStreamer's RTSP server
    and ffmpeg. The exit code is 1 if any line fails.

    \b
    vidette simulate --yaml        # to be put into vidette.yml; then, while `vidette watch` runs:
    vidette simulate --running
    """
    if given["as_yaml"]:
        from app.simulation.faults import of_guests
        from app.simulation.guests import streams_yaml

        click.echo(streams_yaml(of_guests(faults)), nl=False)
        return 0
    scores = _scores(faults, given)
    _show(scores, as_json=as_json)
    return int(not all(score.passed for score in scores))


def _scores(names: tuple[str, ...], given: dict[str, Any]) -> "list[Score]":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="vidette-simulate-") as temporary:
        folder = given["keep"] or Path(temporary)
        return _joined(names, given, folder) if given["running"] else _own(names, given, folder)


def _own(names: tuple[str, ...], given: dict[str, Any], folder: Path) -> "list[Score]":
    """With a watch of our own."""
    from app.simulation.faults import chosen
    from app.simulation.stage import Stage
    from vidette.errors import ConfigError

    if given["db"] or given["config"]:
        raise ConfigError("--db and --config are those of a watch that runs; add --running")
    cameras, whole = chosen(names)
    clips = _clips(given["clip"], folder)
    (folder / "watch").mkdir(parents=True, exist_ok=True)
    return Stage(clips, cameras, tell=_teller()).run(folder / "watch", whole)


def _joined(names: tuple[str, ...], given: dict[str, Any], folder: Path) -> "list[Score]":
    """With the watch that runs."""
    from app.memory import settings_of
    from app.simulation.guests import PREFIX, Running, ports_of
    from app.simulation.stage import Stage
    from vidette.configuration import FILE
    from workers.wiring import db_path

    settings = settings_of(given["db"], given["config"])
    faults, ports = ports_of(settings, names)
    with Running(db_path(settings), Path(given["config"] or FILE)) as watch:
        clips = _clips(given["clip"], folder)
        return Stage(clips, faults, tell=_teller(), prefix=PREFIX).join(watch, ports)


def _clips(clip: Path | None, folder: Path) -> tuple[Path, ...]:
    """What the cameras show; nothing of ours will be left running. Raises ConfigError where this machine lacks something."""
    import signal

    from app.simulation.camera import missing
    from app.simulation.stage import clips_of
    from vidette.errors import ConfigError

    if lacking := missing():
        raise ConfigError(lacking)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder.mkdir(parents=True, exist_ok=True)
    return clips_of(clip or _drawn(folder), folder)


def _teller() -> "Callable[[str], None]":
    began = time.monotonic()
    return lambda line: click.echo(f"{time.monotonic() - began:4.0f} s  {line}", err=True)


def _drawn(folder: Path) -> Path:
    from ingest.scene import demo_scene, write

    path = folder / "scene.mp4"
    if not path.is_file():
        click.echo("drawing a scene", err=True)
        write(demo_scene(), path, seconds=DRAWN_S)
    return path


def _show(scores: "Sequence[Score]", *, as_json: bool) -> None:
    """A line a fault, then what went wrong."""
    from app.tables import show
    from vidette.text import plain

    if as_json:
        for score in scores:
            click.echo(_row(score))
        return
    rows = [
        (
            score.fault,
            score.said or "-",
            _seconds(score.told_s),
            _seconds(score.start_s),
            _seconds(score.recovered_s),
            "yes" if score.honest else "NO",
            "ok" if score.passed else "FAILED",
        )
        for score in scores
    ]
    columns = ("fault", "*what Vidette said", ">told after", ">start off by", ">back after", "ledger honest", "")
    show("simulated faults", columns, rows, "no faults")
    for score in scores:
        for problem in score.problems:
            click.echo(plain(f"{score.fault}: {problem}"))
    passed = sum(score.passed for score in scores)
    click.echo(f"{passed} of {len(scores)} as expected")


def _row(score: "Score") -> str:
    import json
    from dataclasses import asdict

    row = {key: value for key, value in asdict(score).items() if value is not None}
    return json.dumps({**row, "passed": score.passed})


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
