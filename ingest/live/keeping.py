"""What is kept of a camera: clips about alerts, cut out of the ring of its last packets, and recordings."""

import time
from pathlib import Path

from ingest.live.arrivals import Arrival
from ingest.live.clipping import fitted
from ingest.live.cutting import ClipDone, ClipOrder, Cutter
from ingest.live.recording import Files, Recorder
from ingest.live.recordings import folder_of
from ingest.live.ring import Ring
from ingest.masks import masks_of
from vidette.settings import Settings, StreamSettings
from vidette.streams import Stream

SETTLED_S = 1.0  # packets of a moment may come a little after it
_CLOSE_S = 1.2
_MOST_WAITING = 256
_MOST_CUTTING = 4  # each holds its packets in memory, and one that is encoded anew takes a while


class Keeper:
    """Clips and recordings of one camera; nothing here holds its loop up.

    `folder` is that of pictures and clips, `ring` what holds the packets that clips are cut from. Where the stream has
    masks, they are painted over whatever is kept.
    """

    def __init__(self, ring: Ring, folder: Path, stream: Stream, settings: Settings) -> None:
        said = next((one for one in settings.streams if one.name == stream.name), StreamSettings(name=stream.name))
        self._ring = ring
        self._waiting: dict[str, ClipOrder] = {}
        self._refused: list[ClipDone] = []
        masks = masks_of(settings, stream.name)
        self._cutter = Cutter(folder, stream, masks)
        self._recorder: Recorder | None = None
        if said.record == "continuous":
            files = Files(folder_of(folder, stream.id), stream.at, masks)
            self._recorder = Recorder(files, settings.live.buffer_mb * 1_000_000)

    def add(self, arrival: Arrival) -> None:
        """A packet of the stream that is kept, for the recording; the ring is filled by who owns it."""
        if self._recorder is not None:
            self._recorder.add(arrival)

    def order(self, order: ClipOrder) -> None:
        """A clip is wanted; the same order twice is one."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[order.id] = order
        else:
            self._refused.append(ClipDone(id=order.id, error=f"{_MOST_WAITING} clips are being waited for already"))

    def tick(self, now_s: float) -> list[ClipDone]:
        """Media time is now `now_s`: what is over is cut; -> what was done since."""
        for order in [one for one in self._waiting.values() if now_s >= one.end_s + SETTLED_S]:
            if self._cutter.waiting >= _MOST_CUTTING:
                break
            self._cut(order)
        refused, self._refused = self._refused, []
        return refused + self._cutter.done()

    def close(self) -> list[ClipDone]:
        """Cut what is still wanted up to now, finish the recording; -> what was done in the time there is."""
        deadline = time.monotonic() + _CLOSE_S
        for order in list(self._waiting.values()):
            self._cut(order)
        if self._recorder is not None:
            self._recorder.end()
        done = self._cutter.close(_CLOSE_S)
        if self._recorder is not None:
            self._recorder.close(max(0.0, deadline - time.monotonic()))
        return done

    def _cut(self, order: ClipOrder) -> None:
        """The packets are taken at once: the ring goes on."""
        del self._waiting[order.id]
        held = self._ring.window(order.start_s, order.end_s)
        held_s = held[0].media_s if held else order.end_s
        start_s, end_s = fitted(order.start_s, order.end_s, held_s, order.longest_s)
        self._cutter.cut(order, self._ring.window(start_s, end_s) if held else [])
