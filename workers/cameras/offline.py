"""What follows from the fleet guard: one event, and cameras that are told that their loss is not their own."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from vidette.errors import StoreError
from vidette.feeds import Cause
from vidette.models import EventType
from workers.cameras.guard import Guard
from workers.cameras.messages import Network
from workers.cameras.settling import Settling
from workers.system import System
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

EXCUSED_S = 15.0
"""How long after the others a camera may come back, before its loss is its own: they do not try at the same moment."""
_AGAIN_S = 1.0
_THEIRS = frozenset({Cause.UNAUTHORISED, Cause.NOT_FOUND, Cause.UNREADABLE})
"""Losses that are the camera's own, however many have them."""


class Offline:
    """Watches for a loss of many and tells of it. `now` is seconds of the fleet's clock."""

    def __init__(self, pipeline: Callable[[], Pipeline], told: Callable[[], None]) -> None:
        self._pipeline, self._told = pipeline, told
        self._guard, self._excused = Guard(), set[str]()
        self._until_s = self._tell_at = 0.0
        self._event = False
        self._lost: set[str] = set()

    def begin(self) -> None:
        """What a process before us left open is over."""
        try:
            System(pipeline=self._pipeline()).end(EventType.HOST_OFFLINE, datetime.now(UTC))
        except StoreError as error:
            log.warning("host_offline cannot be told: %s", error)

    def excuses(self, name: str) -> bool:
        """Whether a loss of this camera is the network's."""
        return name in self._excused

    def forget(self, name: str) -> None:
        """The camera is no longer watched."""
        self._guard.found(name)
        self._excused.discard(name)

    def mind(self, cameras: Mapping[str, Settling], now: float) -> None:
        """Take in how all are now."""
        lost = {name: _since(one) for name, one in cameras.items() if self._counts(name, one)}
        self._lost = set(lost)
        for name in cameras:
            self._guard.lost(name, now) if name in lost else self._guard.found(name)
        self._guard.check(len(cameras), now)
        if self._guard.offline:
            self._until_s = now + EXCUSED_S
        if self._guard.offline or self._guard.suspects(len(cameras), now):  # an event of its own cannot be taken back
            self._excuse(cameras, cameras.keys() - self._excused, excused=True)
        else:
            self._excuse(cameras, self._excused - (lost.keys() if now < self._until_s else set()), excused=False)
        if self._guard.offline != self._event and now >= self._tell_at:
            fallen = [at for name, at in lost.items() if name in self._guard.fallen]
            self._tell(min(fallen, default=None), len(cameras), now)

    def _counts(self, name: str, camera: Settling) -> bool:
        """Whether it is lost, and that may be the network's doing; trying again makes no difference."""
        loss = camera.supervisor.loss
        if loss is None or (loss.cause is Cause.CONNECTING and name not in self._lost):
            return False
        return loss.cause not in _THEIRS

    def _excuse(self, cameras: Mapping[str, Settling], names: set[str], *, excused: bool) -> None:
        for name in names:
            if name in cameras:
                cameras[name].supervisor.order(Network(lost=excused))
        self._excused = self._excused | names if excused else self._excused - names

    def _tell(self, since: datetime | None, cameras: int, now: float) -> None:
        """The event; tried again where memory cannot be written."""
        try:
            system = System(pipeline=self._pipeline())
            if since is None:
                system.end(EventType.HOST_OFFLINE, datetime.now(UTC))
            else:
                text = f"{len(self._guard.fallen)} of {cameras} cameras were lost at once: this machine or its network"
                system.begin(EventType.HOST_OFFLINE, text, since)
        except StoreError as error:
            log.warning("host_offline cannot be told: %s", error)
            self._tell_at = now + _AGAIN_S
            return
        self._event = since is not None
        self._told()


def _since(camera: Settling) -> datetime:
    """Since when a camera that is lost is."""
    assert camera.supervisor.loss is not None
    return camera.stream.at(camera.supervisor.loss.since_s)
