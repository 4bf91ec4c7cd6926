"""The fast look's coverage rows between two commits."""

from collections.abc import Callable

from vidette import intervals
from vidette.models import Coverage, DeepState, FastState
from vidette.ports import VideoSource

_DEEP = {FastState.FAILED: DeepState.FAILED, FastState.DROPPED: DeepState.DROPPED}
Blank = tuple[float, float, FastState, str]


class Covering:
    """Collects what was done with time; rows never overlap."""

    def __init__(self, stream_id: str, *, deep: bool) -> None:
        self.stream_id = stream_id
        self.deep = deep
        self._rows: list[Coverage] = []
        self.blank: list[Blank] = []

    def watched(self, start_s: float, end_s: float, deep: DeepState, *, shown: bool = True) -> None:
        """A stretch was watched; what deserved a deep look is pending while one may still come, dropped where no
        picture `shown` of it could be kept.
        """
        if deep is DeepState.EXAMINED and self.deep:
            deep = DeepState.PENDING if shown else DeepState.DROPPED
        self._add(start_s, end_s, FastState.WATCHED, deep, "no picture of it" if deep is DeepState.DROPPED else "")

    def blind(self, start_s: float, end_s: float, reason: str) -> None:
        """Nothing could be made out, whatever `watched` says of that time; told again as it lasts, the longest counts."""
        same = [blank for blank in self.blank if (blank[0], blank[2]) == (start_s, FastState.BLIND)]
        end_s = max([end_s, *(blank[1] for blank in same)])
        self.blank = [blank for blank in self.blank if blank not in same]
        self.blank.append((start_s, end_s, FastState.BLIND, reason))

    def missed(self, start_s: float, end_s: float, state: FastState, reason: str) -> None:
        """Nothing was seen in a stretch, whatever was told of it before."""
        self._add(start_s, end_s, state, _DEEP.get(state, DeepState.OFF), reason, lambda _, now: now)

    def damaged(self, source: VideoSource, until_s: float) -> None:
        """Stretches that the source could not read, whatever `watched` says of that time."""
        for damage in source.damage:
            blank = (damage.start_s, min(damage.end_s, until_s), FastState.FAILED, damage.reason)
            if blank not in self.blank:
                self.blank.append(blank)

    def drain(self) -> tuple[Coverage, ...]:
        """Rows since the last commit."""
        for start_s, end_s, state, reason in self.blank:
            self.missed(start_s, end_s, state, reason)
        rows, self._rows = tuple(self._rows), []
        return rows

    def forget(self, before_s: float) -> None:
        """Blank stretches that lie wholly before the open segment will not be told of again."""
        self.blank = [blank for blank in self.blank if blank[1] > before_s]

    def _add(
        self,
        start_s: float,
        end_s: float,
        state: FastState,
        deep: DeepState,
        reason: str,
        said: Callable[[Coverage, Coverage], Coverage] = intervals.stronger,
    ) -> None:
        if end_s > start_s:
            row = Coverage(
                stream_id=self.stream_id,
                start_s=round(start_s, 3),
                end_s=round(end_s, 3),
                state=state,
                deep=deep,
                reason=reason,
            )
            self._rows = intervals.merge(self._rows, [row], said)
