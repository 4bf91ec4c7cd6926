"""Evidence as messages carry it: a small picture, a link that expires."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePosixPath

from rules.signing import key_of, sign_link
from rules.sinks.message import MAX_THUMBNAIL
from vidette.alerts import Alert
from vidette.errors import StoreError
from vidette.models import Evidence
from vidette.ports import MediaStore
from vidette.rule_settings import AlertSettings

log = logging.getLogger(__name__)

LINK_DAYS = 7


def thumbnails(media: MediaStore) -> Callable[[Alert], bytes | None]:
    """Makes the small JPEG of an alert's first picture; None where it has none that can be read."""

    def small(alert: Alert) -> bytes | None:
        from ingest.jpeg import thumbnail

        picture = next((one for one in alert.evidence if one.kind != "clip"), None)
        try:
            return thumbnail(media.get(picture.sha256), MAX_THUMBNAIL) if picture else None
        except StoreError as error:
            log.info("no picture with alert %s: %s", alert.id, error)
            return None

    return small


def linker(settings: AlertSettings) -> Callable[[Alert], tuple[str, ...]] | None:
    """Makes links to evidence that hold for a week from when the alert was raised; None where no base is set.

    `BASE/SHA256.SUFFIX?expires=UNIX&signature=HEX`, signed as `rules.signing.sign_link` has it.
    """
    if not settings.media_base_url:
        return None
    key, base = key_of(settings.media_secret), settings.media_base_url.rstrip("/")

    def links(alert: Alert) -> tuple[str, ...]:
        expires = int((alert.raised_at + timedelta(days=LINK_DAYS)).timestamp())
        return tuple(_link(base, key, one, expires) for one in alert.evidence)

    return links


def _link(base: str, key: bytes, evidence: Evidence, expires: int) -> str:
    name = f"{evidence.sha256}{PurePosixPath(evidence.uri).suffix}"
    return f"{base}/{name}?expires={expires}&signature={sign_link(key, name, expires)}"
