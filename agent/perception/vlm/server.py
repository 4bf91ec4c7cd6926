"""Asking a server over HTTP, with patience that has an end: tries, waits, one deadline, a breaker."""

import http.client
import json
import logging
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import BoundedSemaphore, Event, Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from agent.perception.reply import clean
from agent.perception.vlm.breaker import Breaker
from rules.addresses import LOCAL, Target, addresses, target_of
from rules.sinks.post import Post, Reply
from rules.sinks.webhook import retry_after_s
from vidette.errors import ConfigError, DeliveryError, ModelError
from vidette.log import redact
from vidette.models import Usage

log = logging.getLogger(__name__)

MAX_ANSWER = 4 * 2**20
_BUSY = {408, 409, 425, 429}
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_QUOTED = 200
Wait = Callable[[float], object]


class _Fault(Exception):  # why a try did not succeed
    def __init__(self, what: str, *, again: bool, after_s: float | None = None) -> None:
        super().__init__(what)
        self.again, self.after_s = again, after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for: one try, all of a question, further tries, questions at the same time."""

    timeout_s: float = 60.0
    deadline_s: float = 180.0
    retries: int = 3
    concurrency: int = 4


class Server:
    """One address that takes JSON by POST and answers with a JSON object. Safe for many threads.

    Tries again on 408, 409, 425, 429, 5xx, a lost connection and an answer that is no JSON object, with waits that
    double from half a second, half of each by chance, or as long as `Retry-After` says; redirects are not followed, no
    proxy is used, and every try has its own connection. `close` ends what is on its way. `settings` is the table that
    names it, for what is said of mistakes. Raises ConfigError for an address or key that can be none.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        patience: Patience | None = None,
        breaker: Breaker | None = None,
        wait: Wait | None = None,
        clock: Callable[[], float] = monotonic,
        settings: str = "vlm",
    ) -> None:
        self._settings = settings
        self._target = _address_of(url, settings)
        self.name = f"{self._target.scheme}://{self._target.authority}{self._target.path.partition('?')[0]}"
        self._key, self._patience = _key_of(key, settings), patience or Patience()
        self._breaker, self._clock = breaker or Breaker(clock=clock), clock
        self._tls = ssl.create_default_context() if self._target.tls else None
        self._slots = BoundedSemaphore(self._patience.concurrency)
        self._closed, self._lock, self._posts = Event(), Lock(), set[Post]()
        self._wait = wait or self._closed.wait

    def until(self) -> float:
        """When patience with a question that is asked now ends, by the server's clock."""
        return self._clock() + self._patience.deadline_s

    def ask(self, question: bytes, until: float) -> tuple[dict[str, Any], int]:
        """The answer and how many tries it took. Raises ModelError, which names the server and what to do."""
        if not self._slots.acquire(timeout=max(0.0, until - self._clock())):
            raise ModelError(
                f"{self.name!r} is busy with earlier questions; allow more time or concurrency", usage=Usage()
            )
        try:
            if not self._breaker.allows():
                raise ModelError(
                    f"{self.name!r} failed too often; it is left alone for a while", retryable=True, usage=Usage()
                )
            return self._asked(question, until)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Ask no more, and cut what is on its way."""
        self._closed.set()
        with self._lock:
            for post in self._posts:
                post.cut()

    def _asked(self, question: bytes, until: float) -> tuple[dict[str, Any], int]:
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._try(question, until - self._clock())
            except _Fault as fault:
                if not self._waited(fault, tries, until):
                    raise self._given_up(fault, tries) from None
            else:
                self._breaker.succeeded()
                return answer, tries

    def _waited(self, fault: _Fault, tries: int, until: float) -> bool:
        """Wait for the next try; False where there is none."""
        pause = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret
        pause = pause if fault.after_s is None else fault.after_s
        if not fault.again or tries > self._patience.retries or self._clock() + pause >= until:
            return False
        self._wait(pause)
        return not self._closed.is_set()

    def _given_up(self, fault: _Fault, tries: int) -> ModelError:
        if not fault.again:
            self._breaker.succeeded()  # it answers; the question is what it does not like
        elif self._breaker.failed():
            log.warning("%r does not answer (%s); it is left alone for a while, deep looks fail", self.name, fault)
        many = f" after {tries} tries" if tries > 1 else ""
        return ModelError(f"{self.name!r}: {fault}{many}", retryable=fault.again, usage=Usage(calls=tries))

    def _try(self, question: bytes, left_s: float) -> dict[str, Any]:
        try:
            reply = self._posted(question, min(self._patience.timeout_s, max(0.001, left_s)))
        except DeliveryError as error:
            raise _Fault(self._quote(str(error).partition(";")[0]), again=error.retryable) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            trusted = not isinstance(error, ssl.SSLCertVerificationError)
            raise _Fault(self._quote(_why(error)), again=trusted) from error
        if not 200 <= reply.code < 300:
            raise self._refused(reply)
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise _Fault(f"its answer is no JSON: {self._quote(_text(reply.body))!r}", again=True) from None
        if not isinstance(answer, dict):
            raise _Fault("its answer is no JSON object", again=True)
        if answer.get("error"):
            raise _Fault(f"it answers with an error: {self._quote(json.dumps(answer['error']))}", again=False)
        return answer

    def _posted(self, question: bytes, timeout_s: float) -> Reply:
        post = Post(self._target, self._tls, timeout_s, most=MAX_ANSWER)
        with self._lock:
            self._posts.add(post)
        try:
            if self._closed.is_set():
                raise OSError("closed")
            return post.send(self._found, self._headers(), question)
        finally:
            with self._lock:
                self._posts.discard(post)

    def _found(self) -> Sequence[str]:
        """Where it is: on this machine or network, or on the internet; never where a cloud keeps its keys."""
        return addresses(self._target, LOCAL)

    def _headers(self) -> dict[str, str]:
        key = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        said = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Vidette"}
        return {**said, "Connection": "close", **key}

    def _refused(self, reply: Reply) -> _Fault:
        at = self._settings
        hints = {404: f"; check `{at}.url` and `{at}.model`", **dict.fromkeys((401, 403), f"; check `{at}.api_key`")}
        moved = f"; redirects are not followed, give the new address as `{at}.url`" if 300 <= reply.code < 400 else ""
        quote = self._quote(_text(reply.body))
        again = reply.code in _BUSY or reply.code >= 500
        after_s = retry_after_s(reply.retry_after, datetime.now(UTC)) if reply.retry_after else None
        text = f"HTTP {reply.code}{hints.get(reply.code, moved)}" + (f": {quote}" if quote else "")
        return _Fault(text, again=again, after_s=after_s)

    def _quote(self, text: str) -> str:
        """What a server said: one bounded line, without the key even where it says it."""
        hidden = text.replace(self._key, "***") if self._key else text
        return clean(redact(hidden), _QUOTED)


def _address_of(url: str, settings: str) -> Target:
    """Where chat completions are asked for, below a server's address. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ConfigError(f"{settings}.url holds a user or password; give a key as `{settings}.api_key`")
        path = parts.path.rstrip("/").removesuffix("/chat/completions") + "/chat/completions"
        return target_of(parts._replace(path=path, fragment="").geturl())
    except ValueError:
        raise ConfigError(f"{settings}.url: no URL {redact(url)[:200]!r}; write http://host:8000/v1") from None
    except ConfigError as error:
        raise ConfigError(f"{settings}.url: {error}") from None


def _key_of(text: str, settings: str) -> str:
    """A key as it goes into a header; a line break at its end is of the file that it came from. Raises ConfigError."""
    key = text.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            f"{settings}.api_key is no key: letters, digits and signs on one line; check where it comes from"
        )
    return key


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, http.client.IncompleteRead):
        return "its answer was cut off"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
