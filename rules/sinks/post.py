"""One HTTP POST to an address that was checked: bounded in time and bytes, never redirected, never by a proxy."""

import http.client
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rules.addresses import Target
from rules.sinks.kept import Kept

_QUOTED = 500  # bytes of an answer that are read
_DRAINED = 4096  # bytes of an answer that are read so that its connection can be used again
_DRAIN_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `body` is the beginning of a refusal, all of what was asked for, or empty."""

    code: int
    retry_after: str
    body: bytes


class Post:
    """One exchange; `cut` ends it from another thread. Of a 2xx, a body of `most` bytes is read.

    The watchdog closes the connection when the time is over, whatever the other side dribbles:
    a socket's own time-out begins anew with every byte. `kept` is where connections wait to be used again.
    """

    def __init__(
        self, target: Target, tls: ssl.SSLContext | None, timeout_s: float, *, most: int = 0, kept: Kept | None = None
    ) -> None:
        self._target, self._tls, self._timeout_s, self._most, self._kept = target, tls, timeout_s, most, kept
        self._lock, self._socket, self._over = threading.Lock(), None, False
        self._watchdog = threading.Timer(timeout_s, self.cut)
        self._watchdog.daemon = True

    _socket: socket.socket | None

    def send(self, find: Callable[[], Sequence[str]], headers: Mapping[str, str], body: bytes) -> Reply:
        """Post on a connection that waits, else to the first of the addresses found that lets us connect.

        Raises OSError, http.client.HTTPException, and what `find` raises.
        """
        self._watchdog.start()
        try:
            return self._on_waiting(headers, body) or self._on_new(find(), headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._over or (
                isinstance(error, TimeoutError) and error.errno is None
            ):  # the socket's, a moment earlier
                raise TimeoutError(f"no answer within {self._timeout_s:g} s") from error
            raise
        finally:
            self._watchdog.cancel()
            self._hold(None)

    def _on_waiting(self, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """None where none waits, or the other side had closed it by then.

        It may have read the message all the same; then that comes twice, under one id.
        """
        while self._kept and (found := self._kept.take()):
            connection, made = found
            if not _silent(connection.sock):
                connection.close()
                continue
            try:
                self._hold(connection.sock)
                connection.sock.settimeout(self._timeout_s)
                return self._exchanged(connection, made, headers, body)
            except ConnectionError:  # http.client.RemoteDisconnected is one
                connection.close()
                self._in_time()
        return None

    def _on_new(self, addresses: Sequence[str], headers: Mapping[str, str], body: bytes) -> Reply:
        connection = http.client.HTTPConnection(self._target.host, self._target.port)
        connection.auto_open = 0  # it never connects by itself, to wherever the name leads by then
        connection.sock = self._secured(self._connected(addresses))
        return self._exchanged(connection, self._kept.now() if self._kept else 0.0, headers, body)

    def _exchanged(
        self, connection: http.client.HTTPConnection, made: float, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        again = False
        try:
            connection.request("POST", self._target.path, body, {"Host": self._target.authority, **headers})
            with connection.getresponse() as response:
                self._in_time()  # what looks like the end of its headers may be where we cut it
                reply = _reply(response, self._most)
                if self._most:
                    self._in_time()
                again = self._kept is not None and _drained(response, connection.sock)
            return reply
        finally:
            self._hold(None)
            if again and self._kept and not self._over:
                self._kept.give(connection, made)
            else:
                connection.close()

    def cut(self) -> None:
        """End it now: whoever waits for the other side sees the connection closed."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _in_time(self) -> None:
        if self._over:
            raise TimeoutError

    def _connected(self, addresses: Sequence[str]) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                return self._connected_to(address)
            except OSError as error:
                failure = error
        raise failure

    def _connected_to(self, address: str) -> socket.socket:
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._hold(connection)
            connection.settimeout(self._timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two writes
            connection.connect((address, self._target.port))
        except BaseException:
            connection.close()
            raise
        return connection

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._tls is None:
            return plain
        secured = self._tls.wrap_socket(plain, server_hostname=self._target.host, do_handshake_on_connect=False)
        try:
            self._hold(secured)
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured

    def _hold(self, connection: socket.socket | None) -> None:
        """What the watchdog is to cut; None: nothing more."""
        with self._lock:
            if self._over and connection is not None:
                raise TimeoutError
            self._socket = connection


def _reply(response: http.client.HTTPResponse, most: int) -> Reply:
    """The status decides; of a refusal only the beginning is read. Raises HTTPException for a body cut off or too long."""
    body = b""
    if 200 <= response.status < 300:
        body = _whole(response, most) if most else b""
    else:
        with suppress(OSError, http.client.HTTPException):
            body = response.read(_QUOTED)
    return Reply(code=response.status, retry_after=response.getheader("Retry-After") or "", body=body)


def _drained(response: http.client.HTTPResponse, connection: socket.socket) -> bool:
    """Read what is left of a short answer, if it is there; whether another may follow on the connection."""
    if response.will_close:  # nothing can follow; and http.client has closed the connection's own handle by now
        return False
    try:
        connection.settimeout(_DRAIN_S)
        response.read(_DRAINED)
        response.read(1)  # the end of what came in chunks
    except (OSError, http.client.HTTPException, ValueError):
        return False
    return response.isclosed()


def _silent(connection: socket.socket) -> bool:
    """Whether nothing came while it waited: neither its end nor an answer to what was not asked."""
    poll = select.poll()  # unlike select, for any number of open files
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


def _whole(response: http.client.HTTPResponse, most: int) -> bytes:
    body = response.read(most + 1)
    if len(body) > most:
        raise http.client.HTTPException(f"an answer of more than {most} bytes")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body
