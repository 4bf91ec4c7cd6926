"""`vidette entities --said`: what each look of each run said of a thing, also where they disagree."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from app.tables import many, media, short, show

if TYPE_CHECKING:
    from app.memory import Memory
    from vidette.looks import Description
    from vidette.queries import Filter
    from vidette.rows import EntityRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow:
    """An entity, what it is taken for, and everything that was said of it."""

    entity: "EntityRow"
    said: "tuple[Description, ...]"


def show_said(memory: "Memory", where: "Filter", limit: int, *, as_json: bool) -> None:
    """Print the entities that match with what was said of each."""
    from vidette.codec import line
    from vidette.looks import SaidOf
    from vidette.queries import Entities

    read = memory.store.read
    things = read(Entities(where=where, limit=limit))
    rows = [SaidRow(entity=one, said=tuple(read(SaidOf(entity_id=one.id)))) for one in things]
    if as_json:
        for row in rows:
            click.echo(line(row))
        return
    columns = ("id", "taken for", "look", "model", ">from", "said", "*words")
    cells = [(short(row.entity.id), str(row.entity.label), *_cells(one)) for row in rows for one in row.said]
    show(many(len(things), "entity", "entities"), columns, cells, "no entities here")


def _cells(one: "Description") -> tuple[str, ...]:
    attributes = ", ".join(f"{name} {value}" for name, value in one.attributes.items())
    words = "; ".join(filter(None, (one.name, one.description, attributes)))
    return one.look, one.run.model, media(one.start_s), str(one.label), words
