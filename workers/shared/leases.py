"""Leases: one owner at a time, by a key in Redis that goes away when it is not renewed.

Time is Redis' own (TTL) and this process's monotonic clock (when to renew): what the wall clocks of machines say changes
nothing. A lease alone keeps nobody out whose process stood still for longer than the TTL; whoever writes under one carries
the fence that memory gave (`GraphStore.take`). Why all is as it is: docs/adr/0037-leases.md.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Condition, Event, Thread
from types import TracebackType
from uuid import uuid4

from vidette.errors import StoreError
from workers.shared.broker import Broker

log = logging.getLogger(__name__)

_REMEMBERED_S = 86_400  # how long it is known who had a lease last: who slept meanwhile has lost it
_ROUNDS = 3  # renewals within a TTL

# A value is "claim token since_ms"; a claim is of one take of one process. KEYS: lease, last, token, leases.
_TAKE = """
local held = redis.call('GET', KEYS[1])
if held then
  return held
end
local token = redis.call('INCR', KEYS[3])
local now = redis.call('TIME')
held = ARGV[1] .. ' ' .. string.format('%.0f', token) .. ' ' .. now[1] .. string.format('%03d', math.floor(tonumber(now[2]) / 1000))
redis.call('SET', KEYS[1], held, 'PX', ARGV[2])
redis.call('SET', KEYS[2], held, 'EX', ARGV[3])
redis.call('SADD', KEYS[4], ARGV[4])
return held
"""
# KEYS: leases, token, then lease and last of each; ARGV: ttl, how long the last is known, then name, value, token of each.
# A lease that is gone is taken anew, unless somebody else has had it since.
_RENEW = """
local kept = {}
for i = 1, (#KEYS - 2) / 2 do
  local lease, last = KEYS[2 * i + 1], KEYS[2 * i + 2]
  local name, value, token = ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2]
  local held = redis.call('GET', lease) or redis.call('GET', last)
  if not held or held == value then
    redis.call('SET', lease, value, 'PX', ARGV[1])
    redis.call('SET', last, value, 'EX', ARGV[2])
    redis.call('SADD', KEYS[1], name)
    if tonumber(redis.call('GET', KEYS[2]) or '0') < tonumber(token) then
      redis.call('SET', KEYS[2], token)
    end
    kept[i] = 1
  else
    kept[i] = 0
  end
end
return kept
"""
# KEYS: lease, last, leases. The last is nobody then, so that a renewal on its way takes nothing anew.
_RELEASE = """
local held = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])
if held ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], '', 'EX', ARGV[3])
redis.call('SREM', KEYS[3], ARGV[2])
return 1
"""
# KEYS: leases; ARGV: what a lease's key begins with. -> name, value, milliseconds left of each
_ROWS = """
local rows = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = ARGV[1] .. name
  local value = redis.call('GET', key)
  if value then
    rows[#rows + 1] = name
    rows[#rows + 1] = value
    rows[#rows + 1] = redis.call('PTTL', key)
  else
    redis.call('SREM', KEYS[1], name)
  end
end
return rows
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """A lease that somebody holds: `owner` is host:pid:random; `ttl_s` until it ends, unless it is renewed."""

    name: str
    owner: str
    token: int
    since: datetime
    ttl_s: float

    @property
    def holder(self) -> str:
        """Host and process, for people."""
        return _holder(self.owner)


class Lease:
    """Context manager: held until it is released, or lost.

    `token` rises with every take. While Redis cannot be reached the lease is kept, since nobody else can take it either;
    `lost` is set once another is known to have had it.
    """

    def __init__(self, leases: "Leases", name: str, value: str) -> None:
        self.name, self.value = name, value
        self.token = _parsed(value)[1]
        self.lost = Event()
        self._leases = leases

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give it back at once; where Redis does not answer, it ends by itself."""
        self._leases.give_back(self)


class Leases:
    """The leases of this process; one thread renews all of them, `ttl_s`/3 apart, while there are any.

    `owner`: host:pid:random where none is given. After a fork the child makes its own.
    """

    def __init__(self, broker: Broker, *, ttl_s: float, owner: str = "") -> None:
        self.owner = owner or f"{'-'.join(socket.gethostname().split())}:{os.getpid()}:{uuid4().hex[:8]}"
        self.ttl_s = ttl_s
        self._broker = broker
        self._take, self._renew = broker.script(_TAKE), broker.script(_RENEW)
        self._release, self._rows = broker.script(_RELEASE), broker.script(_ROWS)
        self._claims = count(1)
        self._held: set[Lease] = set()
        self._changed = Condition()
        self._thread: Thread | None = None

    def take(self, name: str) -> Lease:
        """The lease of that name. Raises StoreError where another has it, `retryable` where Redis does not answer."""
        claim = f"{self.owner}#{next(self._claims)}"
        keys = [self._key(name), self._last(name), self._broker.key("token"), self._broker.key("leases")]
        with self._broker.faults():
            said = self._take(keys, [claim, self._ttl_ms, _REMEMBERED_S, name])
        lease = Lease(self, name, said.decode())
        owner, _, _ = _parsed(lease.value)
        if not lease.value.startswith(f"{claim} "):
            raise StoreError(f"stream {name!r} is already being watched by {_holder(owner)}; end that watch first")
        self._keep(lease)
        return lease

    @contextmanager
    def held(self, name: str) -> Iterator[Lease]:
        """As `take`, when the context is entered."""
        with self.take(name) as lease:
            yield lease

    def rows(self) -> list[LeaseRow]:
        """Every lease that anybody holds, by name. Raises StoreError."""
        with self._broker.faults():
            said = self._rows([self._broker.key("leases")], [self._broker.key("lease", "")])
        return sorted((_row(*said[i : i + 3]) for i in range(0, len(said), 3)), key=lambda row: row.name)

    def renew(self) -> None:
        """Renew all that are held, and say which are lost. Raises StoreError; none is lost by that."""
        with self._changed:
            held = sorted(self._held, key=lambda lease: lease.token)
        if not held:
            return
        keys = [self._broker.key("leases"), self._broker.key("token")]
        keys += [key for lease in held for key in (self._key(lease.name), self._last(lease.name))]
        of_each = [word for lease in held for word in (lease.name, lease.value, lease.token)]
        with self._broker.faults():
            kept = self._renew(keys, [self._ttl_ms, _REMEMBERED_S, *of_each])
        for lease, ours in zip(held, kept, strict=True):
            if not ours:
                self._lose(lease)

    def give_back(self, lease: Lease) -> None:
        """Release a lease; nothing where it is not held."""
        with self._changed:
            if lease not in self._held:
                return
            self._drop(lease)
        try:
            with self._broker.faults():
                keys = [self._key(lease.name), self._last(lease.name), self._broker.key("leases")]
                self._release(keys, [lease.value, lease.name, _REMEMBERED_S])
        except StoreError as error:
            log.info("the lease of %r ends by itself within %g s: %s", lease.name, self.ttl_s, error)

    def close(self) -> None:
        """Give all back."""
        with self._changed:
            held = list(self._held)
        for lease in held:
            self.give_back(lease)

    def _keep(self, lease: Lease) -> None:
        with self._changed:
            self._held.add(lease)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()

    def _lose(self, lease: Lease) -> None:
        with self._changed:
            if lease not in self._held:
                return  # it was given back while Redis was asked
            self._drop(lease)
        log.warning("the lease of %r was lost: this process was silent for longer than %g s", lease.name, self.ttl_s)
        lease.lost.set()

    def _drop(self, lease: Lease) -> None:
        self._held.discard(lease)
        self._changed.notify_all()

    def _run(self) -> None:
        """Until nothing is held any more: the next take begins another thread."""
        trouble = ""
        while self._goes_on():
            before, trouble = trouble, self._tried()
            if trouble and not before:
                log.warning("leases are kept, and renewed once that is possible: %s", trouble)
            elif before and not trouble:
                log.warning("leases are renewed again")

    def _tried(self) -> str:
        """Renew; -> why that could not be."""
        try:
            self.renew()
        except StoreError as error:
            return str(error)
        except Exception:  # the loop's edge: leases that nobody renews would all be lost
            log.exception("leases could not be renewed")
        return ""

    def _goes_on(self) -> bool:
        with self._changed:
            if self._changed.wait_for(lambda: not self._held, self.ttl_s / _ROUNDS):
                self._thread = None
                return False
            return True

    @property
    def _ttl_ms(self) -> int:
        return max(1, round(self.ttl_s * 1000))

    def _key(self, name: str) -> str:
        return self._broker.key("lease", name)

    def _last(self, name: str) -> str:
        return self._broker.key("last", name)


def _row(name: bytes, value: bytes, left_ms: int) -> LeaseRow:
    owner, token, since = _parsed(value.decode())
    return LeaseRow(name=name.decode(), owner=owner, token=token, since=since, ttl_s=left_ms / 1000)


def _parsed(value: str) -> tuple[str, int, datetime]:
    """Owner, token, since. Raises StoreError for what no lease wrote."""
    try:
        claim, token, since_ms = value.rsplit(" ", 2)
        return claim.rpartition("#")[0], int(token), datetime.fromtimestamp(int(since_ms) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise StoreError(
            f"{value[:200]!r} in Redis is no lease; use a database that no other program writes"
        ) from error


def _holder(owner: str) -> str:
    return owner.rpartition(":")[0] or owner
