"""`vidette clip`: an event, or a stretch of a stream, as a video file, cut without re-encoding."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from app.options import make_filter, memory_options
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from app.footage import Footage
    from app.memory import Memory
    from vidette.ports import GraphStore
    from vidette.queries import Filter
    from vidette.rows import EventRow
    from vidette.streams import Stream

SHORTEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What is to be cut, in media seconds of its stream, and what is shown there; it is about the moment `about_s`."""

    stream: "Stream"
    start_s: float
    end_s: float
    about_s: float
    what: str = ""


@click.command()
@click.argument("event", required=False)
@memory_options
@click.option("--stream", metavar="NAME", help="Without EVENT: the stream to cut from.")
@click.option("--since", metavar="TIME", help="Without EVENT: from this on; media time or clock, as for events.")
@click.option("--until", metavar="TIME", help="Without EVENT: up to this.")
@click.option(
    "--out", type=click.Path(dir_okay=False), required=True, help="File to write; its ending says the container."
)
@click.option(
    "--pad", "pad_s", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds before and after."
)
def clip(event: str | None, db: str | None, config: str | None, out: str, pad_s: float, **given: Any) -> None:
    """Cut an event out of its source, as a video file.

    EVENT is its id or the first characters of it. Nothing is encoded anew, so the file starts at a keyframe. Of a
    camera, what clips of alerts and recordings show can be cut.

    \b
    vidette clip 9cda1a20 --out event.mp4
    vidette clip --stream yard --since 2026-05-01T14:00 --until 2026-05-01T14:02 --out yard.mp4
    """
    from pathlib import Path

    from app.footage import write
    from app.memory import opened
    from vidette.text import plain

    if not Path(out).absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out!r}: its folder is not there; make it, or choose another --out")
    if (event is None) == (given["stream"] is None):
        raise ConfigError("give an EVENT, or --stream with --since and --until")
    with opened(db, config) as memory:
        cut = _asked(memory, given) if event is None else _around(memory, event, pad_s)
        done = write(memory, cut.stream, cut.start_s, cut.end_s, Path(out), about_s=cut.about_s)
        window = window_of(memory, cut.stream, done)
    click.echo(plain(f"{out}: {cut.stream.name} from {window}" + (f", {cut.what}" if cut.what else "")))
    if done.note:
        click.echo(done.note, err=True)


def _around(memory: "Memory", event: str, pad_s: float) -> Cut:
    row = find(memory.store, event)
    end_s = row.start_s if row.end_s is None else row.end_s
    return Cut(
        stream=stream_of(memory.store, row.stream),
        start_s=row.start_s - pad_s,
        end_s=end_s + pad_s,
        about_s=row.start_s,
        what=f"{row.type}: {row.caption}",
    )


def _asked(memory: "Memory", given: dict[str, Any]) -> Cut:
    stream = stream_of(memory.store, given["stream"])
    start_s, end_s = stretch(stream, make_filter(memory.settings, since=given["since"], until=given["until"]))
    return Cut(stream=stream, start_s=start_s, end_s=end_s, about_s=start_s)


def stream_of(store: "GraphStore", name: str) -> "Stream":
    """The stream of that name. Raises ConfigError."""
    from vidette.queries import StreamOf

    stream = store.read(StreamOf(name=name))
    if stream is None:
        raise ConfigError(f"no stream {name!r}; `vidette streams` lists them")
    return stream


def stretch(stream: "Stream", where: "Filter") -> tuple[float, float]:
    """The window in the stream's media time. Raises ConfigError where it has no beginning or no end."""
    start_s = (where.since - stream.start).total_seconds() if where.since else where.from_s
    end_s = (where.until - stream.start).total_seconds() if where.until else where.to_s
    if start_s is None or end_s is None:
        raise ConfigError("--stream needs --since and --until: from when to when to cut")
    return start_s, end_s


def window_of(memory: "Memory", stream: "Stream", done: "Footage") -> str:
    """From when to when a clip is: media time of files, the clock of cameras."""
    from app.options import zone
    from app.tables import clock, media

    if stream.kind != "live":
        return f"{media(done.start_s)} to {media(done.end_s)}"
    tz = zone(memory.settings)
    return f"{clock(stream.at(done.start_s), tz)} to {clock(stream.at(done.end_s), tz)}"


def find(store: "GraphStore", prefix: str) -> "EventRow":
    """The event whose id starts so. Raises ConfigError where there is none, or more than one."""
    from vidette.queries import Events, Filter

    exact = store.read(Events(where=Filter(ids=(prefix,), retracted=True)))
    if exact:
        return exact[0]
    if len(prefix) < SHORTEST:
        raise ConfigError(f"{prefix!r} is too short for an event's id; give {SHORTEST} characters or more")
    rows = [row for row in store.read(Events(limit=1_000_000)) if row.id.startswith(prefix.lower())]
    if len(rows) != 1:
        said = "no event has the id" if not rows else f"{len(rows)} events have ids that start with"
        raise ConfigError(f"{said} {prefix!r}; `vidette events` lists them")
    return rows[0]
