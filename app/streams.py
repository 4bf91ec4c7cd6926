"""`vidette streams`: files and how far each was watched; cameras and how each is."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options

if TYPE_CHECKING:
    from app.cameras import CameraRow
    from vidette.rows import StreamRow


@click.command()
@memory_options
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream (repeatable).")
@json_option
def streams(**given: Any) -> None:
    """Files and how far each was watched; cameras and how each is.

    \b
    fps      pictures a second that arrive      retries  how often it was connected to again
    last     age of the newest picture          today    share of today that was watched
    delay    from a picture to its look         missed   share of quiet time in which the gate misses
                                                         something (95 % interval, by its audits)
    """
    from app.cameras import cameras
    from app.memory import opened
    from app.options import zone
    from app.picture_clock import suggestions, with_clocks
    from vidette.queries import Streams

    with opened(given["db"], given["config"]) as memory:
        tz = zone(memory.settings)
        rows = with_clocks(memory.store.read, memory.store.read(Streams(names=tuple(given["streams"]))), tz)
        found = {row.id: row for row in cameras(memory.store.read, rows, datetime.now(UTC), tz)}
    if given["as_json"]:
        _print_json(rows, found)
        return
    from app import tables
    from app.camera_table import show_cameras
    from vidette.text import plain

    if found:
        show_cameras(list(found.values()))
    files = [row for row in rows if row.id not in found]
    if files or not found:
        tables.streams(files, tz)
    for said in suggestions(rows, tz):
        click.echo(plain(said), err=True)


def _print_json(rows: "list[StreamRow]", found: "dict[str, CameraRow]") -> None:
    from vidette.codec import line

    for row in rows:
        click.echo(line(found.get(row.id, row)))
