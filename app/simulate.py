"""`vidette simulate`: breaks cameras of its own and says what was noticed, when, and whether the ledger is honest."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import json_option

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
@json_option
def simulate(clip: Path | None, faults: tuple[str, ...], keep: Path | None, as_json: bool) -> int:
    """Break simulated cameras, and score what Vidette says of it.

    Starts RTSP servers on this machine, one camera a fault, and a watch of all of them in a folder of its own; kills,
    stops and changes them; then compares events and coverage with what was done. Needs GStreamer's RTSP server and ffmpeg.
    The exit code is 1 if any line fails.
    """
    import signal
    import tempfile

    from app.simulation.camera import missing
    from app.simulation.faults import chosen
    from app.simulation.stage import Stage, clips_of
    from vidette.errors import ConfigError

    cameras, whole = chosen(faults)
    if lacking := missing():
        raise ConfigError(lacking)
    with tempfile.TemporaryDirectory(prefix="vidette-simulate-") as temporary:
        folder = keep or Path(temporary)
        (folder / "watch").mkdir(parents=True, exist_ok=True)
        clips = clips_of(clip or _drawn(folder), folder)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing of ours is left running
        stage = Stage(folder / "watch", clips, cameras, tell=_teller())
        scores = stage.run(whole)
    _show(scores, as_json=as_json)
    return int(not all(score.passed for score in scores))


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
    from app.tables import plain, show

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
