"""`vidette graph`: memory as GraphML, as a dump, out of one, and from one store into another."""

from typing import TYPE_CHECKING

import click

from app.options import make_filter, memory_options, place_options
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from graph.dump.tally import Tally
    from vidette.queries import Filter

_resume = click.option("--resume", is_flag=True, help="Go on where the same move was interrupted.")
_quiet = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")


@click.group()
def graph() -> None:
    """Export the graph; move memory between stores."""


@graph.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@memory_options
@place_options
@click.option("--limit", type=click.IntRange(1, 10_000_000), help="GraphML: at most so many nodes.  [default: 100000]")
@click.option("--out", type=click.Path(dir_okay=False), hidden=True, help="The same as FILE.")
@_quiet
def export(
    file: str | None,
    db: str | None,
    config: str | None,
    streams: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int | None,
    out: str | None,
    *,
    quiet: bool,
) -> None:
    """Write all of memory, or the graph of a part of it, to FILE.

    A name that ends in .jsonl (or .jsonl.gz) makes a dump of all that memory holds, for `vidette graph import`; any other makes GraphML, for Gephi, yEd or NetworkX.
    """
    from pathlib import Path

    if (file is None) == (out is None):
        raise ConfigError("which file to write? name one: vidette graph export FILE.jsonl, or FILE.graphml")
    path = Path(file or out or "")
    if not _is_dump(path):
        _graphml(path, db, config, {"streams": streams, "since": since, "until": until}, limit or 100_000)
        return
    if streams or since or until or limit:
        raise ConfigError("a dump holds all of memory; leave --stream, --since, --until and --limit out")
    _dump(path, db, config, quiet=quiet)


def _is_dump(path: "Path") -> bool:
    return path.name.lower().endswith((".jsonl", ".jsonl.gz"))


def _graphml(
    path: "Path", db: str | None, config: str | None, part: dict[str, "str | tuple[str, ...] | None"], limit: int
) -> None:
    from app.memory import opened
    from app.writing import writable
    from graph.graphml import write_graphml
    from vidette.queries import WholeGraph

    with opened(db, config) as memory:
        where: Filter = make_filter(memory.settings, **part)
        found = memory.store.read(WholeGraph(where=where, limit=limit))
    with writable(path) as handle:
        write_graphml(found, handle)
    click.echo(f"{path}: {len(found.nodes)} nodes, {len(found.edges)} relations")


def _dump(path: "Path", db: str | None, config: str | None, *, quiet: bool) -> None:
    from app.memory import settings_of
    from app.move_line import MoveLine
    from app.writing import writable
    from graph.dump.carrying import export as write_dump
    from graph.dump.file import is_packed
    from workers.moving import moved_memory

    with moved_memory(settings_of(db, config)) as memory, MoveLine(quiet=quiet) as line, writable(path) as handle:
        tally = write_dump(memory, handle, packed=is_packed(path), progress=line)
    _say(str(path), tally)


@graph.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@memory_options
@_resume
@_quiet
def import_(file: str, db: str | None, config: str | None, *, resume: bool, quiet: bool) -> None:
    """Read a dump into an empty memory, and verify that all of it is there."""
    from pathlib import Path

    from app.memory import settings_of
    from app.move_line import MoveLine
    from graph.dump.carrying import take
    from graph.dump.file import DumpFile
    from workers.moving import moved_memory

    settings = settings_of(db, config)
    DumpFile(Path(file)).head()  # what is no dump makes no memory
    with moved_memory(settings, into=True) as memory, MoveLine(quiet=quiet) as line:
        tally = take(Path(file), memory, resume=resume, progress=line)
    _say(memory.address, tally)


@graph.command()
@click.option("--from", "origin", metavar="DB", required=True, help="Memory to move: a path, or an address of Neo4j.")
@click.option("--to", "target", metavar="DB", required=True, help="Empty memory that takes it.")
@click.option("--config", metavar="FILE", help="Settings; default: vidette.yml here, if there is one.")
@_resume
@_quiet
def migrate(origin: str, target: str, config: str | None, *, resume: bool, quiet: bool) -> None:
    """Copy all of a memory into an empty one, and verify that it holds the same.

    The first is left as it is. End what writes to it before: watches, workers, deliveries.
    """
    from app.memory import settings_of
    from app.move_line import MoveLine
    from graph.dump.carrying import migrate as carry
    from workers.moving import moved_memory

    given, wanted = settings_of(origin, config), settings_of(target, config)
    with moved_memory(given) as source, moved_memory(wanted, into=True) as memory, MoveLine(quiet=quiet) as line:
        if source.address == memory.address:
            raise ConfigError(f"{target!r} is the memory that is to be moved; name another with --to")
        tally = carry(source, memory, resume=resume, progress=line)
    _say(memory.address, tally)


def _say(where: str, tally: "Tally") -> None:
    """What is there now, a kind a line."""
    from graph.dump.tally import present
    from vidette.text import plain

    for kind, count in present(tally.counts).items():
        click.echo(f"{count:>12,}  {kind}")
    click.echo(plain(f"{where}: {sum(tally.counts.values()):,} records, verified"))
