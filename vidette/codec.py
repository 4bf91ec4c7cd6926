"""Models to JSON and back: what travels between steps, and the rows that `--json` prints."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from vidette.errors import StoreError
from vidette.text import plain

M = TypeVar("M")
_LONGEST = 200  # characters of what is said to be wrong


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(model: type[Any]) -> TypeAdapter[Any]:
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def encode(value: object) -> bytes:
    """JSON bytes of a model. Raises StoreError for text that no UTF-8 can hold."""
    try:
        return bytes(_adapter(type(value)).dump_json(value))
    except PydanticSerializationError as error:
        raise StoreError(f"{type(value).__name__} cannot be written ({error}); its text is not Unicode") from error


def decode(model: type[M], data: bytes | str) -> M:
    """A model from its JSON. Raises StoreError where the bytes are not one."""
    try:
        value: M = _adapter(model).validate_json(data)
    except ValidationError as error:
        raise StoreError(f"not a {model.__name__} ({problem(error)}); written by another version?") from error
    return value


def problem(error: ValidationError) -> str:
    """The first thing that is wrong and where, in one short line whatever it quotes."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place, why = ".".join(str(part) for part in first["loc"]), plain(first["msg"])[:_LONGEST]
    return f"at {place[:_LONGEST]!r}: {why}" if place else why


def instant(at: datetime) -> str:
    """ISO-8601 in UTC, with milliseconds only where there are any."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace(".000+00:00", "+00:00").replace("+00:00", "Z")


def row(value: object) -> Any:
    """A JSON-ready row of a model: what is unknown or empty-by-None is absent, never faked."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in fields(value))
        return {name: row(item) for name, item in pairs if item is not None}
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {str(key): row(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [row(item) for item in value]
    return value


def line(value: object) -> str:
    """One JSON line of a model."""
    return json.dumps(row(value), ensure_ascii=False, separators=(",", ":"))
