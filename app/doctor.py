"""`vidette doctor`: proves the chain on this machine, and says what the extras lack."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import memory_options

if TYPE_CHECKING:
    from vidette.settings import Settings
    from workers.wiring import Pipeline

SECONDS = 8.0


@click.command()
@memory_options
def doctor(db: str | None, config: str | None) -> int:
    """Prove that Vidette works here.

    Draws a scene, decodes and watches it, reads it back, asks about it and writes a page; then says what each extra
    lacks. The exit code is 0 only if all of that works.
    """
    import tempfile

    from app.memory import settings_of

    settings = settings_of(db, config)
    with tempfile.TemporaryDirectory(prefix="vidette-doctor-") as folder:
        good = _all(settings, Path(folder))
    _extras()
    click.echo("Vidette works here." if good else "Vidette does not work here; the first line marked FAILED says why.")
    return int(not good)


def _all(settings: "Settings", folder: Path) -> bool:
    chain = Chain(settings=settings, folder=folder)
    good = True
    for name, step in chain.steps():
        began = time.monotonic()
        try:
            said, mark = step(), "ok"
        except Exception as error:  # noqa: BLE001  the edge: whatever is wrong is what was asked for
            said, mark, good = f"{type(error).__name__}: {error}", "FAILED", False
        click.echo(f"{mark:7}{name:12}{said} ({time.monotonic() - began:.1f} s)")
        if not good and name in CANNOT_GO_ON:
            break
    chain.close()
    return good


CANNOT_GO_ON = {"libraries", "draw", "watch"}


@dataclass(slots=True, kw_only=True)
class Chain:
    """The steps from a picture to an answer, each on what the one before left."""

    settings: "Settings"
    folder: Path
    pipeline: "Pipeline | None" = None

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Names and steps, in order; a step says what it found or raises."""
        yield "python", python
        yield "libraries", libraries
        yield "memory", self.place
        yield "draw", self.draw
        yield "decode", self.decode
        yield "watch", self.watch
        yield "read", self.read
        yield "ask", self.ask
        yield "report", self.report

    def place(self) -> str:
        """Whether memory can be kept where the settings say."""
        import shutil

        from workers.wiring import db_path, served, store_of

        if served(self.settings):
            store_of(self.settings).close()
            return f"{self.settings.db} answers"
        path = db_path(self.settings)
        there = next(folder for folder in path.absolute().parents if folder.exists())
        (probe := there / f".vidette-doctor-{self.folder.name}").touch()
        probe.unlink()
        return f"{path} can be kept, {shutil.disk_usage(there).free / 1e9:.0f} GB free"

    def draw(self) -> str:
        """A few seconds of a drawn scene as a video file."""
        from ingest.scene import demo_scene, write

        write(demo_scene(), self.clip, seconds=SECONDS)
        return f"{self.clip.stat().st_size / 1000:.0f} kB of H.264"

    @property
    def clip(self) -> Path:
        """The drawn file."""
        return self.folder / "scene.mp4"

    def decode(self) -> str:
        """Every sampled frame of it, with times that rise."""
        from ingest.open import open_source

        source = open_source([self.clip], sample="5", reader=self.settings.reader)
        try:
            times = [frame.pts_s for frame in source.frames()]
        finally:
            source.close()
        if len(times) < SECONDS * 4 or times != sorted(set(times)):
            raise RuntimeError(f"{len(times)} frames of {SECONDS:.0f} s at 5 a second; the decoder is not sound")
        return f"{len(times)} frames of {SECONDS:.0f} s by {self.settings.reader}"

    def watch(self) -> str:
        """The whole flow, into a memory of its own."""
        from app.tables import many
        from ingest.sources import expand
        from workers.inline import watch_sources
        from workers.wiring import pipeline_of

        own = self.settings.model_copy(update={"db": str(self.folder / "v.db"), "media": ""})
        self.pipeline = pipeline_of(own)
        (outcome,) = watch_sources(self.pipeline, expand([str(self.clip)], name="doctor").specs)
        if outcome.status != "watched" or not outcome.tracks:
            raise RuntimeError(f"{outcome.status}, {outcome.tracks} tracks: {outcome.error or 'something moves there'}")
        speed = outcome.watched_s / outcome.wall_s
        return f"{many(outcome.tracks, 'track')}, {many(outcome.events, 'event')}, {speed:.0f}x real time"

    def read(self) -> str:
        """What was written is there, and coverage tiles the time."""
        from app.tables import many
        from vidette.queries import Count, CoverageIn

        store = self._ready().store
        events = store.read(Count(of="events"))
        seconds = sum(row.end_s - row.start_s for row in store.read(CoverageIn()) if row.state == "watched")
        if not events or seconds < SECONDS - 1:
            raise RuntimeError(f"{events} events and {seconds:.1f} s watched in memory")
        return f"{many(events, 'event')}, {seconds:.1f} s watched"

    def ask(self) -> str:
        """A question whose number must be the one in memory."""
        from datetime import UTC, datetime

        from agent.ask.ask import ask

        answer = ask("how many things entered?", self._ready().store, now=datetime.now(UTC), tz=UTC)
        if answer.unknown or not answer.claims:
            raise RuntimeError(f"answered {answer.answer!r}")
        return answer.answer

    def report(self) -> str:
        """An HTML page of it."""
        from datetime import UTC

        from agent.report.page import page
        from agent.report.report import Request, build

        ready = self._ready()
        return f"{len(page(build(ready.store, ready.media, Request(tz=UTC)))) / 1000:.0f} kB of HTML"

    def _ready(self) -> "Pipeline":
        if self.pipeline is None:
            raise RuntimeError("nothing was watched")
        return self.pipeline

    def close(self) -> None:
        """Close the memory."""
        if self.pipeline:
            self.pipeline.close()


def python() -> str:
    """The interpreter."""
    return f"{sys.version.split()[0]} at {sys.executable}"


def libraries() -> str:
    """Every library of the core, with its version; cv2 must be the headless one's."""
    from app.extras import core, installed

    versions = {name: installed(name) for name in core()}
    absent = [name for name, found in versions.items() if found is None]
    if absent:
        raise RuntimeError(f"{', '.join(absent)} missing; pip install vidette")
    windowed = [name for name in ("opencv-python", "opencv-contrib-python") if installed(name)]
    if windowed:
        raise RuntimeError(
            f"{windowed[0]} overwrites opencv-python-headless; pip uninstall {windowed[0]}, "
            "then pip install --force-reinstall opencv-python-headless"
        )
    return ", ".join(f"{name} {found}" for name, found in versions.items())


def _extras() -> None:
    from app.extras import FOR, missing

    for extra, absent in missing():
        if absent:
            click.echo(
                f"extra  {extra:12}for {FOR[extra]}: pip install 'vidette[{extra}]' (missing: {', '.join(absent)})"
            )
        else:
            click.echo(f"extra  {extra:12}for {FOR[extra]}: installed")
