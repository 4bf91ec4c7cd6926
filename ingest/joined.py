"""Several files as one stream (vidette.ports.VideoSource)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.damage import Stretch, join
from vidette.errors import SourceError
from vidette.ports import Frame, Image, VideoSource

logger = logging.getLogger(__name__)

Part = tuple[Path, float]


@dataclass(slots=True, kw_only=True)
class ShiftedFrame:
    """A frame of a part, at the whole stream's media time (vidette.ports.Frame)."""

    frame: Frame
    pts_s: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frame.size

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        """See vidette.ports.Frame."""
        return self.frame.planes(width)

    def rgb(self, width: int | None = None) -> Image:
        """See vidette.ports.Frame."""
        return self.frame.rgb(width)


class JoinedSource:
    """Parts, each beginning at its offset; one is open at a time."""

    def __init__(self, parts: Sequence[Part], open_part: Callable[[Path], VideoSource]) -> None:
        self._parts = list(parts)
        self._open_part = open_part
        self._damage: tuple[Stretch, ...] = ()
        self._ends: dict[int, float] = {}
        first = open_part(parts[0][0])
        first.close()
        self._note(0, first)

    @property
    def duration_s(self) -> float | None:
        """Seconds to the end of the last part, where that is known."""
        last = len(self._parts) - 1
        if last not in self._ends:
            self._ask_length(last)
        return self._ends.get(last)

    @property
    def damage(self) -> tuple[Stretch, ...]:
        """Stretches found unreadable so far, in any part."""
        return self._damage

    def close(self) -> None:
        """Nothing is held open between reads."""

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
        """Sampled frames of all parts in [start_s, end_s); a part that cannot be read is damage."""
        last_s = -1.0
        for index, (_, offset) in enumerate(self._parts):
            if end_s is not None and offset >= end_s:
                return
            if self._next_offset(index) <= start_s:
                continue
            until = None if end_s is None else end_s - offset
            for frame in self._part_frames(index, max(0.0, start_s - offset), until):
                if frame.pts_s > last_s:
                    last_s = frame.pts_s
                    yield frame

    def _ask_length(self, index: int) -> None:
        path, offset = self._parts[index]
        try:
            source = self._open_part(path)
        except SourceError as error:
            logger.warning("length of %r is not known: %s", str(path), error)
            self._ends[index] = offset
        else:
            source.close()
            self._note(index, source)

    def _next_offset(self, index: int) -> float:
        return self._parts[index + 1][1] if index + 1 < len(self._parts) else float("inf")

    def _part_frames(self, index: int, start_s: float, end_s: float | None) -> Iterator[Frame]:
        path, offset = self._parts[index]
        try:
            source = self._open_part(path)
        except SourceError as error:
            self._lost(index, offset, str(error))
            return
        last_s = offset
        try:
            for frame in source.frames(start_s, end_s):
                last_s = frame.pts_s + offset
                self._note(index, source)
                yield ShiftedFrame(frame=frame, pts_s=last_s)
        except SourceError as error:
            self._lost(index, last_s, str(error))
        finally:
            source.close()
            self._note(index, source)

    def _note(self, index: int, source: VideoSource) -> None:
        offset = self._parts[index][1]
        moved = (Stretch(start_s=d.start_s + offset, end_s=d.end_s + offset, reason=d.reason) for d in source.damage)
        self._damage = join((*self._damage, *moved))
        if source.duration_s is not None:
            self._ends[index] = offset + source.duration_s

    def _lost(self, index: int, begin_s: float, reason: str) -> None:
        """What is missing of a part: up to the next one, or to where the last one would end."""
        end_s = self._next_offset(index)
        if end_s == float("inf"):
            end_s = self._ends.get(index, begin_s)
        if end_s > begin_s:
            self._damage = join((*self._damage, Stretch(start_s=begin_s, end_s=end_s, reason=reason)))
