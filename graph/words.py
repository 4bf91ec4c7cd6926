"""What full-text search finds rows by, brought up to date once a transaction.

FTS5 writes its index out whenever a statement begins that may have to be undone: a trigger that indexed row by row wrote
one small index a row, which were merged later. Triggers only note here which rows are new, gone or said differently.
"""

import sqlite3
from dataclasses import fields, is_dataclass

from vidette.queries import Filter

_THINGS = ("event", "segment")
_NOTED = """
CREATE TABLE $thing_news (seq INTEGER PRIMARY KEY, old TEXT) STRICT;
CREATE TRIGGER $thing_words_in AFTER INSERT ON $things BEGIN
    INSERT OR IGNORE INTO $thing_news VALUES (new.seq, NULL);
END;
CREATE TRIGGER $thing_words_out AFTER DELETE ON $things BEGIN
    INSERT OR IGNORE INTO $thing_news VALUES (old.seq, old.words);
END;
CREATE TRIGGER $thing_words_moved AFTER UPDATE OF words ON $things WHEN old.words IS NOT new.words BEGIN
    INSERT OR IGNORE INTO $thing_news VALUES (old.seq, old.words);
END;
"""
WORDS = "".join(_NOTED.replace("$thing", thing) for thing in _THINGS)
"""A part of the second step of the schema. `old` is what a row is found by, NULL: nothing yet."""

_DUE = "SELECT count(*), count(old) FROM $thing_news"
_OUT = (
    "INSERT INTO $thing_words ($thing_words, rowid, words)"
    " SELECT 'delete', seq, old FROM $thing_news WHERE old IS NOT NULL"
)
_IN = (
    "INSERT INTO $thing_words (rowid, words)"
    " SELECT t.seq, t.words FROM $thing_news n CROSS JOIN $things t ON t.seq = n.seq"
)
_DONE = "DELETE FROM $thing_news"


def asked(query: object) -> bool:
    """Whether a query looks for words."""
    if not is_dataclass(query):
        return False
    given: list[object] = [getattr(query, field.name) for field in fields(query)]
    filters = [one for value in given for one in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(one, Filter) and one.text for one in filters)


def index(connection: sqlite3.Connection) -> None:
    """Make what was written in this transaction found by its words; call it last, and before anyone looks for some."""
    for thing in _THINGS:
        noted, known = connection.execute(_DUE.replace("$thing", thing)).fetchone()
        for statement, needed in ((_OUT, known), (_IN, noted), (_DONE, noted)):
            if needed:
                connection.execute(statement.replace("$thing", thing))
