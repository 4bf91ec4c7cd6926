"""Signed tokens for links: what somebody may do by following one, until when."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from vidette.errors import ConfigError

_LONGEST = 4000


def token_of(key: bytes, purpose: str, said: Mapping[str, Any], expires: int) -> str:
    """`PAYLOAD.SIGNATURE`, both URL-safe base64; it holds for this purpose until `expires` (Unix time).

    The signature is HMAC-SHA256 (RFC 2104) over purpose and payload, so that a token for one purpose is none for another.
    """
    payload = _text(json.dumps({"said": said, "expires": expires}, separators=(",", ":"), sort_keys=True).encode())
    return f"{payload}.{_mac(key, purpose, payload)}"


def said_by(key: bytes, purpose: str, token: str, *, now: float) -> dict[str, Any]:
    """What the token says. Raises ConfigError where it is not ours, for another purpose, or its time is over."""
    payload, _, signature = token[:_LONGEST].partition(".")
    if not hmac.compare_digest(_mac(key, purpose, payload).encode(), signature.encode()):
        raise ConfigError(f"token {token[:12]!r}… is not signed by this key for {purpose!r}; ask for a new one")
    try:
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):  # signed by us all the same: by another version
        raise ConfigError(f"token {token[:12]!r}… cannot be read; ask for a new one") from None
    if now >= found["expires"]:
        raise ConfigError(f"token {token[:12]!r}… has expired; ask for a new one")
    said: dict[str, Any] = found["said"]
    return said


def _mac(key: bytes, purpose: str, payload: str) -> str:
    return _text(hmac.new(key, f"token:{purpose}:{payload}".encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
