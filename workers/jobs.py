"""The jobs of the flow: small, frozen, sent as JSON; never pixels, only addresses of pictures."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ingest.sources import SourceSpec
from vidette import codec
from vidette.errors import StoreError
from vidette.models import Observation, Segment

VERSION = 3
READ = (2, 3)
"""Versions that are understood: while workers are updated one after another, old messages are on their way."""
_CLOSED = {"extra": "forbid"}  # a key that is not known says something that would not be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Watch a source from where its stream was settled last, up to `end_s` (None: to its end).

    With `span_s` the work goes on in a further watch of that length; `after` is then the
    sequence of the last observation that must be settled before it begins.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    spec: SourceSpec
    again: bool = False
    span_s: float | None = None
    end_s: float | None = None
    after: int | None = None
    kind: Literal["watch"] = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decode:
    """Decode the `number`-th span of a file, `[start_s, end_s)`, for the watch `run` of it, which comes to it later.

    A hint: what nobody decodes, the watch decodes itself. `depends` stands for all that what is decoded depends on, the files
    included (workers.watches.decoding.depends); who would decode it otherwise leaves it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    spec: SourceSpec
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    number: Annotated[int, Field(ge=0, lt=10**9)]
    start_s: float
    end_s: float
    depends: str
    kind: Literal["decode"] = "decode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Write an observation to the graph.

    `carry_sha256`: address of its carry where that does not travel with it; the observation's own is empty then.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    observation: Observation
    carry_sha256: str = ""
    kind: Literal["settle"] = "settle"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """Look at a settled segment with the vision model; so many newer looks wait for it to be done.

    `beside`: later segments of the same stream that are described in the same answer. `owed`: from an earlier watch.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    segment: Segment
    beside: tuple[Segment, ...] = ()
    waiting: int = 0
    owed: bool = False
    kind: Literal["look"] = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Send what is due to a sink."""

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    sink: str
    kind: Literal["deliver"] = "deliver"


Job = Watch | Decode | Settle | LookAt | Deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A job on its way. `trace` is its W3C traceparent, empty: none; `sent_at` is unknown of messages of version 2."""

    __pydantic_config__: ClassVar[dict[str, str]] = _CLOSED

    version: int = VERSION
    kind: Literal["watch", "decode", "settle", "look", "deliver", ""] = ""
    sent_at: datetime | None = None
    trace: str = ""
    job: Annotated[Job, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    version: int = VERSION


def encode(job: Job, *, trace: str = "") -> str:
    """A job as JSON text, as of now."""
    return codec.encode(Message(job=job, kind=job.kind, sent_at=datetime.now(UTC), trace=trace)).decode()


def decode(text: str) -> Job:
    """A job from its JSON. Raises StoreError, as `read`."""
    return read(text).job


def read(text: str) -> Message:
    """A message from its JSON. Raises StoreError where it is none; `retryable` where it is of a later version."""
    try:
        message = codec.decode(Message, text)
    except StoreError:
        _check(_version(text))
        raise
    _check(message.version)
    return message


def _version(text: str) -> int:
    try:
        return codec.decode(_Head, text).version
    except StoreError:
        return VERSION  # it is no message at all


def _check(version: int) -> None:
    if version > VERSION:
        raise StoreError(f"job of version {version!r}, this worker knows {VERSION}; update it", retryable=True)
    if version < READ[0]:
        raise StoreError(f"job of version {version!r}, this worker knows {READ[0]} to {VERSION}; watch again")
