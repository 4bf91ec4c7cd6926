"""Continuous recording: everything that a camera sends, in files of about a minute."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue

import av

from ingest.container import reason
from ingest.live.arrivals import Arrival
from ingest.live.coding import Coding, coding_of
from ingest.live.recordings import name_of
from ingest.live.writing import GROWING, Writer, writer
from ingest.masks import Masks

log = logging.getLogger(__name__)

FILE_S = 60.0
_JUMP_S = 5.0
_RETRY_S = 5.0
_FAULTS = (OSError, av.FFmpegError, ValueError)


class Files:
    """Files one after another, each from a keyframe on, named by the instant of its first picture.

    A file that could not be written is left as it is; a new one is tried after some seconds.
    """

    def __init__(self, folder: Path, at: Callable[[float], datetime], masks: Masks, file_s: float = FILE_S) -> None:
        self._folder, self._at, self._masks, self._file_s = folder, at, masks, file_s
        self._file: Writer | None = None
        self._coding: Coding | None = None
        self._first: Arrival | None = None
        self._last_s = 0.0
        self._retry_s = float("-inf")

    def write(self, arrival: Arrival) -> None:
        """The next packet in the order they came; never raises for what the disk does."""
        if self._broken(arrival) or (arrival.key and self._full(arrival)):
            self.close()
        try:
            if self._file is None and arrival.key and arrival.arrived_s >= self._retry_s:
                self._begin(arrival)
            if self._file is not None:
                self._file.write(arrival)
        except _FAULTS as error:
            log.warning("cannot record to %r (%s); make room there", str(self._folder), reason(error))
            self._retry_s = arrival.arrived_s + _RETRY_S
            self.close()
        self._last_s = arrival.media_s

    def close(self) -> None:
        """Finish the file."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(*_FAULTS):  # it is playable as it is
                file.close()

    def _broken(self, arrival: Arrival) -> bool:
        """Whether this packet does not continue the file."""
        jumped = abs(arrival.media_s - self._last_s) > _JUMP_S
        return self._first is not None and (jumped or arrival.connection != self._first.connection)

    def _full(self, arrival: Arrival) -> bool:
        begun = self._first is not None and arrival.media_s - self._first.media_s >= self._file_s
        return begun or coding_of(arrival) != self._coding

    def _begin(self, arrival: Arrival) -> None:
        self._first, self._coding = arrival, coding_of(arrival)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name_of(self._at(arrival.media_s))
        self._file = writer(path, self._coding, self._masks, GROWING, "ultrafast")


class Recorder:
    """`Files` on a thread of their own, so that a slow disk or encoder holds nothing up.

    At most `max_bytes` wait to be written; what comes meanwhile is left out in whole groups of pictures, and said.
    """

    def __init__(self, files: Files, max_bytes: int) -> None:
        self._files, self._max_bytes = files, max_bytes
        self._queue: SimpleQueue[Arrival | None] = SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._behind = False
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def add(self, arrival: Arrival) -> None:
        """Take a packet; never waits."""
        with self._lock:
            if not self._behind and self._waiting + arrival.packet.size > self._max_bytes:
                self._behind = True
                log.warning("recording cannot keep up; pictures are left out until it does")
            elif self._behind and arrival.key and self._waiting * 2 <= self._max_bytes:
                self._behind = False
            if self._behind:
                return
            self._waiting += arrival.packet.size
        self._queue.put(arrival)

    def end(self) -> None:
        """No more will come; what waits is written."""
        self._queue.put(None)

    def close(self, timeout_s: float) -> None:
        """Finish the file, where that takes no longer; else it ends with its last whole group of pictures."""
        self.end()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (arrival := self._queue.get()) is not None:
            self._files.write(arrival)
            with self._lock:
                self._waiting -= arrival.packet.size
        self._files.close()
