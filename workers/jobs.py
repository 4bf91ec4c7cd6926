"""The jobs of the flow: small, frozen, sent as JSON; never pixels, only addresses of pictures."""

from dataclasses import dataclass
from typing import Literal

from ingest.sources import SourceSpec
from vidette import codec
from vidette.errors import StoreError
from vidette.models import Observation, Segment

VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Watch a source from where its stream was settled last, up to `end_s` (None: to its end).

    With `span_s` the work goes on in a further watch of that length; `after` is then the
    sequence of the last observation that must be settled before it begins.
    """

    spec: SourceSpec
    again: bool = False
    span_s: float | None = None
    end_s: float | None = None
    after: int | None = None
    kind: Literal["watch"] = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Write an observation to the graph."""

    observation: Observation
    kind: Literal["settle"] = "settle"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """Look at a settled segment with the vision model; so many newer looks wait for it to be done.

    `beside`: later segments of the same stream that are described in the same answer.
    """

    segment: Segment
    beside: tuple[Segment, ...] = ()
    waiting: int = 0
    kind: Literal["look"] = "look"


Job = Watch | Settle | LookAt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    job: Job
    version: int = VERSION


def encode(job: Job) -> str:
    """A job as JSON text."""
    return codec.encode(_Message(job=job)).decode()


def decode(text: str) -> Job:
    """A job from its JSON. Raises StoreError where it is none, or of another version."""
    message = codec.decode(_Message, text)
    if message.version != VERSION:
        raise StoreError(
            f"job of version {message.version!r}, this is {VERSION}; update every worker, then watch again"
        )
    return message.job
