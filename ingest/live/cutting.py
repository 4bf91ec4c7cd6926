"""Cutting clips, one after another on a thread of its own: to encode one anew takes seconds."""

import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue

from ingest.live.arrivals import Arrival
from ingest.live.clipping import HEVC, Clipped, alike, clip
from ingest.live.recordings import arrivals as recorded
from ingest.live.recordings import folder_of
from ingest.masks import Masks
from ingest.media import FolderMedia
from vidette.errors import StoreError
from vidette.models import Evidence
from vidette.streams import Stream

_LATE_S = 0.5  # a clip that begins so much later than asked is looked for among recordings
PART = ".clip-{}.part"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOrder:
    """A clip that is wanted of [start_s, end_s) of media time, at most `longest_s`; `id` is that of its alert."""

    id: str
    start_s: float
    end_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipDone:
    """What came of an order: a clip of [start_s, end_s) in the media folder, or why there is none.

    `codec` is how its pictures came, `note` what a person should know of it.
    """

    id: str
    evidence: Evidence | None = None
    start_s: float = 0.0
    end_s: float = 0.0
    codec: str = ""
    note: str = ""
    error: str = ""


class Cutter:
    """Clips of one stream, kept in the media folder; `masks` are painted over them."""

    def __init__(self, folder: Path, stream: Stream, masks: Masks) -> None:
        self._folder, self._stream, self._masks = folder, stream, masks
        self._orders: SimpleQueue[tuple[ClipOrder, list[Arrival]] | None] = SimpleQueue()
        self._done: SimpleQueue[ClipDone] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)
        self._thread.start()

    def cut(self, order: ClipOrder, held: list[Arrival]) -> None:
        """Cut a clip of these packets; of what was recorded, where they begin too late."""
        self._orders.put((order, held))

    @property
    def waiting(self) -> int:
        """How many were not begun."""
        return self._orders.qsize()

    def done(self) -> list[ClipDone]:
        """What was finished since it was asked last."""
        out: list[ClipDone] = []
        with suppress(Empty):
            while True:
                out.append(self._done.get_nowait())
        return out

    def close(self, timeout_s: float) -> list[ClipDone]:
        """Finish what is ordered, where that takes no longer."""
        self._orders.put(None)
        self._thread.join(timeout_s)
        return self.done()

    def _run(self) -> None:
        while (item := self._orders.get()) is not None:
            try:
                self._done.put(self._cut(*item))
            except StoreError as error:
                self._done.put(ClipDone(id=item[0].id, error=str(error)))

    def _cut(self, order: ClipOrder, held: list[Arrival]) -> ClipDone:
        if not held or held[0].media_s > order.start_s + _LATE_S:
            with suppress(StoreError):
                return self._recorded(order, held[0].media_s if held else order.end_s)
        run = alike(held)
        return self._kept(order, run, self._masks, "" if len(run) == len(held) else _CHANGED)

    def _recorded(self, order: ClipOrder, before_s: float) -> ClipDone:
        """The clip out of recordings. Raises StoreError where they begin no earlier than `before_s`."""
        end_s = min(order.end_s, order.start_s + order.longest_s)
        found = recorded(folder_of(self._folder, self._stream.id), self._stream.start, order.start_s, end_s)
        first = next(found, None)
        if first is None or first.media_s >= before_s:
            raise StoreError("it was not recorded")
        return self._kept(order, chain((first,), found), Masks(), "")  # painted over already

    def _kept(self, order: ClipOrder, arrivals: Iterable[Arrival], masks: Masks, note: str) -> ClipDone:
        part = self._folder / PART.format(secrets.token_hex(4))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            made = clip(arrivals, part, masks)
            sha256, uri = FolderMedia(self._folder).adopt(part, ".mp4")
        except OSError as error:
            raise StoreError(f"cannot keep a clip in {str(self._folder)!r} ({error.strerror}); make room") from error
        finally:
            with suppress(OSError):
                part.unlink()
        evidence = Evidence(kind="clip", sha256=sha256, uri=uri, pts_s=made.start_s)
        return _told(order, made, evidence, note)


_CHANGED = "the camera changed its picture or its codec meanwhile; only the longest part is in the clip"


def _told(order: ClipOrder, made: Clipped, evidence: Evidence, note: str) -> ClipDone:
    notes = [note, HEVC if made.codec == "hevc" else ""]
    return ClipDone(
        id=order.id,
        evidence=evidence,
        start_s=made.start_s,
        end_s=made.end_s,
        codec=made.codec,
        note="; ".join(one for one in notes if one),
    )
