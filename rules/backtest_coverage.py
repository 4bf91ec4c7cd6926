"""What a back-test knows of where somebody looked: read a day at a time, no further than each stream has been played."""

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime, timedelta

from vidette.ports import Reader
from vidette.queries import CoverageIn, Filter
from vidette.rows import CoverageRow
from vidette.streams import Stream

_AHEAD = timedelta(days=1)
_ROWS = 1_000_000


class Looked:
    """Coverage of streams up to the moments to which they are played."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._played: dict[str, tuple[Stream, float]] = {}
        self._lots: dict[str, _Lot] = {}

    def play(self, stream: Stream, watermark_s: float) -> None:
        """The stream is known up to this media time."""
        self._played[stream.id] = stream, watermark_s

    def answer(self, query: CoverageIn) -> list[CoverageRow]:
        """Rows of streams, by their ids, from an instant on; anything else as it is stored."""
        since, streams = query.where.since, query.where.streams
        if (
            since is None
            or query.where != Filter(streams=streams, since=since)
            or not self._played.keys() >= set(streams)
        ):
            return self._read(query)
        names = sorted(streams, key=lambda key: self._played[key][0].name)
        return [row for key in names for row in self._rows(key, since)][: query.limit]

    def _rows(self, stream_id: str, since: datetime) -> list[CoverageRow]:
        stream, watermark_s = self._played[stream_id]
        upto = stream.at(watermark_s)
        lot = self._lots.get(stream_id)
        if lot is None or since < lot.since or upto > lot.until:
            lot = _Lot(self._read, stream, since, upto + _AHEAD)
            self._lots[stream_id] = lot
        return lot.between(stream, since, upto)


class _Lot:
    """Rows of one stream in [since, until), by time."""

    def __init__(self, read: Reader, stream: Stream, since: datetime, until: datetime) -> None:
        self.since, self.until = since, until
        where = Filter(streams=(stream.id,), since=since, until=until)
        self._rows = read(CoverageIn(where=where, limit=_ROWS))

    def between(self, stream: Stream, since: datetime, upto: datetime) -> list[CoverageRow]:
        first = bisect_right(self._rows, since, key=lambda row: row.end)
        last = bisect_right(self._rows, upto, key=lambda row: row.start)
        found = (_clipped(row, stream, since, upto) for row in self._rows[first:last])
        return [row for row in found if row.end > row.start]


def _clipped(row: CoverageRow, stream: Stream, since: datetime, upto: datetime) -> CoverageRow:
    if row.start >= since and row.end <= upto:
        return row
    start, end = max(row.start, since), min(row.end, upto)
    at, until = ((one - stream.start).total_seconds() for one in (start, end))
    return replace(row, start=start, end=end, start_s=at, end_s=until)
