"""The words of what is watched: a stream, its zones and lines."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from vidette.geometry import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A named polygon on a stream, corners in 0..1."""

    id: str
    name: str
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named directed line on a stream; crossing it from left to right of a->b is `forward`."""

    id: str
    name: str
    a: Point
    b: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A configured feed: a camera, a file, or several files whose times join.

    `start` is the wall-clock time of media time 0; `start_from` says where that came from
    (`option`, `metadata`, `name`, `file time`). Ids never depend on it.
    """

    id: str
    name: str
    kind: Literal["file", "live", "import"]
    uri: str
    start: datetime
    start_from: str = "file time"
    duration_s: float | None = None
    width: int = 0
    height: int = 0
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()

    def at(self, pts_s: float) -> datetime:
        """Wall-clock instant of media time `pts_s`."""
        return (self.start + timedelta(seconds=pts_s)).astimezone(UTC)
