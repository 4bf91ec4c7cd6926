"""The last packets of a camera, so that a clip can begin before what it is about."""

from collections import deque
from threading import Lock

from ingest.live.arrival import Arrival

AROUND = 1250  # bytes that Python and FFmpeg take for a packet beside what it holds, as measured


class Ring:
    """Whole groups of pictures, the newest, of at most `max_bytes` of memory together.

    A group that is larger alone is not held. Packets are held by reference and never changed.
    `add` and `window` may be called from different threads.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._groups: deque[list[Arrival]] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._open = False
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """How much memory is held."""
        return self._bytes

    def add(self, arrival: Arrival) -> None:
        """The next packet in the order they came; what precedes the first keyframe of a connection is of no use."""
        with self._lock:
            if arrival.key:
                self._groups.append([])
                self._sizes.append(0)
                self._open = True
            elif not self._open or self._groups[-1][-1].connection != arrival.connection:
                self._open = False
                return
            size = arrival.packet.size + AROUND
            self._groups[-1].append(arrival)
            self._sizes[-1] += size
            self._bytes += size
            while self._bytes > self._max_bytes:
                self._drop()

    def window(self, start_s: float, end_s: float) -> list[Arrival]:
        """Packets that show [start_s, end_s) of media time, from the keyframe at or before `start_s`.

        From the first keyframe there is where that has gone; nothing where nothing of it is held.
        """
        with self._lock:
            groups = list(self._groups)
            packets = [arrival for group in groups for arrival in list(group)]
        keys = [number for number, arrival in enumerate(packets) if arrival.key]
        before = [number for number in keys if packets[number].media_s <= start_s]
        first = before[-1] if before else next(iter(keys), 0)
        shown = [number for number in range(first, len(packets)) if packets[number].media_s < end_s]
        if not shown or packets[-1].media_s < start_s:
            return []
        return packets[first : shown[-1] + 1]

    def _drop(self) -> None:
        """The oldest group goes, be it the one that is being filled."""
        self._groups.popleft()
        self._bytes -= self._sizes.popleft()
        self._open = self._open and bool(self._groups)
