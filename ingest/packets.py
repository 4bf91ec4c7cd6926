"""Video packets of a container in stored order, with repaired times."""

from collections.abc import Callable, Iterable, Iterator

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.clock import Clock
from ingest.container import reason
from ingest.gops import Stamped, is_key

NO_KEY_WITHIN = 1000
MAX_ERRORS = 100

Packets = Iterator["Packet[VideoStream]"]


def read(container: InputContainer, stream: VideoStream, on_error: Callable[[str], None]) -> Packets:
    """Packets; what cannot be read is told to `on_error` and passed over."""
    errors = 0
    while errors < MAX_ERRORS:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    errors = 0
                    yield packet
        except IndexError:
            continue  # a stream that began after the file was opened: not ours
        except av.FFmpegError as error:
            errors += 1
            on_error(reason(error))
        else:
            return


def stamp(packets: "Iterable[Packet[VideoStream]]", clock: Clock) -> Iterator[Stamped]:
    """Packets with repaired times, from the first keyframe on (or from the first, if none is near)."""
    held: list[Stamped] = []
    begun = False
    for packet in packets:
        item = Stamped(packet, clock.packet(packet.pts, packet.dts, packet.duration))
        held.append(item)
        if begun or is_key(packet):
            begun, held = True, held[-1:]
        if begun or len(held) >= NO_KEY_WITHIN:
            begun = True
            yield from held
            held = []
    yield from held
