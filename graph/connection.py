"""Connections to one SQLite file: one a thread that reads and one that writes, or one shared and locked in memory."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph import schema
from vidette.errors import StoreError

BUSY_S = 30.0
CACHE_MB = 32  # of pages a connection, which random ids touch, at hand
_OURS = (sqlite3.Error, UnicodeEncodeError, OverflowError)


class _Kept:
    """A connection and the process that opened it: it must not cross a fork (sqlite.org/howtocorrupt.html §2.6)."""

    connection: sqlite3.Connection | None = None
    pid = 0


class Database:
    """A file (or `:memory:`) opened as often as threads need it. Raises StoreError where it cannot be used.

    Where the file or its folder may not be written it is only read, if `must_write` allows that. Each connection holds
    at most `cache_mb` of the file.
    """

    def __init__(self, path: Path | str, *, must_write: bool = True, cache_mb: int = CACHE_MB) -> None:
        self.path, self._cache_mb = path, cache_mb
        self._only_read = isinstance(path, Path) and os.path.isfile(path) and not _writable(path)
        self._local, self._writer = threading.local(), _Kept()
        self._lock = threading.RLock()
        self._opened: list[sqlite3.Connection] = []
        with self.faults(), self._closed_on_error():
            if "\0" in str(path):
                raise StoreError("no file can be called that; name another with --db")
            if must_write:
                self._check_writable()
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._shared = None if self.on_disk else self._open()
            self._begin(must_write=must_write)

    @property
    def on_disk(self) -> bool:
        """False for a store in memory."""
        return str(self.path) != ":memory:"

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: every statement inside sees the same moment."""
        with self._transaction("BEGIN", self._reader()) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, with the write lock from its start; rolled back on any error.

        One thread at a time (graph.group sees to it): all share a connection, whose pages stay at hand.
        """
        with self.faults():
            self._check_writable()
        with self._transaction("BEGIN IMMEDIATE", self._writer) as connection:
            yield connection

    @contextmanager
    def faults(self) -> Iterator[None]:
        """What SQLite or the file system refuses inside is a StoreError that names the file."""
        try:
            yield
        except StoreError as error:
            raise StoreError(f"memory {str(self.path)!r}: {error}", retryable=error.retryable) from error
        except _OURS as error:
            raise StoreError(f"memory {str(self.path)!r}: {_advice(error)}", retryable=_busy(error)) from error
        except OSError as error:
            raise StoreError(f"memory {str(self.path)!r}: {error.strerror}; name another file with --db") from error

    def close(self) -> None:
        """Close every connection that this process opened."""
        with self._lock:
            while self._opened:
                self._opened.pop().close()
            self._local, self._writer = threading.local(), _Kept()
            self._shared = None

    @contextmanager
    def _transaction(self, begin: str, kept: _Kept) -> Iterator[sqlite3.Connection]:
        with self.faults(), self._turn():
            connection = self._connection(kept)
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self.on_disk:
            yield
            return
        with self._lock:
            yield

    def _reader(self) -> _Kept:
        """That of this thread."""
        if not hasattr(self._local, "kept"):
            self._local.kept = _Kept()
        kept: _Kept = self._local.kept
        return kept

    def _connection(self, kept: _Kept) -> sqlite3.Connection:
        if self._shared is not None:
            return self._shared
        if not self.on_disk:
            raise StoreError("the store in memory was closed; open another")
        if kept.connection is None or kept.pid != os.getpid():
            kept.connection, kept.pid = self._open(), os.getpid()
        return kept.connection

    def _begin(self, *, must_write: bool) -> None:
        """Open the file and bring it up to date; on a full disk there is no room to, but it can be read."""
        try:
            schema.migrate(self._connection(self._reader()))
        except sqlite3.OperationalError as error:
            if must_write or self._only_read or not self.on_disk or _busy(error):
                raise
            self.close()
            self._only_read = True
            self._connection(self._reader())

    def _check_writable(self) -> None:
        if self._only_read:
            raise StoreError(f"the file or its folder may not be written; {_RIGHTS}")

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            _address(self.path) if self._only_read else self.path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            uri=self._only_read,
            cached_statements=512,
        )
        with self._lock:
            self._opened.append(connection)
        # Before anything is changed: the file may be another program's, or a newer Vidette's.
        taken = schema.version(connection)
        if self._only_read and taken < len(schema.STEPS):
            why = "written by an older Vidette, and may not be written to bring it up to date" if taken else _EMPTY
            raise StoreError(f"{why}; {_RIGHTS}")
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{self._cache_mb * 1024:d}")  # KiB
        connection.execute("PRAGMA secure_delete = FAST")  # overwrites what is deleted where that writes no more pages
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA wal_autocheckpoint = 16384")  # pages: those written again and again go once
        connection.execute("PRAGMA journal_size_limit = 67108864")  # a log that grew behind a long read shrinks again
        if self.on_disk and not self._only_read:
            _use_wal(connection)
        return connection


def _writable(path: Path) -> bool:
    """Whether the file may be written, and the files that SQLite keeps beside it."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=effective) for place in (path, path.absolute().parent))


def _address(path: Path | str) -> str:
    """A read-only URI (sqlite.org/uri.html).

    `immutable` where nobody has the file open for writing: otherwise SQLite would write an index of
    the write-ahead log beside it (sqlite.org/wal.html#read_only_databases).
    """
    log = Path(f"{path}-wal")
    mode = "mode=ro" if log.is_file() and log.stat().st_size else "mode=ro&immutable=1"
    return f"{Path(path).absolute().as_uri()}?{mode}"


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; the switch itself does not wait for others, so it is tried again."""
    deadline = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _advice(error: Exception) -> str:
    text = str(error).splitlines()[0]
    for sign, advice in _ADVICE.items():
        if sign in text:
            return f"{text}; {advice}"
    return text


_EMPTY = "nothing is in it, and nothing can be written into it (its rights, or a full disk)"
_RIGHTS = "change its rights or name another with --db"
_ADVICE = {
    "not a database": "it is damaged or of another kind; name another file with --db",
    "malformed": "it is damaged; restore a copy, or watch anew into another file with --db",
    "readonly": f"the file or its folder may not be written; {_RIGHTS}",
    "unable to open": "the file or its folder cannot be opened; check the path and its rights",
    "locked": "another process has held it too long; try again",
    "full": "make room and try again",
    "disk I/O error": "the disk fails, or no file may grow that large; check it, make room and try again",
}
