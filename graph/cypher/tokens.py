"""Words as full-text search knows them: those of SQLite's `porter unicode61`, so that both stores find the same."""

import sqlite3
import threading

_LOCAL = threading.local()


def tokens(text: str) -> str:
    """The stems of a text in order, with a space between."""
    connection = _connection()
    connection.execute("DELETE FROM said")
    connection.execute("INSERT INTO said (rowid, words) VALUES (1, ?)", (text.replace("\0", " "),))
    return " ".join(row[0] for row in connection.execute("SELECT term FROM told ORDER BY offset"))


def _connection() -> sqlite3.Connection:
    if not hasattr(_LOCAL, "connection"):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("CREATE VIRTUAL TABLE said USING fts5 (words, tokenize='porter unicode61')")
        connection.execute("CREATE VIRTUAL TABLE told USING fts5vocab (said, 'instance')")
        _LOCAL.connection = connection
    found: sqlite3.Connection = _LOCAL.connection
    return found
