"""Packets from one keyframe to the next."""

from ingest.live.arrival import Arrival

MAX_PACKETS = 600  # kept while asleep: longer groups are decoded as they come
MAX_BYTES = 32 * 1024 * 1024


class Group:
    """Packets from one keyframe to the next; they are kept only where they may be needed."""

    def __init__(self, key: Arrival) -> None:
        self.start_s = key.media_s
        self.packets = [key]
        self.sizes: list[int] = []
        self._count, self._bytes = 1, key.packet.size

    @property
    def long(self) -> bool:
        """Whether it is more than is kept."""
        return self._count > MAX_PACKETS or self._bytes > MAX_BYTES

    def add(self, arrival: Arrival, *, keep: bool) -> None:
        """The next packet."""
        size = arrival.packet.size
        self._count, self._bytes = self._count + 1, self._bytes + size
        if not arrival.key and len(self.sizes) < MAX_PACKETS:
            self.sizes.append(size)
        if keep:
            self.packets.append(arrival)
