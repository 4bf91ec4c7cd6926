"""A source that stops being readable midway: what was seen stays, the rest is said to have failed."""

from collections.abc import Iterator
from dataclasses import replace

from vidette.errors import SourceError
from vidette.ids import make_id
from vidette.models import Commit, Coverage, DeepState, FastState, Observation, Run, Stream
from vidette.ports import Damage, Frame, VideoSource


class Breakable:
    """A source whose frames simply end where reading fails; `error` then says why.

    So the fast look closes what it follows there, as at the end of any file.
    """

    def __init__(self, source: VideoSource) -> None:
        self._source = source
        self.error: SourceError | None = None

    @property
    def duration_s(self) -> float | None:
        """As the source says."""
        return self._source.duration_s

    @property
    def damage(self) -> tuple[Damage, ...]:
        """As the source says."""
        return self._source.damage

    def frames(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Frame]:
        """The source's frames up to where it breaks."""
        try:
            yield from self._source.frames(start_s, end_s)
        except SourceError as error:
            self.error = SourceError(str(error))

    def close(self) -> None:
        """Give back what the source holds open."""
        self._source.close()


def rest(observation: Observation, source: Breakable, stream: Stream) -> Observation:
    """The last observation of a broken source with the rest of its time covered as failed; others as they are."""
    if not (source.error and observation.final):
        return observation
    rows = _failed(observation.watermark_s, source, stream)
    end_s = max([observation.end_s, *(row.end_s for row in rows)])
    return replace(observation, coverage=observation.coverage + rows, end_s=end_s)


def ended(last: Observation | Commit | None, source: Breakable, stream: Stream, run: Run) -> Observation:
    """A last observation that says only that the rest could not be read."""
    at = last.watermark_s if last else 0.0
    sequence = -1 if last is None or last.sequence is None else last.sequence
    rows = _failed(at, source, stream)
    return Observation(
        id=make_id("broken", stream.id, sequence + 1, run.id),
        stream_id=stream.id,
        look="fast",
        run=run,
        start_s=at,
        end_s=max([at, *(row.end_s for row in rows)]),
        sequence=sequence + 1,
        watermark_s=at,
        coverage=rows,
        carry=last.carry if last else b"",
        final=True,
    )


def _failed(at: float, source: Breakable, stream: Stream) -> tuple[Coverage, ...]:
    """From `at` to where the stream should have ended, where anything says when that is."""
    end = max(source.duration_s or 0.0, stream.duration_s or 0.0)
    if end <= at:
        return ()
    row = Coverage(
        stream_id=stream.id,
        start_s=at,
        end_s=end,
        state=FastState.FAILED,
        deep=DeepState.FAILED,
        reason=str(source.error)[:300],
    )
    return (row,)
