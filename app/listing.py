"""`vidette events|tracks|entities|coverage`: rows of memory."""

from typing import TYPE_CHECKING, Any

import click

from app.options import filter_options, make_filter, memory_options

if TYPE_CHECKING:
    from vidette.queries import Query


def _list(what: str, given: dict[str, Any]) -> None:
    from app.memory import opened
    from app.options import zone

    as_json = given.pop("as_json")
    with opened(given.pop("db"), given.pop("config")) as memory:
        rows = memory.store.read(_query(what, memory.settings, given))
    if as_json:
        from vidette.codec import line

        for row in rows:
            click.echo(line(row))
        return
    from app.tables import TABLES

    TABLES[what](rows, zone(memory.settings))


def _query(what: str, settings: Any, given: dict[str, Any]) -> "Query[Any]":
    from vidette import queries

    limit = given.pop("limit", 100)
    where = make_filter(settings, **given)
    match what:
        case "events":
            return queries.Events(where=where, limit=limit)
        case "tracks":
            return queries.Tracks(where=where, limit=limit)
        case "entities":
            return queries.Entities(where=where, limit=limit)
        case _:
            return queries.CoverageIn(where=where, limit=limit)


@click.command()
@memory_options
@filter_options
def events(**given: Any) -> None:
    """What happened, in time order."""
    _list("events", given)


@click.command()
@memory_options
@filter_options
def tracks(**given: Any) -> None:
    """Things that were followed, in time order."""
    _list("tracks", given)


@click.command()
@memory_options
@click.option("--said", is_flag=True, help="What each look said of them, also where looks disagree.")
@filter_options
def entities(**given: Any) -> None:
    """Known things."""
    if not given.pop("said"):
        _list("entities", given)
        return
    from app.memory import opened
    from app.said import show_said

    with opened(given.pop("db"), given.pop("config")) as memory:
        as_json, limit = given.pop("as_json"), given.pop("limit")
        show_said(memory, make_filter(memory.settings, **given), limit, as_json=as_json)


@click.command()
@memory_options
@click.option("--cost", is_flag=True, help="What deep looks cost, by stream and hour, and what the gate missed.")
@filter_options
def coverage(**given: Any) -> None:
    """What was watched, examined, gated or missed, without gaps."""
    if not given.pop("cost"):
        _list("coverage", given)
        return
    from app.costs import show_costs
    from app.memory import opened

    with opened(given.pop("db"), given.pop("config")) as memory:
        as_json = given.pop("as_json")
        show_costs(memory, make_filter(memory.settings, **given), as_json=as_json)
