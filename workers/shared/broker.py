"""The Redis server between workers; importable only where there is one (`redis` is an extra).

Every key begins with `vidette:`. What there is, and which file writes it:

lease:{name}         string  holder, token, since; ends unless renewed            leases
last:{name}          string  who had the lease last, a day; empty: given back     leases
leases               set     names of leases                                      leases
token                int     the highest token of a lease                         leases
watch:{stream_id}    hash    what is wanted of a stream; once over, for a week    registry
watches              set     stream ids of these                                  registry
cameras              set     stream ids of the cameras that settings have or had  cameras
dead                 hash    jobs that were given up, by id                       dead
dead:order           zset    their ids, the oldest first                          dead
dead:bytes           int     their size                                           dead
dead:lost            int     how many had to go for want of room                  dead
tries:{task id}      int     how often a job was begun in vain; a day             tries
worker:{name}        hash    a worker: host, pid, queues, pool, places; 10 s      presence
workers              set     names of these                                       presence
counts:{of}          hash    done and failed of a queue, or (an hour) a worker    presence
counts:{of}:{minute} hash    those of a minute; an hour                           presence
carry:{id}:{sha256}  string  the carry of an observation on its way; hours        sending
decoded:{run}        string  a watch that goes on; a minute                       decoded
decoded:{run}:{n}    string  who decodes a span of it; minutes                    decoded
decoding             zset    spans that are asked for, by when that ends          decoded
early:{stream_id}    hash    observations that wait for the one before; an hour   early
sent:{what}          string  a mark: sent, and not taken yet; seconds             markers
looks:{stream_id}    int     deep looks that wait; an hour                        backlog
trace:{alert}:{seq}  string  a trace on its way to a webhook                      traced
{queue}, unacked:…   lists   Celery's: jobs that wait, jobs under way             (routing names them)

One database of one server serves one memory. Redis Cluster is not served, nor does Celery serve it: scripts reach keys
whose names they make.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from vidette.errors import ConfigError, StoreError
from vidette.log import redact
from workers.queue.routing import PREFIX

_TIMEOUT_S = 5.0
_CONNECTING = re.compile(r"^Error -?\d+ connecting to \S+\. ")


class Broker:
    """A Redis server, of any thread; connects when it is first asked for something.

    Raises ConfigError for an address that is none. No text that it makes has the password.
    """

    def __init__(self, url: str) -> None:
        self.address = safe(url)
        # One more try, at once: after the server was away, a connection that is kept turns out to be dead.
        again = Retry(NoBackoff(), 1, (redis.ConnectionError,))
        try:
            self.client: redis.Redis = redis.Redis.from_url(
                url,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                retry=again,
                maint_notifications_config=MaintNotificationsConfig(enabled=False),  # of a service, not of a server
                encoding_errors="replace",  # names of files, and of workers, may have what is no Unicode
                client_name="vidette",
            )
        except (ValueError, TypeError) as error:
            raise ConfigError(f"broker {self.address!r}: {redact(str(error))}; write redis://host:6379/0") from None

    def __repr__(self) -> str:
        return f"Broker({self.address!r})"

    def key(self, *parts: str) -> str:
        """`vidette:lease:…`: the parts with colons between them."""
        return PREFIX + ":".join(parts)

    def script(self, text: str) -> Script:
        """A Lua script, which runs as one step; nothing is sent before it is called."""
        return self.client.register_script(text)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """What Redis says went wrong inside is a StoreError, which may pass by itself (`retryable`)."""
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise StoreError(fault_of(self.address, error), retryable=True) from None

    def alive(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.client.ping())
        except (redis.RedisError, OSError):
            return False

    def close(self) -> None:
        """Let go of its connections; it may be asked again and connects anew."""
        self.client.close()
        self.client.connection_pool.disconnect()

    def together(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What these commands answer, sent at once, not as one step. Raises StoreError."""
        with self.faults(), self.client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)  # type: ignore[no-untyped-call]  # redis has no types for it
            return list(pipe.execute())


def for_celery(url: str) -> str:
    """The address of a broker as Celery's transport takes it: sockets are named otherwise there, and TLS checks nothing by itself."""
    parts = urlsplit(url)
    said = {key: values[0] for key, values in parse_qs(parts.query).items()}
    match parts.scheme:
        case "unix":
            return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={said.get('db', '0')}"
        case "rediss":
            query = urlencode({"ssl_cert_reqs": "required"} | said)
            return f"rediss://{parts.netloc}{parts.path}?{query}"
        case _:
            return url


def safe(url: str) -> str:
    """The address without its user, password and options."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "://"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def fault_of(url: str, error: Exception) -> str:
    """What went wrong with the server at this address, and what to do, without a password."""
    address = safe(url)
    return f"broker {address!r}: {_said(error)}; {_advice(error, encrypted=address.startswith('rediss:'))}"


def _said(error: Exception) -> str:
    """What went wrong; where it is that nobody could be reached, without the address, which is said already."""
    if isinstance(error, redis.TimeoutError):
        return f"it did not answer within {_TIMEOUT_S:g} s"
    if isinstance(error, redis.AuthenticationError) and "HELLO" in str(error):
        return "it asks for a password"  # redis says at length how a program would give one
    said = redact(" ".join(str(error).split())).rstrip(".") or type(error).__name__
    return _CONNECTING.sub("", said)


def _advice(error: Exception, *, encrypted: bool) -> str:
    match error:
        case redis.AuthenticationError() | redis.exceptions.AuthorizationError() | redis.exceptions.NoPermissionError():
            return "give the right user and password in `broker`"
        case redis.TimeoutError() if encrypted:
            return "see what it is doing, and whether it speaks TLS there (redis:// does without)"
        case redis.TimeoutError():
            return "see what it is doing, or name another with `broker`"
        case redis.ConnectionError() if "certificate verify failed" in str(error):
            return "name the file of its authority with `?ssl_ca_certs=FILE` in `broker`"
        case redis.exceptions.OutOfMemoryError():
            return "give it more memory (`maxmemory`)"
        case redis.ReadOnlyError():
            return "name the server that takes writes with `broker`"
        case _:
            return "start it, or name another with `broker`"
