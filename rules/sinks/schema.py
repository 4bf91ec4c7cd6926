"""The JSON Schema of a message, made from the words themselves; docs/alert.schema.json is this."""

from typing import Any

from pydantic import TypeAdapter

from rules.sinks.message import MAX_THUMBNAIL, VERSION
from vidette.alerts import Alert, Change


def body_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what sinks are sent. What later versions add has other names, so more keys are let through."""
    alert = TypeAdapter(Alert).json_schema(mode="serialization")
    parts = {name: _plain(part) for name, part in alert.pop("$defs", {}).items()}
    alert = _plain(alert)
    alert["properties"]["links"] = {
        "description": "where the evidence can be fetched until the links expire, in its order",
        "type": "array",
        "items": {"type": "string", "format": "uri"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:vidette:alert:{VERSION}",
        "title": "A message about an alert",
        "type": "object",
        "required": ["type", "timestamp", "version", "data"],
        "properties": {
            "type": {"enum": [f"alert.{change}" for change in Change]},
            "timestamp": {"description": "when this was noticed", "type": "string", "format": "date-time"},
            "version": {"description": "of this schema", "const": VERSION},
            "id": {"description": "in files: the `webhook-id` of the message", "type": "string"},
            "data": {
                "type": "object",
                "required": ["alert"],
                "properties": {"alert": {"$ref": "#/$defs/Alert"}, "thumbnail": _THUMBNAIL},
            },
        },
        "$defs": {"Alert": alert, **parts},
    }


_THUMBNAIL = {
    "description": "a small picture, where evidence has no links",
    "type": "object",
    "required": ["media_type", "sha256", "base64"],
    "properties": {
        "media_type": {"const": "image/jpeg"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "base64": {"type": "string", "contentEncoding": "base64", "maxLength": -(-MAX_THUMBNAIL // 3) * 4},
    },
}


def _plain(part: Any) -> Any:
    """The part as messages have it: what is unknown is absent, so nothing is null and nothing has a default."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    choices = [one for one in part.get("anyOf", []) if one != {"type": "null"}]
    rest = {key: _plain(value) for key, value in part.items() if key not in ("anyOf", "default", "title")}
    if len(choices) == 1:
        return {**rest, **_plain(choices[0])}
    return {**rest, "anyOf": _plain(choices)} if choices else rest
