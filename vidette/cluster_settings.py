"""What workers on several machines go by."""

from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import Field

from vidette.bounded import Model


class ClusterSettings(Model):
    """How jobs are shared out; it counts only where there is a `broker`."""

    lease_s: float = Field(
        default=6.0, ge=1, le=300, description="a worker that is silent for so long has lost its streams to others"
    )
    settle_limit_s: float = Field(
        default=60.0, ge=5, le=3600, description="how long one observation may take to be settled"
    )
    look_limit_s: float = Field(default=600.0, ge=5, le=7200, description="how long one deep look may take")
    deliver_limit_s: float = Field(
        default=120.0, ge=5, le=3600, description="how long a worker goes on sending to one sink"
    )
    retries: int = Field(
        default=5,
        ge=1,
        le=100,
        description="how often a job is tried before it is put aside; `vidette jobs` shows those",
    )
    window: int = Field(
        default=16,
        ge=1,
        le=1000,
        description="observations of a stream on their way to memory at most; more wait on disk",
    )
    spool: str = Field(default="", description="folder for what waits on disk; empty is beside the database")
    spool_mb: int = Field(
        default=1024,
        ge=1,
        le=1_000_000,
        description="how much waits on disk at most, for each process of a worker; with `--pool threads` it has one",
    )
    waiting_looks: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="deep looks that wait at most; more are left out, and the ledger says so",
    )
    decode_ahead: int = Field(
        default=4,
        ge=0,
        le=1000,
        description="spans of long files that other workers may decode ahead of those that watch, in all; one of a minute"
        " takes some 100 MB in the folder `media` meanwhile. 0: none",
    )
    decode_span_s: float = Field(default=60.0, ge=5, le=3600, description="how long such a span is")
    trace: str = Field(
        default="",
        max_length=500,
        description="where OpenTelemetry traces go (OTLP over HTTP: `http://host:4318`); empty: nowhere",
    )


_OPTIONS = {
    "redis": (),
    "rediss": ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"),
    "unix": ("db",),
}
_CHOICES = "redis://host:6379/0, rediss://host:6379/0 (TLS), unix:///path/of/socket?db=0, or nothing"


def broker_address(address: str) -> str:
    """`address` where it is that of a Redis server, or nothing. Raises ValueError, without what may be a password."""
    if not address:
        return address
    if not address.isascii() or not address.isprintable() or " " in address or ";" in address:
        raise ValueError(
            f"an address has no spaces, control characters, `;` or letters beyond ASCII; choices: {_CHOICES}"
        )
    parts = _parts(address)
    allowed = _OPTIONS.get(parts.scheme)
    if allowed is None:
        raise ValueError(f"no broker speaks {parts.scheme + '://'!r}; choices: {_CHOICES}")
    unknown = sorted(set(parse_qs(parts.query, keep_blank_values=True)) - set(allowed))
    if unknown or parts.fragment:
        raise ValueError(
            f"unknown {unknown[0]!r} after `?`" if unknown else "`#` has no meaning here; write %23 in a password"
        )
    _check_place(parts)
    return address


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise ValueError(f"that is no address; in a password write / as %2F, @ as %40; choices: {_CHOICES}") from None
    if "://" not in address:
        raise ValueError(f"that is no address; choices: {_CHOICES}")
    return parts


def _check_place(parts: SplitResult) -> None:
    """The host, or the path of the socket, and the number of the database."""
    if parts.scheme == "unix":
        if parts.hostname or len(parts.path) < 2:
            raise ValueError("a socket has a whole path after three slashes: unix:///run/redis/redis.sock?db=0")
        database = parse_qs(parts.query).get("db", ["0"])[0]
    else:
        if not parts.hostname:
            raise ValueError(f"the host is missing; choices: {_CHOICES}")
        database = parts.path.removeprefix("/") or "0"
    if not database.isdecimal():
        raise ValueError("the database is a number: redis://host:6379/0")
