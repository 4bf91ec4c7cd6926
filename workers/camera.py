"""A camera's own process: `python -m workers.camera`. What goes in and out is in workers.messages.

Here the feed is read and looked at; only observations leave. It dies with its parent: its stdin ends, and on
Linux the kernel kills it.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from agent.perception.live import live_look
from ingest.live.address import Address
from ingest.live.open import open_feed
from ingest.media import FolderMedia
from vidette import codec
from vidette.errors import VidetteError
from vidette.feeds import Cause, FeedState
from vidette.log import configure
from vidette.models import FastState
from vidette.ports import Feed, Frame
from vidette.settings import Settings
from vidette.signals import Loss, Signal
from workers.messages import Alive, CameraJob, Message, Network, Said, command_of, write
from workers.streams import settings_of

_ALIVE_S = 1.0
_LEAVE_S = 5.0
_PR_SET_PDEATHSIG = 1
_OURS = (FastState.STALLED, FastState.OFFLINE)


def main() -> int:
    """Look at one camera until stdin ends; -> the exit code."""
    out = _own_stdout()
    _die_with_parent()
    job = codec.decode(CameraJob, sys.stdin.buffer.readline())
    settings = job.settings
    configure(settings.log, "json")  # the supervisor reads the level, and logs it in its own form
    try:
        look(job, settings, opened(job, settings), Told(out), sys.stdin.buffer)
    except BrokenPipeError:
        return 1  # nobody hears us any more
    except VidetteError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def opened(job: CameraJob, settings: Settings) -> Feed:
    """The camera, with the credentials that the settings have for it. Raises ConfigError."""
    said = settings_of(settings, job.stream.name)
    address = Address.parse(
        said.sub or said.source or job.stream.uri,
        username=said.username,
        password=said.password,
        transport=said.transport,
    )
    sample = said.sample or settings.sample
    return open_feed(address, stream_settings=said, live=settings.live, sample=sample, start=job.stream.start)


def look(job: CameraJob, settings: Settings, feed: Feed, told: "Told", commands: BinaryIO) -> None:
    """Look at a feed and tell what is seen until `commands` ends."""

    def now() -> float:
        return (datetime.now(UTC) - job.stream.start).total_seconds()

    watched = Watched(feed, told, now, job.gap)
    watched.network = job.network
    threading.Thread(target=_obey, args=(commands, watched), daemon=True).start()
    media = FolderMedia(Path(settings.media))
    looked = live_look(watched, job.stream, settings=settings, media=media, commit=job.commit, deep=job.deep, now=now)
    for observation in looked:
        told(Said(observation=observation))


class Told:
    """Writes messages to the supervisor, from any thread."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._lock = out, threading.Lock()

    def __call__(self, message: Message) -> None:
        """Tell it. Raises BrokenPipeError where nobody hears."""
        with self._lock:
            write(self._out, message)


class Watched:
    """A feed whose every step shows the supervisor that it is looked at (vidette.ports.Feed).

    `gap` is told first, as time that was left out. While `network` is true, losses are the network's.
    """

    def __init__(self, feed: Feed, told: Callable[[Message], None], now: Callable[[], float], gap: Loss | None) -> None:
        self._feed, self._told, self._now, self._gap = feed, told, now, gap
        self.network = False
        self._loss: Loss | None = None
        self._told_at = 0.0

    def frames(self) -> Iterator[Frame | Signal]:
        """As the feed gives them."""
        if self._gap is not None:
            yield Signal(pts_s=max(self._now(), self._gap.since_s), loss=self._gap, over=True)
        for item in self._feed.frames():
            self._notice(item)
            yield self._named(item)

    def calm(self, calm: bool) -> None:
        """As the feed takes it."""
        self._feed.calm(calm)

    def state(self) -> FeedState:
        """As the feed is."""
        return self._feed.state()

    def close(self) -> None:
        """Let the camera go."""
        self._feed.close()

    def _notice(self, item: Frame | Signal) -> None:
        """Tell that the look goes on, at once where a loss begins or ends."""
        loss, now = self._loss_of(item), time.monotonic()
        if (loss is None) != (self._loss is None) or now - self._told_at >= _ALIVE_S:
            self._told(Alive(feed=self._feed.state(), loss=loss))
            self._told_at = now
        self._loss = loss

    def _loss_of(self, item: Frame | Signal) -> Loss | None:
        if not isinstance(item, Signal):
            return None
        if item.over:
            return self._loss
        return item.loss if item.loss is not None and item.loss.state in _OURS else None

    def _named(self, item: Frame | Signal) -> Frame | Signal:
        if not self.network or not isinstance(item, Signal) or item.loss is None or item.loss.state not in _OURS:
            return item
        return replace(item, loss=replace(item.loss, cause=Cause.NETWORK))


def _obey(commands: BinaryIO, feed: Watched) -> None:
    """Do what the supervisor asks for; leave when it is gone."""
    for line in commands:
        match command_of(line):
            case Network(lost=lost):
                feed.network = lost
    feed.close()
    time.sleep(_LEAVE_S)  # nobody waits for a decoder that hangs
    os._exit(1)


def _own_stdout() -> BinaryIO:
    """Stdout for messages alone: what libraries print goes to stderr from now on."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _die_with_parent() -> None:
    """Ask the kernel (Linux) to kill us when our parent dies; Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # libav's threads may hang; nothing of ours is left to be done
