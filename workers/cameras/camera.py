"""A camera's own process: `python -m workers.cameras.camera`. What goes in and out is in workers.cameras.messages.

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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from agent.perception.live import live_look
from ingest.live.address import Address
from ingest.live.arrivals import Arrivals
from ingest.live.beside import Beside, Tapped
from ingest.live.open import open_feed
from ingest.live.ring import Ring
from ingest.media import FolderMedia
from vidette import codec
from vidette.errors import VidetteError
from vidette.log import configure
from vidette.ports import Feed
from vidette.settings import Settings, StreamSettings
from workers.cameras.heap import Heap
from workers.cameras.keeping import Keeper
from workers.cameras.messages import CameraJob, Go, Kept, Message, Network, Order, Said, command_of, write
from workers.cameras.poised import Arriving, Poised
from workers.cameras.watched import Watched
from workers.streams import settings_for, settings_of

_LEAVE_S = 5.0
_PR_SET_PDEATHSIG = 1
_MB = 1024 * 1024


def main() -> int:
    """Look at one camera until stdin ends; -> the exit code."""
    out = _own_stdout()
    _die_with_parent()
    job = codec.decode(CameraJob, sys.stdin.buffer.readline())
    settings = settings_for(job.settings, job.stream.name)
    configure(settings.log, "json")  # the supervisor reads the level, and logs it in its own form
    try:
        with opened(job, settings) as camera:
            look(job, settings, camera, Told(out), sys.stdin.buffer)
    except BrokenPipeError:
        return 1  # nobody hears us any more
    except VidetteError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What is open of a camera: the feed that is looked at, where its pictures wait, and what of its packets is kept."""

    feed: Feed
    keeper: Keeper
    now: Callable[[], float]
    arriving: Arriving | None = None


@contextmanager
def opened(job: CameraJob, settings: Settings) -> Iterator[Camera]:
    """The camera, with the credentials that the settings have for it. Raises ConfigError.

    Where it has a `sub` stream, that one is looked at; the other is only read, to be kept.
    """
    said, start, live = settings_of(settings, job.stream.name), job.stream.start, settings.live

    def now() -> float:
        return (datetime.now(UTC) - start).total_seconds()

    ring = Tapped(live.buffer_mb * _MB)
    keeper = Keeper(ring, Path(settings.media), job.stream, settings)
    ring.tap = keeper.add
    whole = _address(said, said.source or job.stream.uri)
    media = Path(settings.media)
    media.mkdir(parents=True, exist_ok=True)  # what is held while looking is too slow lies beside the pictures
    looked, held = (_address(said, said.sub), Ring(0)) if said.sub else (whole, ring)
    feed = open_feed(
        looked, stream_settings=said, live=live, sample=settings.sample, start=start, ring=held, folder=media
    )
    beside = Beside(lambda: Arrivals(whole, live=live, now=now), ring) if said.sub else None
    try:
        yield Camera(feed=feed, keeper=keeper, now=now, arriving=feed)
    finally:
        feed.close()
        if beside is not None:
            beside.close()


def _address(said: StreamSettings, text: str) -> Address:
    return Address.parse(text, username=said.username, password=said.password, transport=said.transport)


def look(job: CameraJob, settings: Settings, camera: Camera, told: "Told", commands: BinaryIO) -> None:
    """Look at a camera and tell what is seen until `commands` ends."""
    watched = Watched(camera.feed, camera.keeper, told, camera.now, gap=job.gap, network=job.network)
    go: SimpleQueue[Go | None] = SimpleQueue()
    threading.Thread(target=_obey, args=(commands, watched, go), name="orders", daemon=True).start()
    feed: Feed = watched
    commit, since_s = job.commit, None
    if job.poised and camera.arriving is not None:
        feed = poised = Poised(watched, camera.arriving, told, go)
        word = poised.wait()
        if word is None:
            return
        commit, since_s = word.commit, poised.since_s
    looked = live_look(
        feed,
        job.stream,
        settings=settings,
        media=FolderMedia(Path(settings.media)),
        commit=commit,
        deep=job.deep,
        now=camera.now,
        since_s=since_s,
    )
    heap = Heap()
    for observation in looked:  # one every 5 s at least
        told(Said(observation=observation))
        heap.tick()
    for clip in camera.keeper.close():
        told(Kept(clip=clip))


class Told:
    """Writes messages to the supervisor, from any thread."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._lock = out, threading.Lock()

    def __call__(self, message: Message) -> None:
        """Tell it. Raises BrokenPipeError where nobody hears."""
        with self._lock:
            write(self._out, message)


def _obey(commands: BinaryIO, feed: Watched, go: "SimpleQueue[Go | None]") -> None:
    """Do what the supervisor asks for; leave when it is gone."""
    for line in commands:
        match command_of(line):
            case Network(lost=lost):
                feed.network = lost
            case Order(clip=clip):
                feed.orders.put(clip)
            case Go() as word:
                go.put(word)
    go.put(None)
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
