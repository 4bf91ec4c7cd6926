"""`vidette clip`: an event as a video file, cut without re-encoding."""

from typing import TYPE_CHECKING

import click

from app.options import memory_options
from vidette.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from vidette.models import EventRow
    from vidette.ports import GraphStore

SHORTEST = 4


@click.command()
@click.argument("event")
@memory_options
@click.option(
    "--out", type=click.Path(dir_okay=False), required=True, help="File to write; its ending says the container."
)
@click.option(
    "--pad", "pad_s", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds before and after."
)
def clip(event: str, db: str | None, config: str | None, out: str, pad_s: float) -> None:
    """Cut an event out of its source, as a video file.

    EVENT is its id or the first characters of it. Nothing is encoded anew, so the file starts at a keyframe.
    """
    from pathlib import Path

    from app.memory import opened
    from app.tables import media, plain
    from ingest.clip import cut

    if not Path(out).absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out!r}: its folder is not there; make it, or choose another --out")
    with opened(db, config) as memory:
        row = find(memory.store, event)
        path, begins_s = place(memory.store, row)
    end_s = row.start_s if row.end_s is None else row.end_s
    done = cut(path, max(0.0, row.start_s - pad_s - begins_s), end_s + pad_s - begins_s, Path(out))
    window = f"{media(begins_s + done.start_s)} to {media(begins_s + done.end_s)}"
    click.echo(plain(f"{out}: {row.stream} from {window}, {row.type}: {row.caption}"))


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


def place(store: "GraphStore", row: "EventRow") -> "tuple[Path, float]":
    """The file that shows the event's start, and where in the stream's time that file begins.

    Raises StoreError where the stream was not watched from files, or they are gone.
    """
    from ingest.locator import paths_of
    from ingest.sources import expand
    from vidette.queries import StreamOf

    stream = store.read(StreamOf(name=row.stream))
    if stream is None or stream.kind != "file":
        raise StoreError(f"{row.stream!r} has no files to cut from; it is known from elsewhere")
    found = expand([str(path) for path in paths_of(stream.uri)], name=row.stream)
    if found.errors or not found.specs:
        raise StoreError(f"the source of {row.stream!r} cannot be read ({found.errors[0]}); put it back where it was")
    begun = [
        (path, at) for path, at in zip(found.specs[0].paths, found.specs[0].offsets_s, strict=True) if at <= row.start_s
    ]
    return begun[-1]
