"""Tables of the embedded store, as steps from one version to the next.

Properties are named as the graph's (design §8), maps end in `_json`; `start`, `end`, `at` are instants
in integer milliseconds, `start_pts`, `end_pts`, `pts` media seconds. `size` is the bit length of a row's
duration in ms (`OPEN` while it has no end): long rows of one size that may reach into a window are a range
of `(size, start)`, so an overlap needs no scan. `present` is 0 on what a new watch has not said again.
"""

import sqlite3

from graph.alerting import ALERTS, TROUBLES
from graph.first import FIRST
from graph.lanes import LANES
from graph.likeness import LIKENESS
from graph.living import LIVING
from graph.looking import LOOKING, LOOKS_NEAR
from graph.monitoring import MONITORING
from graph.numbering import NUMBERING
from graph.patterning import PATTERNS
from graph.shaping import SHAPING
from graph.sorts import SORTS
from graph.words import WORDS
from vidette.errors import StoreError

APPLICATION_ID = 0x56494454  # "VIDT", in the header of every file that is ours
OPEN = 64

STEPS: tuple[str, ...] = (
    FIRST,
    "".join((ALERTS, NUMBERING, WORDS, SHAPING, SORTS, LANES)),
    MONITORING,
    LOOKING,
    LIKENESS,
    "ALTER TABLE segments ADD COLUMN backdrop TEXT;",
    TROUBLES,
    LIVING,
    PATTERNS,
    "ALTER TABLE streams ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;",
    LOOKS_NEAR,
)
"""What brings a file from version i to i + 1; a step that shipped is never edited."""


def version(connection: sqlite3.Connection) -> int:
    """How many steps the file has taken. Raises StoreError for another program's file or a newer version's."""
    used, owner, found = _header(connection)
    if used and owner != APPLICATION_ID:
        raise StoreError("a database of another program; name another file with --db")
    if found > len(STEPS):
        raise StoreError(
            f"written by a newer Vidette: its schema is version {found}, this one knows {len(STEPS)}; update Vidette"
        )
    return found


def _header(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many tables, whose file, how many steps: of one moment, since another process may be making the file now."""
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    return int(used), int(owner), int(found)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to this version, all steps or none. Raises StoreError as `version` does."""
    if version(connection) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[version(connection) :]:  # read again: another process may have been first
            for statement in statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute(f"PRAGMA user_version = {len(STEPS):d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already (sqlite.org/lang_transaction.html)
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> list[str]:
    """The statements of a script: `executescript` would commit between them."""
    out, text = [], ""
    for row in script.splitlines(keepends=True):
        text += row
        if text.strip() and sqlite3.complete_statement(text):
            out.append(text.strip())
            text = ""
    return out
