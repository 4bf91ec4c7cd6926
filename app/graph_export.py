"""`vidette graph export`: memory as GraphML, for Gephi, yEd or NetworkX."""

import click

from app.options import make_filter, memory_options, place_options


@click.group()
def graph() -> None:
    """Export the graph."""


@graph.command()
@memory_options
@place_options
@click.option(
    "--limit", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True, help="At most so many nodes."
)
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="File to write (GraphML).")
def export(
    db: str | None,
    config: str | None,
    streams: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    out: str,
) -> None:
    """Write the graph as GraphML."""
    from app.memory import opened
    from app.writing import writable
    from graph.graphml import write_graphml
    from vidette.queries import WholeGraph

    with opened(db, config) as memory:
        where = make_filter(memory.settings, streams=streams, since=since, until=until)
        found = memory.store.read(WholeGraph(where=where, limit=limit))
    with writable(out) as handle:
        write_graphml(found, handle)
    click.echo(f"{out}: {len(found.nodes)} nodes, {len(found.edges)} relations")
