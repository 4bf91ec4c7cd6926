"""Transactions on a Neo4j server: retried where it asks for that, and its faults in one line."""

import random
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypedDict, TypeVar
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired, TransientError

from vidette.errors import ConfigError, StoreError

R = TypeVar("R")
Row = dict[str, Any]
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
TIMEOUT_S = 120.0
_RETRY_S = 30.0
_LISTS = ("rows", "pairs", "ids", "keys")
"""Parameters that a statement goes through; where one is empty, it does nothing."""
KEPT = "CYPHER replan=skip "
"""Before a text whose plan never depends on how much there is: the server makes it once, not anew as memory grows.

Planning one that changes much takes longer than a hundred runs of it, and in a young memory it was done all the time.
"""
_PARAMETER = re.compile(r"\$(\w+)")


class Transaction:
    """A transaction on the server: changes wait, and go to it all at once before the next question or the end.

    An observation is a few questions and some dozen changes; each would be a way to the server and back.
    """

    def __init__(self, managed: neo4j.ManagedTransaction) -> None:
        self._managed = managed
        self._waiting: list[tuple[str, Row]] = []

    def ask(self, statement: str, values: Row) -> neo4j.Result:
        """What a statement gives, after everything that waits. Its text is fixed in our code; all else is a parameter."""
        self.flush()
        return self._managed.run(statement, values)

    def change(self, statement: str, values: Row) -> None:
        """Have a statement without RETURN wait for its turn."""
        self._waiting.append((statement, values))

    def flush(self) -> None:
        """Send what waits, as one statement whose parts run one after the other."""
        waiting, self._waiting = self._waiting, []
        if all(_idle(values) for _, values in waiting):
            return
        # Parts that do nothing are sent too: the server plans a text once, and there are fewer texts.
        given = {f"{name}_{at}": value for at, (_, values) in enumerate(waiting) for name, value in values.items()}
        self._managed.run(KEPT + joined(tuple(statement for statement, _ in waiting)), {"given": given}).consume()


@lru_cache(maxsize=1024)
def joined(statements: tuple[str, ...]) -> str:
    """Statements as one, whose parameters are one map, those of each named by its place.

    The server plans a text anew for lists of other lengths, unless they are in a map.
    """
    parts = [_PARAMETER.sub(rf"$given.\1_{at}", text) for at, text in enumerate(statements)]
    return parts[0] if len(parts) == 1 else "\n".join(f"CALL () {{ {part} }}" for part in parts)


class How(TypedDict, total=False):
    """How a server is reached beside its address, name and password: as the settings `neo4j` say."""

    database: str
    ca: str
    timeout_s: float


class Server:
    """A database of a Neo4j server; every method raises StoreError, `retryable` where it may be there again soon."""

    def __init__(
        self,
        uri: str,
        user: str = "",
        password: str = "",
        *,
        database: str = "neo4j",
        ca: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.address = address_of(uri)
        self._database, self._timeout_s = database, timeout_s
        with self.faults():
            self._driver = neo4j.GraphDatabase.driver(
                **_trusting(uri, ca),
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
            if uri.startswith("neo4j"):  # whoever asks for routes is not told what is wrong with the way there
                direct = f"bolt{uri.removeprefix('neo4j')}"
                Server(direct, user, password, database=database, ca=ca, timeout_s=timeout_s).close()
            raise

    def read(self, act: Callable[[Transaction], R]) -> R:
        """What `act` gives in a transaction that only reads; it may be called again."""
        with self.faults(), self._session(neo4j.READ_ACCESS) as session:
            return session.execute_read(_bounded(act, self._timeout_s))

    def write(self, act: Callable[[Transaction], R]) -> R:
        """What `act` gives, once that is committed; it is called again after a deadlock."""
        with self.faults(), self._session(neo4j.WRITE_ACCESS) as session:
            return session.execute_write(_bounded(act, self._timeout_s))

    def run(self, statement: str) -> None:
        """One statement by itself, as changes of the schema need; again where others who open the memory hold it up."""
        until = time.monotonic() + _RETRY_S
        with self.faults(), self._session(neo4j.WRITE_ACCESS) as session:
            while True:
                try:
                    session.run(statement).consume()
                except Neo4jError as error:
                    raced = isinstance(error, TransientError) or "AlreadyExists" in (error.code or "")
                    if not raced or time.monotonic() > until:
                        raise
                    time.sleep(random.uniform(0.05, 0.5))  # noqa: S311  so that two do not meet again; nothing is secret
                else:
                    return

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
            if fault := _distrust(error):
                raise StoreError(
                    f"memory {self.address}: its certificate is not trusted ({fault}); name its authority's file in neo4j.ca"
                ) from error
            raise StoreError(
                f"memory {self.address}: no Neo4j answers there; start it, or name another with --db", retryable=True
            ) from error
        except Neo4jError as error:
            if "TransactionTimedOut" in (error.code or ""):
                raise StoreError(
                    f"memory {self.address}: more than {self._timeout_s:g} s were needed; ask for less, or raise neo4j.timeout_s"
                ) from error
            raise StoreError(f"memory {self.address}: {_line(error)}", retryable=error.is_retryable()) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise StoreError(f"memory {self.address}: {error}") from error
        except (DriverError, OSError) as error:
            raise StoreError(
                f"memory {self.address}: {error}", retryable=getattr(error, "is_retryable", bool)()
            ) from error

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(database=self._database, default_access_mode=access)


def _trusting(uri: str, ca: str) -> Row:
    """How the server proves who it is: by an authority of this machine, or one in a file. Raises ConfigError."""
    if not ca:
        return {"uri": uri}
    scheme, _, rest = uri.partition("://")
    if not scheme.endswith("+s"):
        raise ConfigError(f"neo4j.ca goes with bolt+s:// or neo4j+s://, not {scheme}://")
    try:
        ssl.create_default_context(cafile=ca)
    except OSError as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else f"is no file to read ({error.strerror})"
        raise ConfigError(f"neo4j.ca: {ca!r} {why}; name the certificate of the authority (PEM)") from error
    # The driver knows authorities of its own for plain schemes alone.
    return {
        "uri": f"{scheme.removesuffix('+s')}://{rest}",
        "encrypted": True,
        "trusted_certificates": neo4j.TrustCustomCAs(ca),
    }


def _distrust(error: BaseException | None) -> str:
    """Why encryption failed, where that is what lies behind an error."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return getattr(error, "verify_message", "") or error.reason or "no TLS there"
        error = error.__cause__ or error.__context__
    return ""


def _line(error: Neo4jError) -> str:
    return " ".join((error.message or str(error)).split())


def _bounded(act: Callable[[Transaction], R], timeout_s: float) -> Callable[[neo4j.ManagedTransaction], R]:
    @neo4j.unit_of_work(timeout=timeout_s)
    def work(managed: neo4j.ManagedTransaction) -> R:
        transaction = Transaction(managed)
        result = act(transaction)
        transaction.flush()
        return result

    return work


def rows(transaction: Transaction, statement: str, **values: Any) -> list[Row]:
    """What a statement gives; nothing, without asking, where the list it goes through is empty.

    Its text is fixed in our code; everything else is a parameter.
    """
    return [] if _idle(values) else transaction.ask(statement, values).data()


def one(transaction: Transaction, statement: str, **values: Any) -> Row | None:
    """The first row that a statement gives."""
    found = rows(transaction, statement, **values)
    return found[0] if found else None


def do(transaction: Transaction, statement: str, **values: Any) -> None:
    """Run a statement for what it changes, before the next question or the end of the transaction."""
    transaction.change(statement, values)


def _idle(values: Row) -> bool:
    return any(values.get(name) == [] for name in _LISTS)


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
