"""The cameras of the settings, as watches that are wanted of the workers."""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ingest.sources import SourceSpec
from workers.beat.due import Forget, Stop, Want, reconciled
from workers.jobs import Watch
from workers.shared.broker import Broker
from workers.shared.registry import Registry, Wanted

log = logging.getLogger(__name__)


class Cameras:
    """Wants what is in the settings, and lets go what was and is no more. Which those are is kept in Redis: `cameras`."""

    def __init__(self, broker: Broker, registry: Registry, specs: Sequence[SourceSpec]) -> None:
        self._broker, self._registry = broker, registry
        self.take(specs)

    def take(self, specs: Sequence[SourceSpec]) -> None:
        """The settings are these from now on."""
        self._jobs = {spec.stream_id: Watch(spec=spec) for spec in specs}
        self._anew = True

    def reconcile(self, wanted: Sequence[Wanted], leased: AbstractSet[str], *, calm: bool) -> bool:
        """Bring what is wanted nearer to the settings; -> whether anything was done. Raises StoreError.

        `calm`: a lease that is not there is nobody's.
        """
        ours = self._ours()
        by_id = {one.stream_id: one for one in wanted}
        actions = list(reconciled(self._jobs, by_id, ours=ours, leased=leased, anew=self._anew, calm=calm))
        for action in actions:
            self._do(action)
        self._anew = False
        return bool(actions)

    def _ours(self) -> frozenset[str]:
        """The cameras that the settings have or had."""
        with self._broker.faults():
            if self._jobs:
                self._broker.client.sadd(self._key, *self._jobs)
            return frozenset(
                str(one, "utf-8") for one in self._broker.client.smembers(self._key) if isinstance(one, bytes)
            )

    def _do(self, action: Want | Stop | Forget) -> None:
        match action:
            case Want(job=job):
                log.info("camera %r is wanted", job.spec.name)
                self._registry.want(job)
            case Stop(stream_id=stream_id):
                self._registry.stop(stream_id)
            case Forget(stream_id=stream_id):
                self._registry.end(stream_id, "done")  # for a worker that was cut off until now, and would watch on
                with self._broker.faults():
                    self._broker.client.srem(self._key, stream_id)

    @property
    def _key(self) -> str:
        return self._broker.key("cameras")
