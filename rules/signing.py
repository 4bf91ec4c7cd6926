"""Signatures of Standard Webhooks (standardwebhooks.com, v1: HMAC-SHA256), and of links to evidence."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from vidette.errors import ConfigError, DeliveryError

PREFIX = "whsec_"
TOLERANCE_S = 300
_SHORTEST, _LONGEST = 24, 64  # bytes, by the specification


def key_of(secret: str) -> bytes:
    """The key that a `whsec_…` secret holds. Raises ConfigError, which does not repeat it."""
    try:
        text = secret.removeprefix(PREFIX)
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigError(
            f"a signing secret is `{PREFIX}` and the base64 of {_SHORTEST} to {_LONGEST} random bytes; "
            f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature a key, separated by spaces."""
    return " ".join(f"v1,{_mac(key, message_id, timestamp, body)}" for key in keys)


def verify(keys: Sequence[bytes], message_id: str, timestamp: str, signatures: str, body: bytes, *, now: float) -> None:
    """Check a received message: one signature by one key suffices. Raises DeliveryError where it does not hold.

    `now` is Unix time; a timestamp more than five minutes from it is refused, so that a message
    that somebody recorded cannot be sent again later.
    """
    if not timestamp.isascii() or not timestamp.isdecimal() or abs(int(timestamp[:12]) - now) > TOLERANCE_S:
        raise DeliveryError(f"webhook-timestamp {timestamp[:20]!r} is not within {TOLERANCE_S // 60} min of now")
    given = [one.removeprefix("v1,") for one in signatures.split(" ") if one.startswith("v1,")]
    expected = [_mac(key, message_id, int(timestamp[:12]), body) for key in keys]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected):
        raise DeliveryError(f"no signature of message {message_id[:80]!r} fits; is the secret the same on both sides?")


def _mac(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def sign_link(key: bytes, name: str, expires: int) -> str:
    """Hex signature of a link to the evidence file `name` that holds until `expires` (Unix time)."""
    return hmac.new(key, f"evidence:{name}:{expires}".encode(), hashlib.sha256).hexdigest()


def link_holds(key: bytes, name: str, expires: int, signature: str, *, now: float) -> bool:
    """Whether a link's signature is ours and its time is not over."""
    return now < expires and hmac.compare_digest(sign_link(key, name, expires).encode(), signature.encode())
