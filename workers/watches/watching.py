"""A watch on a worker: hold the stream, see, and hand everything to the emitter, until it is over or is to go elsewhere."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from agent.perception.decoded import Reading
from ingest.sources import SourceSpec
from vidette.errors import StoreError, VidetteError
from vidette.models import Observation
from vidette.queries import LastCommit, Reach, Reached
from vidette.streams import Stream
from workers.breakage import Breakable
from workers.cameras.crew import Berth
from workers.cameras.succession import Succession
from workers.cluster import Cluster
from workers.flow import step
from workers.jobs import Job, LookAt, Settle, Watch
from workers.shared.leases import Lease
from workers.shared.process import clock_of
from workers.shared.registry import Over, Wanted
from workers.watches.emitting import Emitter
from workers.watches.spans import shared_out

log = logging.getLogger(__name__)

_ROUND_S = 0.1
_LOOK_S = 1.0  # so often it is asked whether the watch is still wanted
_LAST_S = 7.0  # whoever is to stop waits so long for memory to have all
_REST_S = 3.0  # and then so long for what is on its way
_CARRY_S = 10.0  # a commit without its carry is followed so soon by one with, unless that is lost
_LEAVE_S = 20.0  # and so long for a camera's process
_AGAIN_S = 1.0


class Stop(Protocol):
    """Whether the worker is to end."""

    def is_set(self) -> bool:
        """Whether it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """How a watch ended here: with what somebody else is to go on, or that it failed for good."""

    then: Watch | None = None
    failed: bool = False


def watch(cluster: Cluster, job: Watch, stop: Stop) -> bool:
    """Watch a source until it is over, nobody wants it any more, or the worker is to end: then others go on with it.

    Nothing is done where another worker has the stream, or nobody wants it. A fault of the source or of the settings is
    written to the registry; -> whether there was none. Raises StoreError, `retryable`, where the broker cannot be reached
    at the beginning.
    """
    if stop.is_set():
        cluster.send(job)  # taken at the last moment: for somebody else
        return True
    wanted = _wanted(cluster, job)
    if wanted is None or wanted.state != "wanted":
        log.info("a watch of %r that nobody wants any more", job.spec.name)
        return True
    try:
        lease = cluster.leases.take(job.spec.stream_id)
    except StoreError as error:
        if error.retryable:
            raise
        if wanted.job.spec.url and Succession(cluster.broker, job.spec.stream_id).offered():
            return _follow(cluster, wanted, stop)
        log.info("%r is not watched here: %s", job.spec.name, error)
        return True
    if job.spec.url:
        Succession(cluster.broker, job.spec.stream_id).over()
    with _emitting(cluster, wanted) as emitter:
        parting = _held(cluster, wanted, stop, lease, emitter)
    _send_on(cluster, wanted, parting.then)
    return not parting.failed


def _wanted(cluster: Cluster, job: Watch) -> Wanted | None:
    """What is asked for; of a file the message is enough (an older version sent nothing else)."""
    wanted = cluster.registry.get(job.spec.stream_id)
    if wanted is None and not job.spec.url:
        cluster.registry.want(job)
        wanted = cluster.registry.get(job.spec.stream_id)
    return wanted


def _follow(cluster: Cluster, wanted: Wanted, stop: Stop) -> bool:
    """Be ready to watch a camera that another worker leaves, then do; -> as `watch`."""
    spec, parting = wanted.job.spec, Parting()
    with _emitting(cluster, wanted) as emitter:
        berth = cluster.crew.join(spec, emitter, poised=True)
        try:
            lease = Succession(cluster.broker, spec.stream_id).follow(
                cluster.leases, lambda: berth.ready, lambda: stop.is_set() or berth.left.is_set()
            )
            if lease is not None:
                parting = _held(cluster, wanted, stop, lease, emitter, berth)
        finally:
            cluster.crew.leave(berth)
    _send_on(cluster, wanted, parting.then)
    return not parting.failed


@contextmanager
def _emitting(cluster: Cluster, wanted: Wanted) -> Iterator[Emitter]:
    stream_id = wanted.stream_id
    cluster.emitters.start()
    emitter = cluster.emitters.open(stream_id, lambda: cluster.registry.on_its_way(stream_id), name=wanted.name)
    try:
        yield emitter
    finally:
        cluster.emitters.close(emitter)


def _held(
    cluster: Cluster, wanted: Wanted, stop: Stop, lease: Lease, emitter: Emitter, berth: Berth | None = None
) -> Parting:
    with lease:
        return Watching(cluster, wanted, stop, lease, emitter, berth).run()


def _send_on(cluster: Cluster, wanted: Wanted, then: Watch | None) -> None:
    """The same watch, or that of the next span, is for whoever is free. What cannot be sent now, beat finds."""
    if then is None:
        return
    try:
        if then != wanted.job:
            cluster.registry.want(then)
        cluster.send(then)
    except StoreError as error:
        log.warning("the watch of %r cannot be sent on: %s", then.spec.name, error)


class Watching:
    """One watch under its lease."""

    def __init__(
        self,
        cluster: Cluster,
        wanted: Wanted,
        stop: Stop,
        lease: Lease,
        emitter: Emitter,
        berth: Berth | None = None,
    ) -> None:
        self._cluster, self._stop, self._lease = cluster, stop, lease
        self._emitter, self._job, self._berth = emitter, wanted.job, berth
        self._followed = False
        self._unwanted = self._stopping = False
        self._asked_at = time.monotonic()

    def run(self) -> Parting:
        """Watch."""
        error: VidetteError | None = None
        then: Watch | None = None
        try:
            if self._begin():
                then = self._seen()
        except VidetteError as fault:
            error = fault
        settled = self._settle()
        if self._lost or self._emitter.overtaken:
            log.warning("%r is watched by another worker now", self._job.spec.name)
            return Parting()
        if error is not None and not (isinstance(error, StoreError) and error.retryable):
            log.warning("the watch of %r failed: %s", self._job.spec.name, error)
            self._end("failed", str(error))
            return Parting(failed=True)
        if self._unwanted:
            if self._stopping:
                self._end("done")
            return Parting()
        if error is not None or not settled or self._over:
            return Parting() if self._followed else Parting(then=self._same())
        if then is None:
            self._end("done")
        return Parting(then=then)

    # The beginning ------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Send what an earlier process left here; -> whether to go on."""
        reach = self._reach()
        if reach is None:
            return False
        self._emitter.resume(reach)
        while not self._emitter.settled() and not self._ends and not self._emitter.overtaken:
            self._wait()
        if self._ends:
            return False
        self._await_whole()
        reach = self._reach()
        if reach is None:
            return False
        self._emitter.begin(reach.fence)
        self._cluster.registry.begun(self._job.spec.stream_id, reach.sequence)
        return True

    def _await_whole(self) -> None:
        """Wait for what an earlier process elsewhere has on its way; a file whose carry it lost is watched anew."""
        until = time.monotonic() + _CARRY_S
        while not self._ends and not self._whole():
            if time.monotonic() > until:
                log.warning("the last carry of %r was lost with who watched it; it is begun anew", self._job.spec.name)
                self._job = self._job if self._job.spec.url else replace(self._job, again=True)
                return
            self._wait()

    def _whole(self) -> bool:
        """Whether a watch may go on from the last commit; memory that is away is asked again."""
        try:
            commit = self._cluster.pipeline.store.read(LastCommit(stream_id=self._job.spec.stream_id))
        except StoreError:
            return False
        return self._job.again or commit is None or commit.final or bool(commit.carry)

    def _reach(self) -> Reach | None:
        """How far the stream is; memory that is away is waited for. None where the watch is to end meanwhile."""
        stream_id = self._job.spec.stream_id
        while not self._ends:
            try:
                return self._cluster.pipeline.store.read(Reached(streams=(stream_id,))).get(stream_id, Reach(-1, 0))
            except StoreError as error:
                log.warning("the watch of %r waits for memory: %s", self._job.spec.name, error)
                self._pause(_AGAIN_S)
        return None

    # What is seen -------------------------------------------------------------------------------

    def _seen(self) -> Watch | None:
        if not self._job.spec.url:
            return self._file()
        self._camera()
        return None

    def _file(self) -> Watch | None:
        """The fast look at a file; -> the next span."""
        then = None
        with closing(step(self._cluster.pipeline, self._job, self._take, self._share)) as jobs:
            for follow in jobs:
                if isinstance(follow, Watch):
                    then = follow
                elif isinstance(follow, Settle) and follow.observation.look == "fast":
                    self._put(follow.observation)
                else:
                    self._send(replace(follow, owed=True) if isinstance(follow, LookAt) else follow)
                self._ask()
                if self._over:
                    break
        return then

    def _camera(self) -> None:
        """A camera, for as long as it is wanted here."""
        berth = self._berth or self._cluster.crew.join(self._job.spec, self._emitter)
        berth.go()
        try:
            while not berth.left.is_set() and not self._over:
                berth.left.wait(_ROUND_S)
                self._ask()
            if self._stop.is_set() and not berth.left.is_set():
                self._offer()
        finally:
            self._cluster.crew.leave(berth)
            if not berth.left.wait(_LEAVE_S):
                log.warning("camera %r does not end here", self._job.spec.name)
        if berth.error is not None:
            raise berth.error

    def _offer(self) -> None:
        """Leave the camera only once another worker sees it, where one comes."""
        succession = Succession(self._cluster.broker, self._job.spec.stream_id)
        self._followed = succession.offer(self._cluster.send, self._same(), lambda: self._unwanted or self._lost)

    def _share(self, spec: SourceSpec, source: Breakable) -> AbstractContextManager[Reading | None]:
        """Have others decode spans of it ahead."""
        cluster = self._cluster
        return shared_out(spec, source, cluster.pipeline.settings, cluster.broker, cluster.send, lambda: self._over)

    def _take(self, stream: Stream) -> None:
        """From now on nobody who watched it before is heard."""
        store = self._cluster.pipeline.store
        store.open_stream(stream)
        self._emitter.begin(store.take(stream.id))
        if not self._whole():
            raise StoreError(f"the last commit of {stream.name!r} has no carry; it is waited for", retryable=True)

    def _put(self, observation: Observation) -> None:
        """Hand it to the emitter; a file waits while there is no room."""
        while not self._ends:
            try:
                self._emitter.put(observation)
            except StoreError as error:
                if not error.retryable:
                    return
                log.warning("%r waits: %s", self._job.spec.name, error)
                self._pause(_AGAIN_S)
            else:
                return

    def _send(self, job: Job) -> None:
        """What follows beside the fast look; what cannot be sent is owed, and asked for again."""
        try:
            self._cluster.send(job)
        except StoreError as error:
            log.warning("a %s of %r is left out for now: %s", job.kind, self._job.spec.name, error)

    # The end ------------------------------------------------------------------------------------

    def _settle(self) -> bool:
        """Wait until memory has all of it, or for so long as one may who is to stop: then nothing that another could not go on
        from is on its way; -> whether it has.
        """
        stops_at = None
        while not self._emitter.settled() and not self._emitter.overtaken and not self._lost:
            now = time.monotonic()
            stops_at = now + _LAST_S if stops_at is None and self._ends else stops_at
            if stops_at is not None and now > stops_at and (self._emitter.rest() or now > stops_at + _REST_S):
                break
            self._wait()
        return self._emitter.settled()

    def _end(self, state: Over, error: str = "") -> None:
        try:
            self._cluster.registry.end(self._job.spec.stream_id, state, error)
        except StoreError as fault:
            log.warning("that %r is over (%s) cannot be told: %s", self._job.spec.name, state, fault)

    def _same(self) -> Watch:
        """The same once more, not from its beginning where any of it is out."""
        stream_id = self._job.spec.stream_id
        try:
            self._cluster.registry.let_go(stream_id)
            wanted = self._cluster.registry.get(stream_id)
        except StoreError:
            wanted = None
        return wanted.job if wanted is not None else self._job

    # Time ---------------------------------------------------------------------------------------

    @property
    def _ends(self) -> bool:
        """Whether it is to end here, whatever is left to be seen."""
        return self._stop.is_set() or self._unwanted or self._lost

    @property
    def _over(self) -> bool:
        """Whether it ends, or nothing more of it can be settled."""
        return self._ends or self._emitter.over

    @property
    def _lost(self) -> bool:
        return self._lease.lost.is_set()

    def _wait(self) -> None:
        """A moment; now and then it is asked whether the watch is still wanted."""
        self._lease.lost.wait(_ROUND_S)
        self._ask()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ends:
            self._wait()

    def _ask(self) -> None:
        if time.monotonic() - self._asked_at < _LOOK_S:
            return
        self._asked_at = time.monotonic()
        try:
            wanted = self._cluster.registry.get(self._job.spec.stream_id)
            if wanted is None:
                log.warning("the broker has forgotten that %r is wanted; it is watched on", self._job.spec.name)
                self._cluster.registry.want(replace(self._job, again=False))
                return
        except StoreError:
            return  # the broker is away: it goes on
        clock_of(self._cluster.pipeline.settings).look()  # asks once a minute; alerts' clips are told by it
        moved = wanted.job.spec.url != self._job.spec.url  # while this worker was cut off: the old address is nobody's
        self._unwanted, self._stopping = moved or wanted.state != "wanted", wanted.state == "stopping"
