"""`vidette import`: timed captions of others, kept as one deep look's words."""

from typing import TYPE_CHECKING

import click

from app.options import memory_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ingest.captions import TimedCaption
    from vidette.ports import GraphStore
    from vidette.streams import Stream


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False), metavar="FILE…")
@memory_options
@click.option(
    "--name", help="Stream that captions without one belong to; default: the file's name and a tag of its content."
)
@click.option(
    "--start-time", metavar="TIME", help="When media time 0 was, for a stream that is new; default: file time."
)
@click.option("--tz", metavar="ZONE", help="Time zone of times without one (Europe/Paris).")
def import_(
    files: tuple[str, ...], db: str | None, config: str | None, name: str | None, start_time: str | None, tz: str | None
) -> None:
    """Take in timed captions of others (JSON, SRT, WebVTT).

    JSON is rows of {start, end, text} and, if known, type, label and stream. A stream that was watched keeps what was seen and gains what is said of it; the same file twice changes nothing.
    """
    from pathlib import Path

    from app.memory import settings_of
    from app.options import instant
    from workers.wiring import store_of

    settings = settings_of(db, config, tz=tz)
    start = instant(start_time, settings) if start_time else None
    store = store_of(settings)
    try:
        for file in files:
            captions, streams, new = take_in(store, Path(file), name, start)
            again = "" if new else "; all of it was there before"
            click.echo(f"{file}: {captions} captions of {streams} {'stream' if streams == 1 else 'streams'}{again}")
    finally:
        store.close()


def take_in(store: "GraphStore", file: "Path", name: str | None, start: "datetime | None") -> tuple[int, int, int]:
    """Settle a captions file; -> (captions, streams, observations that were new). Raises SourceError, StoreError."""
    import hashlib

    from graph.imported import observation_of
    from ingest.captions import read_captions
    from vidette.ids import content_tag

    captions = read_captions(file)
    revision = hashlib.sha256(file.read_bytes()).hexdigest()
    default = name or f"{file.stem}-{content_tag(file)}"
    grouped: dict[str, list[TimedCaption]] = {}
    for caption in captions:
        grouped.setdefault(caption.stream or default, []).append(caption)
    new = 0
    for title, rows in grouped.items():
        stream = _stream(store, title, rows, file, start)
        new += store.settle(observation_of(stream, rows, revision=revision))
    return len(captions), len(grouped), new


def _stream(
    store: "GraphStore", name: str, rows: "Sequence[TimedCaption]", file: "Path", start: "datetime | None"
) -> "Stream":
    """The stream of that name as it is known, else a new one."""
    from datetime import UTC, datetime

    from vidette.ids import stream_id
    from vidette.queries import StreamOf
    from vidette.streams import Stream

    known = store.read(StreamOf(name=name))
    if known:
        return known
    stream = Stream(
        id=stream_id(name),
        name=name,
        kind="import",
        uri=str(file),
        start=start or datetime.fromtimestamp(int(file.stat().st_mtime), UTC),
        start_from="option" if start else "file time",
        duration_s=max(row.duration_s or row.end_s for row in rows),
    )
    store.open_stream(stream)
    return stream
