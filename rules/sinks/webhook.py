"""A sink that posts signed messages as Standard Webhooks has it."""

import http.client
import math
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256

from rules.addresses import Network, Resolve, Target, addresses, lookup, target_of
from rules.signing import sign
from rules.sinks.composing import Composed, Composer
from rules.sinks.kept import Kept
from rules.sinks.post import Post, Reply
from vidette.alerts import Delivery, Sent
from vidette.errors import DeliveryError
from vidette.text import plain
from vidette.traces import HERE

_GONE, _QUOTED = 410, 200
_WAITING = 8  # connections that are kept for the next messages


class WebhookSink:
    """Posts to one URL. 2xx is delivered, 410 wants no more, anything else is tried again."""

    def __init__(
        self,
        sink_id: str,
        url: str,
        keys: Sequence[bytes],
        *,
        timeout_s: float,
        allow: Sequence[Network] = (),
        compose: Composer | None = None,
        resolve: Resolve = lookup,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.id, self._target = sink_id, target_of(url)
        self.address = _told(self._target, url)
        self._keys, self._timeout_s, self._allow = tuple(keys), timeout_s, tuple(allow)
        self._compose, self._resolve, self._now = compose or Composer(), resolve, now
        self._tls = ssl.create_default_context() if self._target.tls else None
        self._kept, self._lock, self._posts = Kept(_WAITING), threading.Lock(), set[Post]()
        self._closed = False

    def send(self, delivery: Delivery) -> Sent:
        """Post it once."""
        try:
            composed = self._compose(delivery.message)
        except DeliveryError as error:
            return Sent(ok=False, again=False, error=str(error))
        try:
            with self._posting() as post:
                reply = post.send(self._found, self._headers(delivery, composed), composed.text)
        except DeliveryError as error:
            return Sent(ok=False, error=str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Sent(ok=False, error=plain(f"{self.address}: {_said(error)}")[:_QUOTED])
        return self._sent(reply)

    def close(self) -> None:
        """Cut what is on its way."""
        with self._lock:
            self._closed = True
            for post in self._posts:
                post.cut()
        self._kept.close()

    @contextmanager
    def _posting(self) -> Iterator[Post]:
        """An exchange that `close` can cut."""
        post = Post(self._target, self._tls, self._timeout_s, kept=self._kept)
        with self._lock:
            self._posts.add(post)
            if self._closed:
                post.cut()
        try:
            yield post
        finally:
            with self._lock:
                self._posts.discard(post)

    def _found(self) -> Sequence[str]:
        return addresses(self._target, self._allow, self._resolve)

    def _headers(self, delivery: Delivery, composed: Composed) -> dict[str, str]:
        timestamp, place = int(self._now().timestamp()), HERE.get()
        return {
            **({"traceparent": place} if place else {}),
            "Content-Type": composed.media_type,
            "User-Agent": "Vidette",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._keys, delivery.id, timestamp, composed.text),
        }

    def _sent(self, reply: Reply) -> Sent:
        if 200 <= reply.code < 300:
            return Sent(ok=True, code=reply.code)
        quote = plain(reply.body.decode("utf-8", "replace"))[:_QUOTED].strip()
        moved = "; redirects are not followed, give the new address as `url`" if 300 <= reply.code < 400 else ""
        return Sent(
            ok=False,
            gone=reply.code == _GONE,
            after_s=retry_after_s(reply.retry_after, self._now()),
            code=reply.code,
            error=f"HTTP {reply.code}{moved}" + (f": {quote}" if quote else ""),
        )


def retry_after_s(header: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110 §10.2.3); None where it is neither."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:12])
    try:
        at = parsedate_to_datetime(text)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _told(target: Target, url: str) -> str:
    """Scheme and host; a path is often a secret, so a few digits of a hash only tell it from others."""
    tag = "" if target.path == "/" else f"/…{sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{target.scheme}://{target.authority}{tag}"


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
