"""One camera is asked by SOAP: bounded in time and size, at its own address only, redirected nowhere."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from socket import SHUT_RDWR, create_connection, socket
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext
from threading import Event, Timer
from typing import Any
from urllib.parse import urlsplit
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    Request,
    parse_http_list,
    parse_keqv_list,
)

from ingest.onvif.library import description, guarded, library
from vidette.errors import SourceError

MOST_BYTES = 1 << 20
_ANSWERS = 10  # that may come as late as they may; then it is left
_LATE = "it takes too long to answer"
_REFUSED = "it refuses the name or password"
_NAMESPACES = {"devicemgmt": "device", "media": "media"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What zeep wants of an answer. It is always taken for plain XML: nothing in parts, nothing attached."""

    status_code: int
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})
    encoding: str = "utf-8"


class Transport:
    """How zeep sends: what it needs of zeep.Transport, each answer within `timeout_s`. Raises SourceError."""

    def __init__(self, timeout_s: float, username: str = "", password: str = "") -> None:
        self._timeout_s = timeout_s
        self._login = (username, password)

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> _Reply:
        """The answer to an envelope."""
        data = library("lxml.etree").tostring(envelope, encoding="utf-8", xml_declaration=True)
        status, challenge, content = posted(address, data, headers, self._timeout_s)
        if status == 401 and challenge.lower().startswith("digest ") and self._login[0]:
            digest = self._digest(address, data, challenge)
            status, _, content = posted(address, data, {**headers, "Authorization": digest}, self._timeout_s)
        if status == 401:
            raise SourceError(_REFUSED)
        if 300 <= status < 400:
            raise SourceError("it points elsewhere, which is not followed")
        return _Reply(status_code=status, content=content)

    def load(self, url: str) -> bytes:
        """Nothing is fetched that a description or an answer names. Raises SourceError."""
        raise SourceError(f"{url[:80]!r} is not fetched")

    def _digest(self, address: str, data: bytes, challenge: str) -> str:
        """What an HTTP digest challenge asks for (RFC 2617)."""
        logins = HTTPPasswordMgrWithDefaultRealm()
        logins.add_password(None, address, *self._login)
        handler = AbstractDigestAuthHandler(logins)
        try:
            asked = parse_keqv_list(parse_http_list(challenge.partition(" ")[2]))
            said = handler.get_authorization(Request(address, data=data, method="POST"), asked)  # noqa: S310  http, checked
        except (ValueError, OSError) as error:
            raise SourceError("it asks for a login of an unknown kind") from error
        if not said:
            raise SourceError("it asks for a login of an unknown kind")
        return f"Digest {said}"


def posted(address: str, data: bytes, headers: dict[str, str], timeout_s: float) -> tuple[int, str, bytes]:
    """Status, login challenge and body of an answer that came whole within `timeout_s`. Raises SourceError."""
    parts = urlsplit(address)
    host, secure = parts.hostname or "", parts.scheme == "https"
    connection = HTTPConnection(host, parts.port or (443 if secure else 80))
    sent = {**headers, "Accept-Encoding": "identity", "Connection": "close"}
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    try:
        with closing(create_connection((host, connection.port), timeout_s)) as bare, _cut(bare, timeout_s) as cut:
            try:
                connection.sock = _unverified().wrap_socket(bare) if secure else bare
                connection.request("POST", path, data, sent)
                answer = connection.getresponse()
                content = answer.read(MOST_BYTES + 1)
            except (OSError, HTTPException) as error:
                late = cut.is_set() or isinstance(error, TimeoutError)
                raise SourceError(_LATE if late else f"it does not answer: {type(error).__name__}") from error
            finally:
                connection.close()
            if cut.is_set():
                raise SourceError(_LATE)
    except OSError as error:
        raise SourceError(f"it does not answer: {type(error).__name__}", retryable=True) from error
    if len(content) > MOST_BYTES:
        raise SourceError(f"it sends more than {MOST_BYTES >> 20} MiB")
    return answer.status, answer.headers.get("WWW-Authenticate", ""), content


@contextmanager
def _cut(connection: socket, seconds: float) -> Iterator[Event]:
    """Cut a connection off after so long, however busy it is: one that sends a byte now and then is never silent."""
    cut, same = Event(), connection.dup()

    def now() -> None:
        cut.set()
        with suppress(OSError):
            same.shutdown(SHUT_RDWR)

    timer = Timer(seconds, now)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        timer.join()
        same.close()


def _unverified() -> SSLContext:
    """Nobody signs certificates of private addresses; passwords go as digests."""
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, CERT_NONE
    return context


class Device:
    """A camera at `address`, logged in to with a digest of the password. Every method raises SourceError."""

    def __init__(self, address: str, *, username: str = "", password: str = "", timeout_s: float = 5.0) -> None:
        self._address, self._login = address, (username, password)
        self._transport = Transport(timeout_s, username, password)
        self._ahead = timedelta()
        self._until = time.monotonic() + _ANSWERS * timeout_s

    def set_clock(self) -> None:
        """Ask for its time: a digest holds for the camera's own clock, which may be hours wrong (ONVIF Core §5.9)."""
        answer = self.ask("devicemgmt", self._address, "GetSystemDateAndTime", login=False)
        said = getattr(answer, "UTCDateTime", None)
        try:
            date, clock = said.Date, said.Time  # type: ignore[union-attr]  # what is missing is caught
            there = datetime(date.Year, date.Month, date.Day, clock.Hour, clock.Minute, clock.Second, tzinfo=UTC)
        except (AttributeError, TypeError, ValueError):
            return  # it does not tell: then its clock has to be right
        self._ahead = there - datetime.now(UTC)

    def ask(self, service: str, address: str, question: str, *, login: bool = True, **given: Any) -> Any:
        """The answer of a service (`devicemgmt`, `media`) to a question, as zeep reads it."""
        if time.monotonic() > self._until:
            raise SourceError(_LATE, retryable=True)
        client = library("zeep").Client(
            description(service),
            transport=self._transport,
            settings=guarded(),
            wsse=self._token() if login and self._login[0] else None,
        )
        binding = f"{{http://www.onvif.org/ver10/{_NAMESPACES[service]}/wsdl}}{_NAMESPACES[service].title()}Binding"
        try:
            return client.create_service(binding, address)[question](**given)
        except SourceError:
            raise
        except Exception as error:  # whatever a camera sends may make a library raise
            raise SourceError(_said(error, question)) from error

    def _token(self) -> Any:
        """A fresh one for each question: a camera takes none twice."""
        username, password = self._login
        at = datetime.now(UTC) + self._ahead
        token = library("zeep.wsse.username").UsernameToken
        return token(username, password, use_digest=True, created=at, zulu_timestamp=True)


def _said(error: Exception, question: str) -> str:
    """What went wrong in our words; of the camera's own at most a few."""
    if isinstance(error, library("zeep.exceptions").Fault):
        codes = " ".join(map(str, getattr(error, "subcodes", None) or ()))
        said = f"{error} {codes}".lower()
        if "notauthorized" in said or "not authorized" in said:
            return _REFUSED
        return f"it refuses {question}: {str(error)[:80]!r}"
    return f"its answer to {question} cannot be read ({type(error).__name__})"
