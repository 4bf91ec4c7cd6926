"""Between models and the columns of the embedded store."""

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from pydantic_core import to_json

from graph.schema import OPEN
from vidette.errors import StoreError
from vidette.geometry import Box
from vidette.ids import milliseconds
from vidette.models import Attributes

Connection = sqlite3.Connection
Row = sqlite3.Row
Named = sqlite3.Row | Mapping[str, Any]
"""A row of either store: values by name."""
Value = str | int | float | bytes | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(at: datetime) -> int:
    """An instant as whole milliseconds since 1970."""
    return round((at - _EPOCH) / timedelta(milliseconds=1))


def to_instant(ms: int) -> datetime:
    """The instant of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def pts(seconds: float) -> float:
    """Media seconds rounded to the millisecond, so that borders meet exactly."""
    return milliseconds(seconds) / 1000


def times(origin_ms: int, start_s: float, end_s: float | None) -> dict[str, Value]:
    """The five time columns of a row of a stream whose media time 0 is `origin_ms`. Raises StoreError."""
    if not math.isfinite(start_s) or (end_s is not None and not math.isfinite(end_s)):
        raise StoreError(f"[{start_s}, {end_s}) is no stretch of media time; times are finite")
    start = milliseconds(start_s)
    if end_s is None:
        return {"start": origin_ms + start, "end": None, "start_pts": start / 1000, "end_pts": None, "size": OPEN}
    end = max(start, milliseconds(end_s))
    return {
        "start": origin_ms + start,
        "end": origin_ms + end,
        "start_pts": start / 1000,
        "end_pts": end / 1000,
        "size": (end - start).bit_length(),
    }


def dump(value: Any) -> str:
    """Compact JSON, keys in order."""
    return to_json(dict(sorted(value.items())) if isinstance(value, dict) else value).decode()


def box_text(box: Box | None) -> str | None:
    """A box as JSON; None: there is none."""
    return None if box is None else "[" + ",".join([repr(float(side)) for side in box]) + "]"


def kind(attributes: Attributes) -> str | None:
    """The finer kind of a thing (van, dog), where something told it."""
    value = attributes.get("kind")
    return value if isinstance(value, str) else None


def to_box(text: str | None) -> Box | None:
    """A box from its JSON."""
    if text is None:
        return None
    x1, y1, x2, y2 = json.loads(text)
    return float(x1), float(y1), float(x2), float(y2)


def insert(connection: Connection, table: str, row: dict[str, Value], *, conflict: str = "") -> None:
    """Insert a row; `conflict` is what follows ON CONFLICT. Table and columns are names in our code, never data."""
    connection.execute(_insertion(table, tuple(row), conflict), tuple(row.values()))


def insert_all(connection: Connection, table: str, rows: list[dict[str, Value]], *, conflict: str = "") -> None:
    """Insert rows of the same columns, as `insert` does one."""
    if rows:
        values = [tuple(row.values()) for row in rows]
        connection.executemany(_insertion(table, tuple(rows[0]), conflict), values)


@lru_cache(maxsize=256)  # as many as there are kinds of rows in our code
def _insertion(table: str, names: tuple[str, ...], conflict: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    tail = f" ON CONFLICT {conflict}" if conflict else ""
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}){tail}"  # noqa: S608  names come from code, values are bound


def upsert(connection: Connection, table: str, key: str, row: dict[str, Value]) -> None:
    """Insert a row, or set its columns where `key` is there already."""
    upsert_all(connection, table, key, [row])


def upsert_all(connection: Connection, table: str, key: str, rows: list[dict[str, Value]]) -> None:
    """`upsert` rows of the same columns."""
    if rows:
        insert_all(connection, table, rows, conflict=_moving(key, tuple(rows[0])))


@lru_cache(maxsize=256)
def _moving(key: str, names: tuple[str, ...]) -> str:
    moved = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != key)
    return f"({key}) DO UPDATE SET {moved}"


def many(ids: Iterable[str]) -> str:
    """A list of ids as one parameter for `IN (SELECT value FROM json_each(?))`."""
    return f"[{','.join(map(encode_basestring_ascii, ids))}]"
