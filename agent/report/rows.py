"""A report as JSON: the model itself, pictures by their address."""

import json
from dataclasses import fields, is_dataclass
from typing import Any

from agent.report.model import Report
from vidette import codec


def rows(report: Report) -> str:
    """One JSON object; `sections` holds blocks, each with `block` saying what it is; `events` are rows as `vidette events --json` gives them."""
    return json.dumps(_row(report), ensure_ascii=False, indent=1) + "\n"


def _row(value: object) -> Any:
    """As rows everywhere (unknown is absent), without the bytes of pictures: they are named by their SHA-256."""
    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith("agent."):
        pairs = ((one.name, getattr(value, one.name)) for one in fields(value))
        return {name: _row(item) for name, item in pairs if item is not None and not isinstance(item, bytes)}
    if isinstance(value, list | tuple):
        return [_row(item) for item in value]
    return codec.row(value)
