"""Questions about what is alike: the nearest in a run's space, and what has no place in it yet."""

from dataclasses import dataclass, field
from typing import Literal

from vidette.models import Embedded
from vidette.queries import Filter, Query


@dataclass(frozen=True, slots=True)
class Near:
    """Something alike: the cosine of its embedding to what was asked (-1..1); a keyframe's segment."""

    id: str
    likeness: float
    segment_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest(Query[list[Near]]):
    """The rows that match and lie nearest to `vector` (a unit vector, little-endian float32) in a run's space, best first.

    An event is as near as the nearest of what is said of it.
    """

    of: Literal["keyframe", "segment", "event", "entity"]
    run_id: str
    vector: bytes
    where: Filter = field(default_factory=Filter)
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Embeddable:
    """Something that has no embedding of a run: the words, or the address of the picture (SHA-256)."""

    id: str
    stream_id: str
    text: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unembedded(Query[list[Embeddable]]):
    """What has no embedding of this run, or one of other words, oldest first; `after` is the id of the last one known."""

    of: Embedded
    run_id: str
    streams: tuple[str, ...] = ()
    after: str = ""
    limit: int = 64
