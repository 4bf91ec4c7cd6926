"""A memory that is being moved into: nobody else opens it before all of it is there.

How far that is stands beside what was written, in the same transaction: a move that was interrupted goes on there.
"""

from collections.abc import Mapping

from graph.rows import Connection
from vidette.errors import StoreError

_TABLE = "CREATE TABLE moving (source TEXT NOT NULL, kind TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT"
_HALF = (
    "it holds half of what is being moved into it; wait until that is done, or go on with --resume where it was"
    " interrupted"
)


def refuse_half(half: object) -> None:
    """Raises StoreError where `half` is true: memory is not whole yet."""
    if half:
        raise StoreError(_HALF)


def is_half(connection: Connection) -> bool:
    """Whether a file of memory is being moved into."""
    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'moving'"
    return connection.execute(asked).fetchone() is not None


def moved(connection: Connection) -> tuple[str, dict[str, int]]:
    """From where it is moved, and how many records of each kind are here."""
    found = connection.execute("SELECT source, kind, count FROM moving").fetchall()
    return next((row[0] for row in found), ""), {row[1]: row[2] for row in found if row[1]}


def begin(connection: Connection, source: str) -> None:
    """From now on it is moved into."""
    connection.execute(_TABLE)
    connection.execute("INSERT INTO moving VALUES (?, '', 0)", (source,))


def note(connection: Connection, source: str, counts: Mapping[str, int]) -> None:
    """So many of these kinds are here."""
    connection.executemany(
        "INSERT INTO moving VALUES (?, ?, ?) ON CONFLICT (kind) DO UPDATE SET count = excluded.count",
        [(source, kind, count) for kind, count in counts.items()],
    )


def end(connection: Connection) -> None:
    """All of it is here."""
    connection.execute("DROP TABLE moving")
