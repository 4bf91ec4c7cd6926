"""Every id has one number, kept in `names` for ever: relations are between numbers."""

from collections.abc import Iterable

from graph.rows import Connection, many
from vidette.errors import StoreError
from vidette.models import Observation


def known(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    """The numbers of those of the ids that have one."""
    found = connection.execute("SELECT id, seq FROM names WHERE id IN (SELECT value FROM json_each(?))", (many(ids),))
    return dict(tuple(row) for row in found)


def number(connection: Connection, ids: Iterable[str]) -> tuple[dict[str, int], int]:
    """The number of each id, given in order where it had none; and the first of those given. Raises StoreError."""
    asked = list(dict.fromkeys(ids))
    for id_ in asked:
        if "\0" in id_:  # SQLite's JSON ends a text there
            raise StoreError(f"id {id_!r} holds a NUL; make ids without")
    numbers = known(connection, asked)
    first = 1 + connection.execute("SELECT coalesce(max(seq), 0) FROM names").fetchone()[0]
    given = {id_: first + at for at, id_ in enumerate([one for one in asked if one not in numbers])}
    connection.executemany("INSERT INTO names (id, seq) VALUES (?, ?)", given.items())
    return numbers | given, first


def listed(numbers: Iterable[int]) -> str:
    """A list of numbers as one parameter for `IN (SELECT value FROM json_each(?))`."""
    return f"[{','.join(map(str, numbers))}]"


def spoken(observation: Observation) -> Iterable[str]:
    """Every id that an observation names: its events and what is said of them first, since these are sorted most."""
    for said in observation.assertions:
        yield said.of or said.id
        yield said.id
    for said in observation.assertions:
        if said.segment_id is not None:
            yield said.segment_id
        for role in said.roles:
            yield from (id_ for id_ in (role.track_id, role.entity_id) if id_ is not None)
    if observation.segment_id is not None:
        yield observation.segment_id
    yield from (track.id for track in observation.tracks)
    yield from (entity.id for entity in observation.entities)
    for segment in observation.segments:
        yield segment.id
        yield from (frame.id for frame in segment.keyframes)
        yield from segment.track_ids
    yield from (one.id for one in observation.embeddings)
    yield observation.id
