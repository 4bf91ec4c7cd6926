"""The folder of media is swept every few minutes while cameras are watched, on a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from ingest.retention import Retention
from vidette.errors import StoreError
from vidette.models import EventType
from workers.cameras.keeping import retention_of
from workers.system import System
from workers.wiring import Pipeline, media_path

log = logging.getLogger(__name__)

EVERY_S = 180.0
_SOON_S, _STEP_S = 0.2, 2.0  # until the next part: where room is needed, and where not
_LOOK_S = 5.0  # how often the room that is left is looked at
_LEAVE_S = 1.0


class Sweeping:
    """Sweeps from `with` to its end, by the settings that `pipeline()` has at the time.

    What has to go before its time is told as a `storage_low` event, and `nudge` called.
    """

    def __init__(self, pipeline: Callable[[], Pipeline], nudge: Callable[[], None], every_s: float = EVERY_S) -> None:
        self._pipeline, self._nudge, self._every_s = pipeline, nudge, every_s
        self._made: tuple[Pipeline, Retention] | None = None
        self._low = False  # and nothing is left that may go
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeping", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wait(self._sweep())

    def _wait(self, seconds: float) -> None:
        """Wait so long; less, where the disk fills up meanwhile."""
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0 and not self._stop.wait(min(left_s, _LOOK_S)):
            if not self._low and self._retention().short():
                return

    def _sweep(self) -> float:
        """Sweep once; -> how long to wait until the next time."""
        try:
            done = self._retention().sweep(datetime.now(UTC))
        except StoreError as error:
            log.warning("media is not swept: %s", error)
            return self._every_s
        if done.files:
            log.info("%d files of media deleted, %d of them before their time", done.files, done.early)
        self._low = done.low_bytes > 0
        if not done.more:
            return self._every_s
        return _SOON_S if done.low_bytes else _STEP_S

    def _retention(self) -> Retention:
        pipeline = self._pipeline()
        if self._made is None or self._made[0] is not pipeline:
            root = media_path(pipeline.settings)
            self._made = pipeline, retention_of(root, pipeline.settings, pipeline.store, self._tell)
        return self._made[1]

    def _tell(self, text: str) -> None:
        log.warning("%s", text)
        System(pipeline=self._pipeline()).happened(EventType.STORAGE_LOW, text, datetime.now(UTC))
        self._nudge()
