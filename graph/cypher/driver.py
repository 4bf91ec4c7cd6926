"""Transactions on a Neo4j server: retried where it asks for that, and its faults in one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired

from vidette.errors import ConfigError, StoreError

R = TypeVar("R")
Transaction = neo4j.ManagedTransaction
Row = dict[str, Any]
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_RETRY_S = 30.0
_TIMEOUT_S = 120.0
"""The server ends a transaction that takes longer."""


class Server:
    """A database of a Neo4j server; every method raises StoreError, `retryable` where it may be there again soon."""

    def __init__(self, uri: str, user: str = "", password: str = "", *, database: str = "neo4j") -> None:
        self.address = address_of(uri)
        self._database = database
        with self.faults():
            self._driver = neo4j.GraphDatabase.driver(
                uri,
                auth=(user, password) if user else None,
                connection_acquisition_timeout=_RETRY_S,
                max_transaction_retry_time=_RETRY_S,
                connection_timeout=5.0,
                user_agent="Vidette",
                notifications_min_severity="OFF",
            )
        try:
            with self.faults():
                self._driver.verify_connectivity()
        except StoreError:
            self._driver.close()
            raise

    def read(self, act: Callable[[Transaction], R]) -> R:
        """What `act` gives in a transaction that only reads; it may be called again."""
        with self.faults(), self._session(neo4j.READ_ACCESS) as session:
            return session.execute_read(_bounded(act))

    def write(self, act: Callable[[Transaction], R]) -> R:
        """What `act` gives, once that is committed; it is called again after a deadlock."""
        with self.faults(), self._session(neo4j.WRITE_ACCESS) as session:
            return session.execute_write(_bounded(act))

    def run(self, statement: str) -> None:
        """One statement by itself, as changes of the schema need."""
        with self.faults(), self._session(neo4j.WRITE_ACCESS) as session:
            session.run(statement).consume()

    def close(self) -> None:
        """Let the server go."""
        self._driver.close()

    @contextmanager
    def faults(self) -> Iterator[None]:
        """What the server or the way to it refuses inside is a StoreError that names it."""
        try:
            yield
        except StoreError as error:
            named = str(error).startswith(f"memory {self.address}: ")
            raise StoreError(
                str(error) if named else f"memory {self.address}: {error}", retryable=error.retryable
            ) from error
        except AuthError as error:
            raise StoreError(
                f"memory {self.address}: it refuses the name or password; set neo4j.user and neo4j.password"
            ) from error
        except (ServiceUnavailable, SessionExpired) as error:
            raise StoreError(
                f"memory {self.address}: no Neo4j answers there; start it, or name another with --db", retryable=True
            ) from error
        except Neo4jError as error:
            raise StoreError(f"memory {self.address}: {error.message}", retryable=error.is_retryable()) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise StoreError(f"memory {self.address}: {error}") from error
        except (DriverError, OSError) as error:
            raise StoreError(
                f"memory {self.address}: {error}", retryable=getattr(error, "is_retryable", bool)()
            ) from error

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(database=self._database, default_access_mode=access)


def _bounded(act: Callable[[Transaction], R]) -> Callable[[Transaction], R]:
    @neo4j.unit_of_work(timeout=_TIMEOUT_S)
    def work(transaction: Transaction) -> R:
        return act(transaction)

    return work


def rows(transaction: Transaction, statement: str, **values: Any) -> list[Row]:
    """What a statement gives; nothing, without asking, where the list it goes through is empty.

    Its text is fixed in our code; everything else is a parameter.
    """
    return [] if _idle(values) else transaction.run(statement, values).data()


def one(transaction: Transaction, statement: str, **values: Any) -> Row | None:
    """The first row that a statement gives."""
    found = rows(transaction, statement, **values)
    return found[0] if found else None


def do(transaction: Transaction, statement: str, **values: Any) -> None:
    """Run a statement for what it changes; where the list it goes through is empty, that is nothing."""
    if not _idle(values):
        transaction.run(statement, values).consume()


def _idle(values: Row) -> bool:
    return any(values.get(name) == [] for name in ("rows", "pairs", "ids", "keys"))


def address_of(uri: str) -> str:
    """Scheme, host and port, without what may be secret. Raises ConfigError for what is no Neo4j URI."""
    parts = urlsplit(uri)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in SCHEMES or not parts.hostname or port == -1:
        raise ConfigError(
            f"{parts.scheme or 'it'}:// is no Neo4j address; write bolt://host:7687 or neo4j+s://host:7687"
        )
    if parts.username or parts.password:
        raise ConfigError("a Neo4j address with a name or password; set neo4j.user and neo4j.password instead")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
