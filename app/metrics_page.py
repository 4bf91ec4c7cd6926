"""`/metrics` over HTTP while a watch or beat runs, on this machine only unless another address is said."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SOCK_STREAM, getaddrinfo
from threading import Thread
from typing import TYPE_CHECKING

from vidette.errors import ConfigError
from vidette.ports import Reader

if TYPE_CHECKING:
    from prometheus_client.registry import Collector, CollectorRegistry

log = logging.getLogger(__name__)

PATH = "/metrics"
_HERE = "127.0.0.1"
_PATIENCE_S = 10.0  # for a client that does not say what it wants, or does not read the answer
_ADDRESS = re.compile(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@\[\]]*)):)?([0-9]{1,5})")
_MISSING = "metrics need prometheus-client; pip install prometheus-client"
_GRAMMAR = "write `host:port`, or a port for this machine only"


def address_of(text: str) -> tuple[str, int]:
    """`host:port`, `[ip6]:port`, `:port` or `port` as host and port; this machine where there is no host.

    Port 0 takes one that is free. Raises ConfigError.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or not text.isprintable() or int(found[3]) > 65_535:
        raise ConfigError(f"metrics: {text!r} is no address; {_GRAMMAR}")
    return found[1] or found[2] or _HERE, int(found[3])


@contextmanager
def serving(address: str, read: Reader) -> Iterator[Callable[[Sequence[str]], None]]:
    """Serve metrics of a watch at an address while this lasts; what is given takes the names of the cameras, at any time.

    Nothing is served where the address is empty. Raises ConfigError, as `serving_all`.
    """
    if not address:
        yield lambda _: None
        return
    try:
        from app.metrics import WatchMetrics
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    metrics = WatchMetrics(read)
    with serving_all(address, (metrics,), process="vidette_watch"):
        yield metrics.show


@contextmanager
def serving_all(address: str, collectors: "Sequence[Collector]", *, process: str) -> Iterator[None]:
    """Serve what these collect at an address while this lasts, and this process's own metrics, which begin with `process`.

    Raises ConfigError where it is no address, cannot be served at, or what makes metrics is not installed.
    """
    server = _server(address, collectors, process)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.close()
        thread.join()


def _server(address: str, collectors: "Sequence[Collector]", process: str) -> "_Server":
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    host, port = address_of(address)
    registry = CollectorRegistry()
    for one in collectors:
        registry.register(one)
    ProcessCollector(namespace=process, registry=registry)
    try:
        server = _Server(host, port, registry)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"metrics cannot be served at {address!r}: {said}; name another address") from error
    log.info("metrics are at http://%s:%d%s", *server.server_address[:2], PATH)
    return server


class _Server(ThreadingHTTPServer):
    """Answers each in a thread of its own, so that one slow client holds up none.

    Memory is read by one thread for all of them: it keeps a connection open for each thread that ever read.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, registry: "CollectorRegistry") -> None:
        self._registry, self._reading = registry, ThreadPoolExecutor(1, "metrics")
        self.address_family, _, _, _, address = getaddrinfo(host, port, type=SOCK_STREAM)[0]
        super().__init__((str(address[0]), port), _Page)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Everything, in the format that is asked for; and which that is."""
        from prometheus_client.exposition import choose_encoder

        encoder, kind = choose_encoder(accept)
        return self._reading.submit(encoder, self._registry).result(), kind

    def close(self) -> None:
        """Answer no more."""
        self.server_close()
        self._reading.shutdown(cancel_futures=True)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        from socketserver import TCPServer

        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no fault of ours."""
        log.debug("a client of the metrics was not answered", exc_info=True)


class _Page(BaseHTTPRequestHandler):
    timeout = _PATIENCE_S
    server_version = "vidette"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with everything, in the format that the client asks for."""
        assert isinstance(self.server, _Server)
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"metrics are at {PATH}")
            return
        body, kind = self.server.page(self.headers.get("Accept", ""))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a scrape is no news."""
