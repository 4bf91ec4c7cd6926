"""A camera's pictures (vidette.ports.Feed): all that are due while something moves, keyframes while nothing does.

While it sleeps, the packets since the last keyframe are kept. What wakes it (a keyframe that differs, packets
that grow, a loss, a random audit that finds something) has them decoded first, so that the beginning of an
event is not lost. Media time never goes back, so while it sleeps, time is told up to the last keyframe only.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Literal

from ingest.frame import DecodedFrame
from ingest.gate import WIDTH, Gate
from ingest.live.adaptive import SizeLevel
from ingest.live.arrival import Arrival
from ingest.live.camera import Camera
from ingest.live.group import Group
from ingest.live.ring import Ring
from ingest.live.sampler import Sampler
from ingest.live.tally import Tally
from ingest.sampling import Sampling
from vidette.feeds import Cause, FeedState
from vidette.models import FastState
from vidette.signals import Loss, Signal

SILENT_S = 0.5  # something is said at least this often
DAMAGE_S = 1.0  # a shorter stretch of damage is counted, not told
LEAST_GROUP_S = 0.9  # where every picture is a keyframe, so many seconds are taken as a group
_THRESHOLD = 6.0
_HEARTBEAT_S = 60.0

RENEW_S = 10.0  # damage that lasts longer is left by connecting again

Told = Iterator[DecodedFrame | Signal]


class LiveSource:
    """Pictures and signals out of what arrives.

    `idle`: "full" never sleeps. It sleeps once `calm(True)` has held for `idle_s` of media time.
    `audit`: share of quiet groups of pictures that are decoded all the same, chosen with `seed`.
    `camera`: whom to ask for the rest. `now()` is media time now, `start` its zero; without them time
    begins when this is made.
    """

    def __init__(
        self,
        arrivals: Iterable[Arrival | Signal],
        *,
        sampling: Sampling,
        idle: Literal["keyframes", "full"],
        audit: float,
        idle_s: float,
        ring: Ring | None = None,
        camera: Camera | None = None,
        seed: int | None = None,
        threshold: float = _THRESHOLD,
        start: datetime | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        begin = start or datetime.now(UTC)
        self._arrivals, self.ring, self._camera = arrivals, ring, camera
        self._tally = Tally(begin, now or (lambda: _since(begin)))
        self._sampler = Sampler(sampling)
        self._keyframes, self._may_sleep = sampling.keyframes, idle == "keyframes"
        self._audit, self._idle_s = audit, idle_s
        self._chance = Random(seed)  # noqa: S311  # a sample, not a secret
        self._gate, self._sizes = Gate(threshold, _HEARTBEAT_S), SizeLevel()
        self._group: Group | None = None
        self._asleep = False
        self._calm = False
        self._calm_since_s = 0.0
        self._loss: Loss | None = None
        self._connection: int | None = None
        self._now_s = self._told_s = self._said_s = self._begun_s = 0.0
        self._closed = Event()

    def frames(self) -> Told:
        """See vidette.ports.Feed."""
        for item in self._arrivals:
            if self._closed.is_set():
                return
            for told in self._signal(item) if isinstance(item, Signal) else self._arrived(item):
                self._note(told)
                yield told
                if self._closed.is_set():
                    return

    def calm(self, calm: bool) -> None:
        """See vidette.ports.Feed."""
        if calm and not self._calm:
            self._calm_since_s = self._now_s
        self._calm = calm

    def state(self) -> FeedState:
        """See vidette.ports.Feed."""
        state = self._tally.state(self._doing(), self._sampler.damaged)
        if self._camera is None:
            return state
        camera = self._camera
        return replace(
            state,
            queue=camera.queued,
            clock_s=camera.clock_s,
            reconnects=camera.reconnects,
            dropped=camera.dropped,
        )

    def _doing(self) -> Literal["watching", "idle", "lost", "waiting"]:
        if self._loss is not None:
            return "lost"
        if self._connection is None:
            return "waiting"
        return "idle" if self._asleep else "watching"

    def patient(self, late_s: float) -> None:
        """Let what came within so many seconds wait, though nobody looks yet."""
        if self._camera is not None:
            self._camera.patient(late_s)

    def hurry(self) -> None:
        """Somebody looks now: what waited is looked at, then it is as before."""
        if self._camera is not None:
            self._camera.hurry()

    def close(self) -> None:
        """See vidette.ports.Feed."""
        self._closed.set()
        if self._camera is not None:
            self._camera.close()

    def _note(self, told: DecodedFrame | Signal) -> None:
        self._told_s, self._said_s = max(self._told_s, told.pts_s), self._now_s
        self._sampler.told_s = self._told_s
        if isinstance(told, DecodedFrame):
            self._loss = None
            self._tally.gave(told)

    def _signal(self, signal: Signal) -> Told:
        self._now_s = max(self._now_s, signal.pts_s)
        self._tally.told(signal)
        if signal.loss is None and signal.jump_s is None:
            yield self._tick()
            return
        if self._asleep:
            yield from self._wake()
        if signal.loss is not None:
            yield from self._sampler.finish()
            self._loss = self._loss if signal.over else signal.loss
        yield replace(signal, pts_s=max(self._told_s, signal.pts_s))

    def _tick(self) -> Signal:
        """Nothing but time passes; a loss lasts until a picture comes."""
        if self._loss is not None:
            return Signal(pts_s=max(self._told_s, self._now_s), loss=self._loss)
        return Signal(pts_s=max(self._told_s, self._sampler.seen_s))

    def _arrived(self, arrival: Arrival) -> Told:
        self._now_s = max(self._now_s, arrival.media_s)
        self._tally.arrived(arrival)
        if self._camera is not None:
            self._sampler.thin = self._camera.thin
        if self.ring is not None:
            self.ring.add(arrival)
        if arrival.connection != self._connection:
            yield from self._connected(arrival)
        yield from self._looked(arrival)
        self._judge_damage()
        if self._now_s - self._said_s >= SILENT_S:
            yield self._tick()

    def _connected(self, arrival: Arrival) -> Told:
        """Nothing that was learned or kept holds for another connection."""
        if self._asleep:
            yield from self._wake()
        yield from self._sampler.finish()
        self._sampler.connect(arrival.stream)
        self._connection, self._group, self._sizes = arrival.connection, None, SizeLevel()
        self._calm_since_s = self._begun_s = self._now_s

    def _looked(self, arrival: Arrival) -> Told:
        if self._keyframes:
            yield from self._key_only(arrival)
            return
        group = self._group
        if arrival.key and (group is None or arrival.media_s - group.start_s >= LEAST_GROUP_S):
            yield from self._begin(arrival, group)
            return
        if group is not None:
            group.add(arrival, keep=self._asleep)
        if not self._asleep:
            yield from self._sampler.take(arrival)
        elif self._stirs(arrival):
            yield from self._wake()

    def _key_only(self, arrival: Arrival) -> Told:
        if arrival.key and (frame := self._sampler.alone(arrival)) is not None and self._sampler.give(frame):
            self._tally.idle += 1
            yield frame

    def _begin(self, key: Arrival, before: "Group | None") -> Told:
        """A group of pictures begins, the one before is complete."""
        if self._asleep and before is not None:
            yield from self._pass_over(key, before)
        else:
            yield from self._go_on(key, before)

    def _go_on(self, key: Arrival, before: "Group | None") -> Told:
        """Awake; from here on it may sleep."""
        self._group = Group(key)
        if before is not None:
            self._tally.full += 1
            if self._calm and self._calm_since_s <= before.start_s:
                self._sizes.learn(before.sizes)
        if not self._sleepy(before):
            yield from self._sampler.take(key)
            return
        yield from self._sampler.finish()
        frame = self._sampler.alone(key)
        if frame is not None:
            self._asleep, self._gate.looked = True, None
            self._gate.read(frame.planes(WIDTH)[0], frame.pts_s)
            yield from self._give(frame)

    def _pass_over(self, key: Arrival, before: "Group") -> Told:
        """Asleep: was the group that is now complete as quiet as it seemed?"""
        frame = self._sampler.alone(key)
        if frame is None or not self._calm or self._gate.read(frame.planes(WIDTH)[0], frame.pts_s).score > 1:
            yield from self._wake()
            yield from self._go_on(key, before)
            return
        if len(before.packets) > 1 and self._chance.random() < self._audit:
            self._tally.audited += 1
            if self._would_open(before):
                self._tally.missed += 1
                yield from self._wake()
                self._group = Group(key)
                yield from self._sampler.take(key)
                return
        else:
            self._tally.idle += 1
        self._sizes.learn(before.sizes)
        self._group = Group(key)
        yield from self._give(frame)

    def _give(self, frame: DecodedFrame) -> Told:
        if self._sampler.give(frame):
            yield frame

    def _sleepy(self, before: "Group | None") -> bool:
        rested = self._calm and self._now_s - self._calm_since_s >= self._idle_s
        return self._may_sleep and rested and before is not None and not before.long

    def _stirs(self, arrival: Arrival) -> bool:
        """Whether a packet that is not decoded says that something begins."""
        assert self._group is not None
        grows = not arrival.key and self._sizes.rises(arrival.packet.size)
        return grows or self._group.long or not self._calm

    def _would_open(self, group: "Group") -> bool:
        """Whether the gate would have opened on a group that was passed over."""
        gate = Gate.restore(*self._gate.state())
        return any(gate.read(frame.planes(WIDTH)[0], frame.pts_s).open for frame in self._sampler.peek(group.packets))

    def _wake(self) -> Told:
        """Decode what was passed over since the last keyframe, and go on."""
        assert self._group is not None
        self._asleep, self._calm_since_s = False, self._now_s
        self._sampler.restart()
        packets, self._group.packets = self._group.packets, []
        for arrival in packets:
            yield from self._sampler.take(arrival)

    def _judge_damage(self) -> None:
        """A stretch of damage that lasts is a loss until a picture comes; another connection may bring one."""
        since_s = self._sampler.damage.since
        if self._camera is not None and since_s is not None and self._now_s - max(since_s, self._begun_s) >= RENEW_S:
            self._begun_s = self._now_s
            self._camera.renew(Cause.UNREADABLE)
        if self._loss is None and since_s is not None and self._now_s - since_s >= DAMAGE_S:
            since_s = max(since_s, self._told_s)
            self._loss = Loss(since_s=since_s, state=FastState.FAILED, cause=Cause.UNREADABLE)
            self._tally.cause = Cause.UNREADABLE
            self._said_s = float("-inf")


def _since(start: datetime) -> float:
    return (datetime.now(UTC) - start).total_seconds()
