"""Recorded files of a stream: which there are, and the packets of a stretch of time out of them."""

import re
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from ingest.container import open_container
from ingest.live.arrivals import Arrival
from ingest.packets import read
from vidette.errors import SourceError

FOLDER = "recordings"
LONGEST_S = 600.0  # no recorded file lasts longer
_MEETS_S = 1.0
_NAME = re.compile(r"(\d{8}T\d{6})\.(\d{3})Z\.mp4")


def folder_of(media: Path, stream_id: str) -> Path:
    """Where a stream is recorded."""
    return media / FOLDER / stream_id


def name_of(start: datetime) -> str:
    """Name of a file whose first picture is of that instant: `20260501T120000.125Z.mp4`."""
    at = (start + timedelta(microseconds=500)).astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z.mp4"


def start_of(name: str) -> datetime | None:
    """The instant that a name says; None where it is no recording's."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(f"{found[1]}.{found[2]}+0000", "%Y%m%dT%H%M%S.%f%z") if found else None
    except ValueError:
        return None


def recorded(folder: Path, since: datetime, until: datetime) -> list[tuple[datetime, Path]]:
    """Files that may show something of [since, until), by time; none where nothing was recorded."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
    begun = [(start, folder / name) for name in names if (start := start_of(name)) is not None]
    ends = [min(following, start + timedelta(seconds=LONGEST_S)) for (start, _), (following, _) in pairwise(begun)]
    ends += [start + timedelta(seconds=LONGEST_S) for start, _ in begun[-1:]]
    return [one for one, end in zip(begun, ends, strict=True) if one[0] < until and end > since]


def arrivals(folder: Path, origin: datetime, start_s: float, end_s: float) -> Generator[Arrival, None, None]:
    """Packets that show [start_s, end_s) of the media time that begins at `origin`, from a keyframe on.

    From the first keyframe there is where that was not recorded. A file that cannot be read is passed over.
    """
    since, until = (origin + timedelta(seconds=at) for at in (start_s, end_s))
    held: list[Arrival] = []
    for number, (start, path) in enumerate(recorded(folder, since, until)):
        if held and held[-1].media_s < start_s - _MEETS_S:
            held = []  # nothing was recorded then
        for arrival in _packets(path, (start - origin).total_seconds(), number):
            if arrival.media_s >= end_s:
                break
            if arrival.key and arrival.media_s <= start_s:
                held = []
            held.append(arrival)
            if arrival.media_s >= start_s:
                yield from held
                held = []


def _packets(path: Path, begins_s: float, number: int) -> Iterator[Arrival]:
    try:
        container, stream = open_container(path)
    except SourceError:
        return
    with container:
        first: float | None = None
        for packet in read(container, stream, lambda _: None):
            if packet.pts is None or packet.time_base is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            first = at_s if first is None else first
            media_s = begins_s + at_s - first
            key = packet.is_keyframe
            yield Arrival(packet=packet, stream=stream, key=key, media_s=media_s, arrived_s=media_s, connection=number)
