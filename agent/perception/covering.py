"""The fast look's coverage rows between two commits."""

from vidette import intervals
from vidette.models import Coverage, DeepState, FastState
from vidette.ports import VideoSource


class Covering:
    """Collects what was done with time; rows never overlap."""

    def __init__(self, stream_id: str, *, deep: bool) -> None:
        self.stream_id = stream_id
        self.deep = deep
        self._rows: list[Coverage] = []

    def watched(self, start_s: float, end_s: float, deep: DeepState) -> None:
        """A stretch was watched; what deserved a deep look is pending while one may still come."""
        if deep is DeepState.EXAMINED and self.deep:
            deep = DeepState.PENDING
        self._add(start_s, end_s, FastState.WATCHED, deep, "")

    def blind(self, start_s: float, end_s: float, reason: str) -> None:
        """Nothing could be made out; this comes after `watched`."""
        self._add(start_s, end_s, FastState.BLIND, DeepState.OFF, reason)

    def damaged(self, source: VideoSource, until_s: float) -> None:
        """Stretches that the source could not read; this comes after `watched`."""
        for damage in source.damage:
            end_s = min(damage.end_s, until_s)
            self._add(damage.start_s, end_s, FastState.FAILED, DeepState.FAILED, damage.reason)

    def drain(self) -> tuple[Coverage, ...]:
        """Rows since the last commit."""
        rows, self._rows = tuple(self._rows), []
        return rows

    def _add(self, start_s: float, end_s: float, state: FastState, deep: DeepState, reason: str) -> None:
        if end_s > start_s:
            row = Coverage(
                stream_id=self.stream_id,
                start_s=round(start_s, 3),
                end_s=round(end_s, 3),
                state=state,
                deep=deep,
                reason=reason,
            )
            self._rows = intervals.merge(self._rows, [row])
