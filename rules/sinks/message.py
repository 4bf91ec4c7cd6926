"""What sinks say of an alert: as JSON of bounded size, and as one line for people."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from vidette import codec
from vidette.alerts import Alert
from vidette.text import plain

VERSION = 1
"""Of the message: grows where receivers have to change, not where something is added (docs/alert.schema.json)."""
MAX_BYTES = 20_000
MAX_THUMBNAIL = 12_288
_STEPS = (32, 8, 2, 1, 0)
Links = Callable[[Alert], Sequence[str]]


def payload(alert: Alert, *, links: Sequence[str] = (), thumbnail: bytes | None = None) -> dict[str, Any]:
    """`{type, timestamp, version, data: {alert, thumbnail?}}`: the same for the same alert, whenever it is made."""
    row = codec.row(alert)
    if links:
        row["links"] = list(links)
    data: dict[str, Any] = {"alert": row}
    if thumbnail:
        data["thumbnail"] = {
            "media_type": "image/jpeg",
            "sha256": sha256(thumbnail).hexdigest(),
            "base64": base64.b64encode(thumbnail).decode(),
        }
    timestamp = codec.instant(alert.raised_at)
    return {"type": f"alert.{alert.change}", "timestamp": timestamp, "version": VERSION, "data": data}


def body(alert: Alert, *, links: Sequence[str] = (), thumbnail: bytes | None = None) -> bytes:
    """The payload as JSON of less than `MAX_BYTES`: without the picture, then shortened, where need be."""
    small = thumbnail if thumbnail and len(thumbnail) <= MAX_THUMBNAIL else None
    for picture in (small, None):
        text = encoded(payload(alert, links=links, thumbnail=picture))
        if len(text) < MAX_BYTES:
            return text
    for keep in _STEPS:
        text = encoded(payload(shortened(alert, keep), links=links[:keep]))
        if len(text) < MAX_BYTES:
            break
    return text


def shortened(alert: Alert, keep: int) -> Alert:
    """The alert with at most `keep` of each list and its texts cut; `vidette alerts why ID` has all of it."""
    most = 50 * keep
    return replace(
        alert,
        text=_cut(alert.text, most),
        why=tuple(_cut(one, most) for one in alert.why[:keep]),
        streams=tuple(_cut(one, most) for one in alert.streams[:keep]),
        zones=alert.zones and tuple(_cut(one, most) for one in alert.zones[:keep]),
        labels=alert.labels and alert.labels[:keep],
        described_by=alert.described_by and alert.described_by[:keep],
        events=alert.events[:keep],
        evidence=alert.evidence[:keep],
    )


def encoded(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON; what no UTF-8 can hold becomes `?`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def sentence(alert: Alert) -> str:
    """`HIGH “Bag left”: in gate on yard, Fri 1 May 12:00:03 UTC (rule bag-left, alert 1a2b3c4d)`, one safe line."""
    change = "" if alert.change == "raised" else f" {alert.change}:"
    return plain(f"{alert.severity.upper()}{change} {_cut(alert.text, 500)} (rule {alert.rule}, alert {alert.id[:8]})")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"
