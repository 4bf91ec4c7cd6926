"""The cameras that this process watches for others: each task brings one, and takes it away."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ingest.sources import SourceSpec
from vidette.errors import StoreError, VidetteError
from vidette.models import Commit, Observation
from vidette.queries import LastCommit
from vidette.streams import Stream
from workers.cameras.fleet import Fleet, Join, Leave
from workers.jobs import Job
from workers.watches.emitting import Emitter
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_PATIENCE_S = 15.0


class Berth:
    """A camera's place in the crew; what it says goes to an emitter (workers.cameras.settling.Outlet).

    `left` is set once it is not watched any more, `error` says why where it was not let go. `poised`: until `go`, somebody
    else watches it; `ready` once our process has a picture.
    """

    def __init__(self, emitter: Emitter, *, poised: bool = False) -> None:
        self.emitter, self.poised, self.ready = emitter, poised, False
        self.left = Event()
        self._going = Event()
        self.error: VidetteError | None = None
        self._commit: Commit | None = None
        self._reached = emitter.reached

    def lock(self, pipeline: Pipeline, stream_id: str) -> AbstractContextManager[object]:
        """Whoever joined holds the stream already."""
        return nullcontext()

    def begin(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """Take the stream, but while poised: from now on nobody who watched it before is heard."""
        known = pipeline.store.open_stream(stream)
        if self.poised and not self._going.is_set():
            return known
        self.emitter.begin(pipeline.store.take(stream.id))
        self._commit = pipeline.store.read(LastCommit(stream_id=stream.id))
        self.poised = False
        return self._commit

    def go(self) -> None:
        """Nobody else watches it any more."""
        self._going.set()

    def goes(self, ready: bool) -> bool:
        """Whether that is so."""
        self.ready = ready
        return self._going.is_set()

    def commit(self, pipeline: Pipeline, stream: Stream) -> Commit | None:
        """The last that was put, settled or not; so a process can begin while memory is away."""
        return self.emitter.commit() or self._commit

    def put(self, pipeline: Pipeline, observation: Observation) -> list[Job]:
        """Send it on its way; deep looks follow elsewhere. What memory would not take any more is left out."""
        if not self.emitter.over:
            self.emitter.put(observation)
            self._commit = None
        return []

    def owed(self, pipeline: Pipeline, stream: Stream) -> tuple[Job, ...]:
        """None here."""
        return ()

    def news(self) -> bool:
        """Whether memory has got further."""
        before, self._reached = self._reached, self.emitter.reached
        return self._reached != before

    def over(self, error: VidetteError | None = None) -> None:
        """The fleet has let it go."""
        if not self.left.is_set():
            self.error = error
            self.left.set()


class Crew:
    """One fleet, in a thread that begins with the first camera."""

    def __init__(self, fleet: Callable[[], Fleet]) -> None:
        self._fleet = fleet
        self._changes: SimpleQueue[Join | Leave] = SimpleQueue()
        self._stop, self._lock = Event(), Lock()
        self._thread: Thread | None = None
        self._berths: dict[Berth, Join] = {}

    def join(self, spec: SourceSpec, emitter: Emitter, *, poised: bool = False) -> Berth:
        """Watch a camera from now on, or be ready to, until it `leave`s."""
        berth = Berth(emitter, poised=poised)
        join = Join(spec=spec, outlet=berth)
        with self._lock:
            self._berths[berth] = join
            self._start()
        self._changes.put(join)
        return berth

    def leave(self, berth: Berth) -> None:
        """Let it go: its process says what it has and ends; `berth.left` is set then."""
        with self._lock:
            join = self._berths.pop(berth, None)
        if join is not None:
            self._changes.put(Leave(join=join))

    def close(self) -> None:
        """Watch nothing any more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._run, name="cameras", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        error: VidetteError | None = None
        try:
            self._fleet().run([], self._stop, self._changes)
        except Exception:  # the thread's edge: whoever waits for a camera is told
            log.exception("cameras are not watched any more")
            error = StoreError("cameras are not watched here any more, as the log says", retryable=True)
        with self._lock:
            berths, self._berths = list(self._berths), {}
        for berth in berths:
            if not berth.left.is_set():
                berth.over(error)
