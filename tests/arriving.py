"""Packets of files as if a camera had sent them."""

from collections.abc import Iterable
from pathlib import Path

import av

from ingest.live.arrivals import Arrival
from ingest.live.ring import Ring


def arrivals(
    path: Path, *, at_s: float = 100.0, connection: int = 1, options: dict[str, str] | None = None
) -> list[Arrival]:
    """Every packet of a file, opened with these options, its first picture at media time `at_s`; the file is closed."""
    with av.open(str(path), options=options or {}) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        first = min(packet.pts for packet in packets)
        made = []
        for packet in packets:
            media_s = at_s + float((packet.pts - first) * packet.time_base)
            made.append(
                Arrival(
                    packet=packet,
                    stream=stream,
                    key=packet.is_keyframe,
                    media_s=media_s,
                    arrived_s=media_s,
                    connection=connection,
                )
            )
    return made


def ringed(given: Iterable[Arrival], max_bytes: int = 64_000_000) -> Ring:
    """A ring that holds them."""
    ring = Ring(max_bytes)
    for arrival in given:
        ring.add(arrival)
    return ring


def shown(path: Path) -> list[tuple[float, bool, object]]:
    """(time, keyframe, luma) of each picture of a file, as PyAV decodes it whole."""
    with av.open(str(path)) as container:
        return [
            (frame.time, bool(frame.key_frame), frame.to_ndarray(format="gray")) for frame in container.decode(video=0)
        ]
