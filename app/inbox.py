"""What a receiver does with messages: each once, those about one alert in order, on the disk before it says so."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rules.sinks.jsonl import append_line
from vidette.codec import instant
from vidette.errors import ConfigError

KNOWN = 100_000  # ids and alerts that are remembered
HELD = 1_000  # messages that wait for an earlier one


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that was verified; `missing` earlier ones about its alert had not come when it was let go."""

    id: str
    at: datetime
    payload: dict[str, Any]
    missing: int = 0

    @property
    def alert(self) -> dict[str, Any]:
        """The alert it tells of."""
        found: dict[str, Any] = self.payload["data"]["alert"]
        return found

    @property
    def key(self) -> str:
        """The alert's id."""
        return str(self.alert["id"])

    @property
    def sequence(self) -> int:
        """Its place among those about the alert, from 1."""
        return int(self.alert["sequence"])


def message_of(message_id: str, body: bytes, at: datetime) -> Message:
    """The message in a body. Raises ValueError where there is none."""
    try:
        message = Message(id=message_id, at=at, payload=json.loads(body))
        if not message_id or not message.key or not 0 < message.sequence < 2**31:
            raise ValueError("no alert with an id and a sequence")
    except (KeyError, TypeError, OverflowError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"not a message about an alert ({type(error).__name__})") from error
    return message


class Order:
    """Lets messages about one alert go in the order of their sequence; a later one waits `hold_s` for an earlier one."""

    def __init__(self, hold_s: float) -> None:
        self._hold = timedelta(seconds=hold_s)
        self._last: OrderedDict[str, int] = OrderedDict()
        self._held: dict[tuple[str, int], Message] = {}

    def take(self, message: Message) -> list[Message]:
        """A new message; -> those that may go now, in order."""
        gone = self.overdue(message.at)
        if message.sequence > self._last.get(message.key, 0) + 1:
            self._held[message.key, message.sequence] = message
            return gone + (self._let_go(next(iter(self._held.values()))) if len(self._held) > HELD else [])
        return gone + self._let_go(message)

    def overdue(self, at: datetime) -> list[Message]:
        """Those that have waited long enough."""
        gone: list[Message] = []
        for message in sorted(self._held.values(), key=lambda one: (one.at, one.sequence)):
            if message.at + self._hold <= at and (message.key, message.sequence) in self._held:
                gone += self._let_go(message)
        return gone

    def _let_go(self, message: Message) -> list[Message]:
        """It, what is held from before it, and what directly follows."""
        key = message.key
        ready = {number: one for (about, number), one in self._held.items() if about == key}
        ready[message.sequence] = message
        gone: list[Message] = []
        for number in sorted(ready):
            last = self._last.get(key, 0)
            if number > max(last + 1, message.sequence):
                break
            one = ready[number]
            gone.append(Message(id=one.id, at=one.at, payload=one.payload, missing=max(0, number - last - 1)))
            self._held.pop((key, number), None)
            self._last[key] = max(last, number)
        self._last.move_to_end(key)
        while len(self._last) > KNOWN:
            self._last.popitem(last=False)
        return gone


class Inbox:
    """Messages by id, kept in a file (None: only in memory) so that a restart knows them."""

    def __init__(self, path: Path | None, hold_s: float, now: datetime) -> None:
        self._path, self._order = path, Order(hold_s)
        self._known: OrderedDict[str, None] = OrderedDict()
        for message in _journal(path):
            if self._is_new(message.id):
                self._order.take(message)
        self._order.overdue(now)

    def take(self, message: Message) -> list[Message] | None:
        """None where it was known; else it is kept, and these may go now. Raises OSError where it cannot be kept."""
        if message.id in self._known:
            return None
        if self._path:
            append_line(self._path, _line(message))
        self._is_new(message.id)
        return self._order.take(message)

    def overdue(self, at: datetime) -> list[Message]:
        """Those that waited long enough for an earlier one."""
        return self._order.overdue(at)

    def _is_new(self, message_id: str) -> bool:
        if message_id in self._known:
            return False
        self._known[message_id] = None
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return True


def _journal(path: Path | None) -> Iterator[Message]:
    """What was kept; lines that are none (somebody died within one) are passed over."""
    if path is None or not path.exists():
        return
    try:
        with path.open("rb") as lines:
            for line in lines:
                with suppress(ValueError, KeyError, TypeError):
                    row = json.loads(line)
                    at = datetime.fromisoformat(row["received_at"]).astimezone(UTC)
                    yield message_of(row["id"], json.dumps(row["message"]).encode(), at)
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror}; choose another --out") from error


def _line(message: Message) -> bytes:
    row = {"id": message.id, "received_at": instant(message.at), "message": message.payload}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
