"""Which segments of a stream are described in one answer: those that begin in one stretch of its media time.

The stretches are the same anywhere and at any time, so it makes no difference who looks, or how often a watch was broken off.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from vidette.models import Commit, Observation, Segment

Group = tuple[Segment, ...]
Owed = Callable[[float, float], Sequence[Segment]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """How segments go together: `stretch_s` of media time, `most` of them; `longest_s` is how long one goes on.

    A stretch is over once all that began in it has ended.
    """

    stretch_s: float
    most: int
    longest_s: float

    def due(self, observation: Observation, urgent: Callable[[Segment], bool], begun: Owed) -> Iterator[Group]:
        """The groups to be looked at now that the observation is settled.

        `urgent`: whether a segment waits for nothing and nobody. `begun(from_s, to_s)`: all stored segments with pictures
        that begin there and are still owed.
        """
        first = self._over(observation.start_s)
        last = math.inf if observation.final else self._over(observation.watermark_s)
        now = [one for one in observation.segments if one.keyframes]
        alone = {one.id for one in now if urgent(one) or self._stretch(one.start_s) < first}
        yield from ((one,) for one in now if one.id in alone)
        if last > first:
            waited = begun(first * self.stretch_s, last * self.stretch_s)
            waited = [one for one in waited if one.id not in alone]
            hurried = {one.id for one in waited if urgent(one)}  # an alert about it came when it was over
            yield from ((one,) for one in waited if one.id in hurried)
            yield from self.groups(one for one in waited if one.id not in hurried)

    def groups(self, segments: Iterable[Segment]) -> Iterator[Group]:
        """Segments in time order as they go together."""
        for _, some in groupby(segments, lambda one: self._stretch(one.start_s)):
            together = list(some)
            count = math.ceil(len(together) / self.most)
            for place in range(count):
                yield tuple(together[place * len(together) // count : (place + 1) * len(together) // count])

    def is_due(self, segment: Segment, commit: Commit | None) -> bool:
        """Whether a stored segment waits for nothing any more; the watch that goes on from the commit asks for the others."""
        return commit is None or commit.final or self._stretch(segment.start_s) < self._over(commit.watermark_s)

    def _over(self, watermark_s: float) -> int:
        """How many stretches are over by then."""
        return max(0, math.floor((round(watermark_s, 3) - self.longest_s) / self.stretch_s + 1e-9))

    def _stretch(self, start_s: float) -> int:
        return math.floor(start_s / self.stretch_s + 1e-9)
