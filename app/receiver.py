"""A reference receiver of webhooks: verifies, keeps, answers; fails on purpose where it is told to."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from app.inbox import Inbox, Message, message_of
from rules.signing import verify
from vidette.errors import ConfigError, DeliveryError

MAX_BODY = 64 * 1024
_TICK_S = 0.2
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


HANG = 0
"""Instead of a status code: no answer at all, until the sender has had enough."""


def failures(plan: str) -> Iterator[int | None]:
    """Status codes to answer with, request by request; None: as usual. Raises ConfigError.

    `3`: the first three fail. `0.25`: one in four, evenly. `500,503,hang,410`: these first, in turn.
    """
    numbers = [part.strip() for part in plan.split(",")] if plan else []
    try:
        if len(numbers) == 1 and numbers != ["hang"] and 0 < float(numbers[0]) < 1:
            return _share(float(numbers[0]))
        codes = [int(part) for part in numbers if part != "hang"]
    except ValueError:
        raise ConfigError(
            f"--fail {plan!r} is none of: a count (3), a share (0.25), status codes and `hang` (500,hang,410)"
        ) from None
    if len(numbers) == len(codes) == 1 and 0 <= codes[0] < 100:
        return _then_none([500] * codes[0])
    if not all(200 <= code <= 599 for code in codes):
        raise ConfigError(f"--fail {plan!r}: status codes are from 200 to 599")
    return _then_none([HANG if part == "hang" else int(part) for part in numbers])


def _share(share: float) -> Iterator[int | None]:
    for number in count(1):
        yield 500 if int(number * share) > int((number - 1) * share) else None


def _then_none(codes: Sequence[int]) -> Iterator[int | None]:
    yield from codes
    while True:
        yield None


class Receiver(ThreadingHTTPServer):
    """Listens on `address`; `tell` has each message once, in order, `refuse` a line for each that was not taken."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        keys: Sequence[bytes],
        inbox: Inbox,
        *,
        tell: Callable[[Message], None],
        refuse: Callable[[str], None],
        fail: Iterator[int | None],
        delay_s: float = 0.0,
        retry_after: str = "",
    ) -> None:
        self.keys, self.inbox, self.tell, self.refuse = tuple(keys), inbox, tell, refuse
        self.fail, self.delay_s, self.retry_after = fail, delay_s, retry_after
        self.turn, self.stopping = threading.Lock(), threading.Event()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def take(self, message_id: str, timestamp: str, signatures: str, body: bytes) -> tuple[int, str]:
        """What a request is answered with: status, and a word."""
        self.stopping.wait(self.delay_s)
        now = datetime.now(UTC)
        with self.turn:
            code = next(self.fail)
            if code == HANG:
                return HANG, "told to hang"
            if code and not 200 <= code < 300:
                return code, "told to fail"
            try:
                verify(self.keys, message_id, timestamp, signatures, body, now=now.timestamp())
                return code or 200, self._keep(message_of(message_id, body, now))
            except DeliveryError as error:
                return 401, str(error)
            except ValueError as error:
                return 400, str(error)
            except OSError as error:
                return 500, f"cannot keep it: {error.strerror}"

    def tell_overdue(self) -> None:
        """Tell those that waited long enough for an earlier one."""
        with self.turn:
            for message in self.inbox.overdue(datetime.now(UTC)):
                self.tell(message)

    def _keep(self, message: Message) -> str:
        gone = self.inbox.take(message)
        for one in gone or ():
            self.tell(one)
        return "known" if gone is None else "taken"

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that hung up is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 15  # seconds for a sender that says nothing
    server: Receiver
    server_version, sys_version = "vidette-receive", ""

    def do_POST(self) -> None:
        """One message."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self._answer(411, "Content-Length is missing")
        elif int(length[:12]) > MAX_BODY:
            self._answer(413, f"larger than {MAX_BODY // 1024} KiB")
        else:
            body = self.rfile.read(int(length))
            message_id, timestamp, signatures = (self.headers.get(name, "") for name in _HEADERS)
            self._answer(*self.server.take(message_id, timestamp, signatures, body))

    def _answer(self, code: int, word: str) -> None:
        if not 200 <= code < 300:
            self.server.refuse(f"{code or '-'} {self.headers.get('webhook-id', '-')}: {word}")
        if code == HANG:
            self._hang()
            return
        self.send_response(code)
        if self.server.retry_after and code in {429, 503}:
            self.send_header("Retry-After", self.server.retry_after)
        text = f"{word}\n".encode()
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(0 if code in {204, 304} else len(text)))
        self.end_headers()
        if code not in {204, 304}:
            self.wfile.write(text)

    def _hang(self) -> None:
        """Say nothing until the sender has gone, or we are to stop."""
        self.close_connection = True
        self.connection.settimeout(_TICK_S)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(4096):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:
        """What matters is told by the receiver itself."""
