"""Taking changed settings into a running watch: when their files change, and when `vidette reload` asks."""

import logging
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Protocol

from vidette.errors import ConfigError, VidetteError

if TYPE_CHECKING:
    from vidette.settings import Settings

log = logging.getLogger(__name__)

POLL_S = 2.0
SIGNAL = signal.SIGUSR1

Stamp = tuple[tuple[str, int, int], ...]
_FIXED = ("db", "media", "broker", "neo4j", "cluster")


class Told(Protocol):
    """Hears what came of each reload."""

    def reloaded(self, refused: str = "") -> None:
        """It was done, or refused for this reason."""


class Untold:
    """Where nobody asks."""

    def reloaded(self, refused: str = "") -> None:
        """The log says so."""


class Reloading:
    """Context manager: calls `reload` when one of `files` has changed, or on SIGUSR1 (from the main thread).

    What cannot be read or is faulty is said, and what runs stays.
    """

    def __init__(self, files: Sequence[Path], reload: Callable[[], None], notice: Told) -> None:
        self._files, self._reload, self._notice = files, reload, notice
        self._asked, self._over = Event(), False
        self._before = stamp(files)
        self._thread = Thread(target=self._run, name="reloading", daemon=True)

    def __enter__(self) -> "Reloading":
        self._handler = signal.signal(SIGNAL, self._heard)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(SIGNAL, self._handler)
        self._over = True
        self._asked.set()
        self._thread.join()

    def _heard(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _run(self) -> None:
        while not self._over:
            asked = self._asked.wait(POLL_S)
            self._asked.clear()
            now = stamp(self._files)
            if not self._over and (asked or now != self._before):
                self._before = now
                self._take()

    def _take(self) -> None:
        try:
            self._reload()
        except VidetteError as error:
            log.error("settings not taken, those before stay: %s", error)  # noqa: TRY400  no traceback for a known error
            self._notice.reloaded(str(error))
        except Exception as error:  # the loop's edge: a fault in a reload must not end the watch
            log.exception("settings not taken, those before stay")
            self._notice.reloaded(f"{type(error).__name__}: {error}")
        else:
            log.info("settings taken")
            self._notice.reloaded()


def check_fixed(before: "Settings", now: "Settings", name: str) -> None:
    """Refuse what a part of a cluster cannot take while it runs. Raises ConfigError."""
    for key in _FIXED:
        if getattr(before, key) != getattr(now, key):
            raise ConfigError(f"`{key}` cannot be changed while {name} runs; end it and start it again")


def stamp(files: Sequence[Path]) -> Stamp:
    """What changes when a file does; one that is not there has none."""
    found = []
    for path in files:
        try:
            facts = path.stat()
        except OSError:
            continue
        found.append((str(path), facts.st_mtime_ns, facts.st_size))
    return tuple(found)
