"""The words of traces: spans of work, and a place in a trace as it goes along (W3C Trace Context, `traceparent`)."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Told = Mapping[str, str | int | float | bool]
"""What is said of a span, by OpenTelemetry's names or our own (`vidette.…`)."""
Kind = Literal["internal", "consumer", "client"]

HERE: ContextVar[str] = ContextVar("traceparent", default="")
"""The innermost span of this thread's work, as it goes along in messages and requests; empty: there is none."""
_FORM = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_INVALID = "ff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A trace of 128 bits and a span of 64 bits in it, neither of them 0."""

    trace_id: int
    span_id: int

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-01"


class Span:
    """A stretch of work that goes on; this one is told to nobody."""

    def note(self, told: Told) -> None:
        """Something that was learnt on the way."""

    def fail(self, reason: str) -> None:
        """It did not come to what it should."""


def place_in(text: str) -> Place | None:
    """What a `traceparent` says; None where it says nothing that can be read. Of a later version what this one knows is read."""
    found = _FORM.fullmatch(text)
    if found is None or text[:2] == _INVALID or (found[3] and text[:2] == "00"):
        return None
    trace_id, span_id = int(found[1], 16), int(found[2], 16)
    return Place(trace_id=trace_id, span_id=span_id) if trace_id and span_id else None


def place_of(observation_id: str) -> Place:
    """Where the trace of an observation begins: of its id alone, so that it is the same for whoever sends it again."""
    digest = sha256(f"trace:{observation_id}".encode("utf-8", "surrogatepass")).digest()
    return Place(trace_id=int.from_bytes(digest[:16]) or 1, span_id=int.from_bytes(digest[16:24]) or 1)
