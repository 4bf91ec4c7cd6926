"""What a sink is sent of an alert: the standard JSON, or what a template makes of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from rules.sinks.message import MAX_BYTES, Links, body
from rules.sinks.template import Template
from vidette.alerts import Alert
from vidette.errors import DeliveryError

JSON_TYPE, TEXT_TYPE = "application/json", "text/plain; charset=utf-8"
Thumbnail = Callable[[Alert], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The bytes of a message, less than `MAX_BYTES` of them, and their media type."""

    media_type: str
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Composes messages: of the same alert always the same. With links, with a small picture, by a template."""

    links: Links | None = None
    thumbnail: Thumbnail | None = None
    template: Template | None = None

    def __call__(self, alert: Alert) -> Composed:
        """The message. Raises DeliveryError, not to be tried again, where the template fails."""
        picture = self.thumbnail(alert) if self.thumbnail else None
        links = self.links(alert) if self.links else ()
        text = body(alert, links=links, thumbnail=picture)
        if self.template is None:
            return Composed(media_type=JSON_TYPE, text=text)
        return _composed(self.template.text(json.loads(text)))


def _composed(said: str) -> Composed:
    """JSON where it begins as JSON does: then it has to be, as a receiver that expects JSON takes nothing else."""
    text = said.strip().encode("utf-8", "replace")
    if len(text) >= MAX_BYTES:
        raise DeliveryError(f"the template makes {len(text)} bytes; less than {MAX_BYTES} are sent")
    if not text.startswith((b"{", b"[")):
        return Composed(media_type=TEXT_TYPE, text=text)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DeliveryError(
            f"what the template makes is no JSON ({error}); write `{{{{ value | tojson }}}}`, without quotation marks"
        ) from error
    return Composed(media_type=JSON_TYPE, text=text)
