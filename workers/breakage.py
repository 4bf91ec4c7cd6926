"""A source that stops being readable midway: what was seen stays, the rest is said to have failed."""

from collections.abc import Iterator
from dataclasses import replace

from vidette.errors import SourceError
from vidette.models import Coverage, DeepState, FastState, Observation
from vidette.ports import Damage, Frame, VideoSource
from vidette.streams import Stream

_MAX_REASON = 300


class Breakable:
    """A source whose frames simply end where reading fails; `error` then says why.

    So the fast look closes what it follows there, as at the end of any file. It may look ahead
    with a second reading: what the reading that ends last met is what counts. `empty` until a
    frame was given.
    """

    def __init__(self, source: VideoSource) -> None:
        self._source = source
        self._read_s = 0.0
        self.empty = True
        self.error: SourceError | None = None

    @property
    def promised_s(self) -> float:
        """How long the source says that it is; 0 where it does not."""
        return self._source.duration_s or 0.0

    @property
    def duration_s(self) -> float | None:
        """As the source says; once it broke, up to the last frame that could be read."""
        return self._source.duration_s if self.error is None else self._read_s

    @property
    def damage(self) -> tuple[Damage, ...]:
        """As the source says."""
        return self._source.damage

    def saw(self, pts_s: float) -> None:
        """A frame of that time was given, though not by a reading of this."""
        self.empty, self._read_s = False, pts_s

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
        """The source's frames up to where it breaks."""
        try:
            for frame in self._source.frames(start_s, end_s):
                self.empty = False
                yield frame
                self._read_s = frame.pts_s
            self.error = None
        except SourceError as error:
            self.error = SourceError(str(error))

    def close(self) -> None:
        """Give back what the source holds open."""
        self._source.close()


def rest(observation: Observation, source: Breakable, stream: Stream) -> Observation:
    """The last observation with what of the promised time was not there covered as failed; others as they are."""
    if not observation.final:
        return observation
    rows = _failed(observation.end_s, source, stream)
    end_s = max([observation.end_s, *(row.end_s for row in rows)])
    return replace(observation, coverage=observation.coverage + rows, end_s=end_s)


def _failed(at: float, source: Breakable, stream: Stream) -> tuple[Coverage, ...]:
    """What after `at` was promised and could not be read: to the stream's end, or as the reader says."""
    stretches = [(max(at, one.start_s), one.end_s, one.reason) for one in source.damage]
    if source.error:
        stretches = [(at, max(source.promised_s, stream.duration_s or 0.0), str(source.error))]
    return tuple(
        Coverage(
            stream_id=stream.id,
            start_s=start,
            end_s=end,
            state=FastState.FAILED,
            deep=DeepState.FAILED,
            reason=reason[:_MAX_REASON],
        )
        for start, end, reason in stretches
        if end > start
    )
