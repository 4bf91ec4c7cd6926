"""What was filmed when, by the streams that a question is about."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from vidette.rows import StreamRow


@dataclass(frozen=True, slots=True)
class Footage:
    """What was filmed when, by the streams that a question is about."""

    streams: tuple[StreamRow, ...]
    now: datetime
    tz: tzinfo

    def span(self, stream: StreamRow) -> tuple[datetime, datetime]:
        """First and last instant of a stream; a live one that is being watched reaches to now."""
        if stream.kind == "live" and stream.state == "watching":
            return stream.start, max(self.now, stream.start)
        return stream.start, stream.start + timedelta(seconds=stream.length_s)

    @property
    def recorded(self) -> bool:
        """Whether all of it is files: then media times make sense."""
        return bool(self.streams) and all(stream.kind != "live" for stream in self.streams)

    @property
    def live(self) -> bool:
        """Whether none of it is a file: then media times say nothing to a person."""
        return bool(self.streams) and all(stream.kind == "live" for stream in self.streams)

    @property
    def longest_s(self) -> float:
        """Length of the longest stream."""
        return max((stream.length_s for stream in self.streams), default=0.0)

    @property
    def reach(self) -> dict[str, float]:
        """Media time up to which each stream was looked at, by its name: how long what is open lasts so far."""
        return {stream.name: max(stream.watched_s, stream.reach_s) for stream in self.streams}

    @property
    def extent(self) -> tuple[datetime, datetime]:
        """From where the oldest footage starts to where the newest ends."""
        spans = [self.span(stream) for stream in self.streams] or [(self.now, self.now)]
        return min(start for start, _ in spans), max(end for _, end in spans)

    def filmed_at(self, hour: int) -> bool:
        """Whether any stream was filmed at this hour of the asker's clock, on any day."""
        spans = (tuple(at.astimezone(self.tz) for at in self.span(stream)) for stream in self.streams)
        return any(
            end - start >= timedelta(days=1) or (hour - start.hour) % 24 <= (end.hour - start.hour) % 24
            for start, end in spans
        )

    def dates(self) -> list[date]:
        """The local dates it touches, at most a year of each stream."""
        out: set[date] = set()
        for stream in self.streams:
            start, end = (moment.astimezone(self.tz).date() for moment in self.span(stream))
            out.update(start + timedelta(days=n) for n in range(min(366, (end - start).days + 1)))
        return sorted(out)
