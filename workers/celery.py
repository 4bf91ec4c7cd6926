"""The Celery app: queues, routes, and how jobs are handed out; and a runner that has workers watch.

Why each setting is as it is: docs/adr/0033-celery.md.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection, Queue

from ingest.sources import SourceSpec
from vidette.progress import Outcome
from vidette.settings import Settings
from workers.following import Listener
from workers.jobs import Watch
from workers.queue.routing import PREFIX, PRIORITIES, QUEUE_OF, QUEUES, Kind, name_of, unacked
from workers.queue.transport import Transport
from workers.shared.broker import fault_of, for_celery

if TYPE_CHECKING:
    from workers.cluster import Cluster

log = logging.getLogger(__name__)

HARD = 1.5
"""A job's hard limit, in soft ones; one that was not acknowledged for twice the hard one is handed out anew."""
DECODE_S = 300.0
"""Soft limit of decoding a span ahead."""
_TIMEOUT_S = 5.0
_SWEEP_S = 5
_BEGIN_S = 120.0  # a watch is acknowledged when it begins


def limits_of(settings: Settings) -> dict[Kind, float]:
    """Soft limit of each kind of job in seconds; a watch has none."""
    said = settings.cluster
    return {"settle": said.settle_limit_s, "look": said.look_limit_s, "deliver": said.deliver_limit_s}


class Reconnecting(Connection):
    """A connection that is tried anew every two seconds at most, where kombu waits up to thirty."""

    def ensure_connection(self, errback: Callable[..., Any] | None = None, *args: Any, **said: Any) -> Any:
        """As kombu's, sooner; what is wrong is said once, where Celery's `errback` says it at every try."""
        troubles: set[str] = set()

        def failed(error: Exception, interval_s: float) -> None:
            text = fault_of(self.as_uri(), error)
            if text not in troubles:
                troubles.add(text)
                log.warning("%s; tried again until it answers", text)

        sooner = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 2, **said}
        found = super().ensure_connection(errback and failed, *args, **sooner)
        if troubles:
            log.warning("the broker answers")
        return found

    def get_transport_cls(self) -> type[Transport]:
        """Ours, which is kombu's of Redis."""
        return Transport


class Amqp(AMQP):
    """Celery's, with our connections."""

    Connection = Reconnecting


def make_app(settings: Settings, queue: str = "", *, holder: str = "") -> Celery:
    """The app of a worker of `queue`, or of one who only sends.

    `holder`: the name by which the worker says that it is there; what it has goes to others soon after it is gone.
    """
    app = Celery("vidette", broker=for_celery(settings.broker), amqp=Amqp, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_acks_on_failure=True,  # what failed was put aside by us, or given back
        task_acks_on_timeout=False,
        task_reject_on_worker_lost=True,
        task_create_missing_queues=False,
        task_default_queue=QUEUE_OF["watch"],
        task_queues=[Queue(one) for one in QUEUES],
        task_routes={name_of(kind): {"queue": one} for kind, one in QUEUE_OF.items()},
        task_queue_max_priority=None,
        task_inherit_parent_priority=False,
        task_default_priority=PRIORITIES[len(PRIORITIES) // 2],
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=queue == QUEUE_OF["watch"],  # a watch that is acknowledged leaves no worker free
        worker_enable_prefetch_count_reduction=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_lost_wait=1.0,
        worker_proc_alive_timeout=60.0,
        worker_detect_quorum_queues=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={**_transport(settings, queue), "holder": holder},
    )
    return app


def _transport(settings: Settings, queue: str) -> dict[str, Any]:
    """Options of kombu's transport: each queue has its own list of what is under way, since each has its own patience."""
    limits = limits_of(settings)
    limit_s = next((limits.get(kind) for kind, one in QUEUE_OF.items() if one == queue), None)
    return {
        "global_keyprefix": PREFIX,
        "priority_steps": list(PRIORITIES),
        "queue_order_strategy": "priority",
        "visibility_timeout": 2 * HARD * limit_s if limit_s else _BEGIN_S,
        "unacked_key": unacked(queue),
        "unacked_index_key": f"{unacked(queue)}:index",
        "unacked_mutex_key": f"{unacked(queue)}:mutex",
        "unacked_mutex_expire": 60,
        "unacked_restore_interval": _SWEEP_S,
        "unacked_restore_throttle": 1,
        "socket_timeout": _TIMEOUT_S,
        "socket_connect_timeout": _TIMEOUT_S,
        "socket_keepalive": True,
        "client_name": "vidette",
    }


@dataclass(frozen=True, slots=True)
class CeleryRunner:
    """Has workers watch, and follows in memory and in the registry what comes of it (vidette.ports.Runner)."""

    cluster: "Cluster"

    def watch(
        self,
        specs: Sequence[SourceSpec],
        *,
        again: bool = False,
        span_s: float | None = None,
        on_progress: Listener | None = None,
        stop: Event | None = None,
    ) -> list[Outcome]:
        """One outcome a source, in the order given; workers watch as many at a time as they can.

        Files end by themselves, cameras with `stop`. Raises StoreError where the broker cannot be reached.
        """
        from workers.watches.remote import follow

        jobs = [Watch(spec=spec, again=again and not spec.url, span_s=span_s) for spec in specs]
        return follow(self.cluster, jobs, on_progress, stop or Event())
