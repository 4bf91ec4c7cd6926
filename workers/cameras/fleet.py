"""All cameras at once: one thread hears their processes and settles what they say, as it comes."""

import logging
import os
import selectors
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from queue import Empty
from threading import Event
from typing import Any, Protocol

from ingest.live.backoff import Backoff
from ingest.sources import SourceSpec
from vidette.errors import StoreError, VidetteError
from vidette.progress import Outcome
from vidette.settings import Settings
from vidette.streams import Stream
from workers.cameras.assignment import Why, hours_of, job_of
from workers.cameras.child import Child
from workers.cameras.exhibiting import Exhibiting
from workers.cameras.heap import Heap
from workers.cameras.keeping import Clips
from workers.cameras.live import Supervisor, hear
from workers.cameras.messages import CameraJob, said_of
from workers.cameras.offline import Offline
from workers.cameras.settling import Here, Outlet, Settling, judge_anew
from workers.deep.looks import Looks
from workers.following import Following, Listener
from workers.streams import begun, stream_of
from workers.sweeping import Sweeping
from workers.wiring import Pipeline, judge_of, media_path

log = logging.getLogger(__name__)

_ROUND_S, _LAST_ROUNDS_S, _LEAVE_S = 0.2, 0.05, 1.6
_MOST_S = 1.0  # of a round that counts as listening
_TURN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be watched from now on."""

    settings: Settings
    specs: tuple[SourceSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """One more camera is to be watched; what it says goes to this outlet."""

    spec: SourceSpec
    outlet: Outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A camera that joined is to be let go."""

    join: Join


class Changes(Protocol):
    """A queue of what is to be watched from now on."""

    def get_nowait(self) -> Change | Join | Leave:
        """The next. Raises queue.Empty."""


class Fleet:
    """Watches cameras until it is told to stop. `nudge` is called after each settling, `sweeps`: it keeps media in bounds."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        listener: Listener | None = None,
        nudge: Callable[[], None] = lambda: None,
        child: Callable[..., Child] = Child,
        sweeps: bool = True,
    ) -> None:
        self.pipeline = pipeline
        self.cameras: dict[str, Settling] = {}
        self._listener, self._nudge, self._child, self._sweeps = listener, nudge, child, sweeps
        self._selector = selectors.DefaultSelector()
        self._locks: dict[str, ExitStack] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._wanted: dict[str, tuple[SourceSpec, dict[str, Any]]] = {}
        self._joined: dict[str, Join] = {}
        self._refused: set[str] = set()
        self._later: dict[str, tuple[float, Backoff]] = {}
        self._turn: tuple[str, float] | None = None
        self._offline = Offline(lambda: self.pipeline, self._nudge)
        self._attentive_s = 0.0
        self._heap = Heap()
        self._looks = Looks(lambda: self.pipeline, nudge)

    def run(self, specs: Sequence[SourceSpec], stop: Event, changes: Changes | None = None) -> list[Outcome]:
        """Watch until `stop` is set; -> one outcome a camera, in the order given, then those that changes brought.

        A camera that cannot be watched is an outcome and stops no other.
        """
        try:
            self._offline.begin()
            self._want(specs)
            self._reconcile()
            with Sweeping(lambda: self.pipeline, self._nudge) if self._sweeps else nullcontext():
                while not stop.is_set() and (self.cameras or self._later or changes is not None):
                    self._take(changes)
                    self._round(_ROUND_S)
            self._leave()
        finally:
            self._close()
        given = [spec.name for spec in specs]
        order = {name: number for number, name in enumerate(dict.fromkeys([*given, *self._outcomes]))}
        return sorted(self._outcomes.values(), key=lambda one: order[one.stream])

    def _round(self, timeout_s: float) -> None:
        """Hear and settle what there is, then look after every process."""
        began = time.monotonic()
        hear(self._selector, timeout_s)
        starting = sum(one.supervisor.state == "starting" for one in self.cameras.values())
        for camera in list(self.cameras.values()):
            self._settle(camera)
            before = camera.supervisor.state
            camera.supervisor.tick(may_start=starting < max(2, os.cpu_count() or 1))
            starting += before != "starting" == camera.supervisor.state
            camera.absent(self.pipeline)
        self._offline.mind(self.cameras, self._attentive_s)
        self._reconcile()
        self._heap.tick()
        self._attentive_s += min(_MOST_S, time.monotonic() - began)

    def _settle(self, camera: Settling) -> None:
        camera.following.deep = self._looks.said()
        try:
            self._looks.put(camera.settle(self.pipeline, self._nudge))
        except Exception:  # the loop's edge: what one camera says stops no other
            log.exception("what camera %r says cannot be settled", camera.stream.name)
            camera.supervisor.fail("said what cannot be settled")

    def _add(self, spec: SourceSpec, said: dict[str, Any]) -> None:
        """Take a camera in, or say why not."""
        following = Following(store=self.pipeline.store, spec=spec, listener=self._listener, live=True)
        outlet = self._joined[spec.name].outlet if spec.name in self._joined else Here()
        held = ExitStack()
        try:
            held.enter_context(outlet.lock(self.pipeline, spec.stream_id))
            stream = self._begin(following, outlet)
        except VidetteError as error:
            held.close()
            self._not_added(following, outlet, error)
        else:
            self._locks[spec.name] = held
            self._added(said, stream, following, outlet)

    def _added(self, said: dict[str, Any], stream: Stream, following: Following, outlet: Outlet) -> None:
        spec = following.spec
        self._outcomes.pop(spec.name, None)
        self._later.pop(spec.name, None)
        supervisor = self._supervisor(stream, outlet)
        clips = Exhibiting(self._clips(), stream, supervisor)
        self.cameras[spec.name] = Settling(spec, said, stream, supervisor, following, clips, outlet)
        if not outlet.poised:
            judge_anew(self.pipeline, stream)

    def _begin(self, following: Following, outlet: Outlet) -> Stream:
        """Register a camera, and take up what is known of it."""
        following.spec = begun(following.spec, self.pipeline.store)
        stream = stream_of(following.spec, self.pipeline.settings)
        commit = outlet.begin(self.pipeline, stream)
        following.begin(commit.watermark_s if commit else 0.0)
        self._looks.put(outlet.owed(self.pipeline, stream), owed=True)
        return stream

    def _not_added(self, following: Following, outlet: Outlet, error: VidetteError) -> None:
        """A camera cannot be taken in: later, or not as things are; one that joined is sent on by who had it join."""
        name = following.spec.name
        self._outcomes[name] = _failed(following.spec, error)
        if error.retryable and name not in self._joined:
            self._wait(name, error)
            return
        self._refused.add(name)
        log.error("camera %r is not watched: %s", name, error)
        with suppress(StoreError):  # memory may be what is away; then the outcome is without its numbers
            self._outcomes[name] = following.outcome(error=error)
        outlet.over(error)

    def _wait(self, name: str, error: VidetteError) -> None:
        _, backoff = self._later.get(name, (0.0, Backoff()))
        wait_s = backoff.next()
        log.warning("camera %r is not watched yet: %s; tried again in %.1f s", name, error, wait_s)
        self._later[name] = (self._attentive_s + wait_s, backoff)

    def _clips(self) -> Clips:
        return Clips(self.pipeline.store, self.pipeline.settings)

    def _supervisor(self, stream: Stream, outlet: Outlet) -> Supervisor:
        pipeline = self.pipeline  # as it is now: a later change makes another supervisor

        def job(why: Why | None) -> CameraJob:
            commit, network = outlet.commit(pipeline, stream), self._offline.excuses(stream.name)
            return job_of(pipeline, stream, commit, why, network=network, poised=outlet.poised)

        return Supervisor(
            stream.name,
            job,
            self._selector,
            wanted=hours_of(pipeline.settings, stream.name),
            clock=lambda: self._attentive_s,
            child=self._child,
        )

    def _drop(self, name: str) -> None:
        """Let a camera go that is quiet."""
        camera = self.cameras.pop(name)
        self._offline.forget(name)
        self._locks.pop(name).close()
        with suppress(StoreError):
            self._outcomes[name] = camera.following.outcome()
        camera.outlet.over()

    # Changes -------------------------------------------------------------------------------------

    def _take(self, changes: Changes | None) -> None:
        with suppress(Empty):
            while changes is not None:
                match changes.get_nowait():
                    case Change() as change:
                        self._change(change)
                    case Join() as join:
                        self._join(join)
                    case Leave(join=join):
                        self._let_go(join)

    def _join(self, join: Join) -> None:
        settings, spec = self.pipeline.settings, join.spec
        self._joined[spec.name] = join
        self._wanted[spec.name] = (spec, said_of(settings, spec.name, media_path(settings)))
        self._refused.discard(spec.name)
        self._later.pop(spec.name, None)

    def _let_go(self, join: Join) -> None:
        name = join.spec.name
        if self._joined.get(name) is join:
            del self._joined[name], self._wanted[name]
        if name not in self.cameras or self.cameras[name].outlet is not join.outlet:
            join.outlet.over()

    def _change(self, change: Change) -> None:
        """Begin to watch what is wanted now; the cameras that change are started again one by one."""
        now = self.pipeline.settings
        new = change.settings.model_copy(update={"db": now.db, "media": now.media})
        try:
            self.pipeline = replace(self.pipeline, settings=new, judge=judge_of(new))
        except VidetteError as error:
            log.error("settings not taken, those before stay: %s", error)  # noqa: TRY400  no traceback for a known error
            return
        self._want(change.specs)
        for name, camera in self.cameras.items():
            if name in self._wanted and not self._changed(name):
                self._judge(camera)

    def _want(self, specs: Iterable[SourceSpec]) -> None:
        settings = self.pipeline.settings
        media = media_path(settings)
        self._wanted = {spec.name: (spec, said_of(settings, spec.name, media)) for spec in specs if spec.url}
        self._refused.clear()
        self._later.clear()

    def _judge(self, camera: Settling) -> None:
        """Let the rules and sinks that are new be those of a camera: they hold for what is stored, too."""
        camera.exhibiting.clips = self._clips()
        judge_anew(self.pipeline, camera.stream)

    def _reconcile(self) -> None:
        """Bring what is watched nearer to what is wanted; cameras that changed go and come one after another."""
        for name, camera in list(self.cameras.items()):
            if name not in self._wanted:
                camera.supervisor.retire()
            if camera.supervisor.retired and camera.supervisor.quiet:
                self._drop(name)
        for name, (spec, said) in self._wanted.items():
            if name not in self.cameras and self._may_add(name):
                self._add(spec, said)
        if self._turn is not None and self._over(*self._turn):
            self._turn = None
        changed = next((name for name in self._wanted if self._changed(name)), None) if self._turn is None else None
        if changed is not None:
            self.cameras[changed].supervisor.retire()
            self._turn = (changed, self._attentive_s + _TURN_S)

    def _may_add(self, name: str) -> bool:
        due_s, _ = self._later.get(name, (0.0, None))
        return name not in self._refused and self._attentive_s >= due_s

    def _changed(self, name: str) -> bool:
        camera, (spec, said) = self.cameras.get(name), self._wanted[name]
        if camera is None or camera.supervisor.retired:
            return False
        return camera.spec.url != spec.url or camera.said != said

    def _over(self, name: str, until_s: float) -> bool:
        """Whether the camera whose turn it was looks again, or will not soon."""
        camera = self.cameras.get(name)
        back = camera is not None and not camera.supervisor.retired and camera.supervisor.state in ("running", "off")
        return back or name not in self._wanted or self._attentive_s > until_s

    # The end -------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Every process tells what it has and ends, within bounded time."""
        self._wanted = {}
        self._reconcile()
        deadline = time.monotonic() + _LEAVE_S
        while any(not one.supervisor.quiet for one in self.cameras.values()) and time.monotonic() < deadline:
            self._round(_LAST_ROUNDS_S)
        for camera in self.cameras.values():
            camera.supervisor.strike()
        for name, camera in list(self.cameras.items()):
            camera.supervisor.kill()
            self._settle(camera)
            self._drop(name)

    def _close(self) -> None:
        for camera in self.cameras.values():
            camera.supervisor.strike()
        for camera in self.cameras.values():
            camera.supervisor.kill()
        for held in self._locks.values():
            held.close()
        self._looks.close()
        self._selector.close()


def _failed(spec: SourceSpec, error: VidetteError) -> Outcome:
    """Of a camera that was not watched, without what memory would say of it."""
    start, start_from = spec.start, spec.start_from
    return Outcome(stream=spec.name, status="failed", start=start, start_from=start_from, error=str(error), live=True)
