"""`vidette watch` where there is a broker: workers watch, and this shows what comes of it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from app.cluster_words import other_memories
from app.progress import ProgressLine
from app.stopping import stop_on_signals
from app.watching import Plan
from ingest.live.address import Address
from ingest.sources import SourceSpec
from vidette.errors import ConfigError
from vidette.progress import Outcome
from vidette.settings import Settings
from workers.celery import CeleryRunner
from workers.cluster import Cluster, cluster_of
from workers.delivery.delivering import waiting
from workers.delivery.sender import Store
from workers.shared.places import memory_of
from workers.shared.presence import workers
from workers.wiring import pipeline_of, without_models

_OWN = ("sample", "vlm", "rules", "metrics")
_ROUND_S = 0.2


def check(given: Mapping[str, Any], plan: Plan) -> None:
    """Refuse what does not reach workers, who go by their own settings. Raises ConfigError."""
    for name in _OWN:
        if given.get(name):
            raise ConfigError(f"--{name}: workers go by their own settings; write it there, or watch without `broker`")
    for source in plan.sources:
        if (
            "@" in source
            and "://" in source
            and Address.parse(source).url != Address.parse(Address.parse(source).safe).url
        ):
            raise ConfigError(
                f"{Address.parse(source).safe!r}: a password does not travel to workers; write the camera in `streams` of"
                " their settings, and watch it without SOURCE"
            )


def watch(
    plan: Plan, given: Mapping[str, Any], report: Callable[[Sequence[Outcome], Store], None]
) -> tuple[Sequence[Outcome], dict[str, int]]:
    """Have workers watch; `report` is called when they have. -> outcomes, and how many deliveries each sink waits for."""
    files = sum(not one.url for one in plan.specs)
    with _cluster(plan.settings) as cluster, stop_on_signals() as stop:
        _check_memory(cluster)
        store = cluster.pipeline.store
        line = ProgressLine(store, total=files, quiet=given["quiet"], as_json=given["as_json"])
        try:
            outcomes = CeleryRunner(cluster).watch(
                [_placed(one) for one in plan.specs],
                again=given["again"],
                span_s=given["span_s"],
                on_progress=line,
                stop=stop,
            )
        finally:
            line.close()
        outcomes = list(map(_explained, outcomes, plan.specs))
        report(outcomes, store)
        sinks = tuple(one.id for one in plan.settings.sinks)
        _drain(store, sinks, given["drain_s"], stop)
        return outcomes, waiting(store, sinks)


def _check_memory(cluster: Cluster) -> None:
    """What workers settle elsewhere is never seen here. Raises ConfigError, StoreError."""
    ours = memory_of(cluster.pipeline.settings)
    for wrong in other_memories(workers(cluster.broker), "this command", ours):
        raise ConfigError(wrong)


def _placed(spec: SourceSpec) -> SourceSpec:
    """With whole paths: workers have working directories of their own."""
    return replace(spec, paths=tuple(one.absolute() for one in spec.paths))


def _explained(outcome: Outcome, spec: SourceSpec) -> Outcome:
    """With what to do where a file is here and a worker does not see it."""
    if not (outcome.error or "").startswith("no such file") or not all(one.is_file() for one in spec.paths):
        return outcome
    advice = "it is there here, but not for the worker; workers need files under the same paths"
    return replace(outcome, error=f"{outcome.error}: {advice}")


@contextmanager
def _cluster(settings: Settings) -> Iterator[Cluster]:
    """Nothing is looked at here, so no model is needed."""
    pipeline = pipeline_of(without_models(settings))
    cluster = cluster_of(settings, pipeline=pipeline)
    try:
        yield cluster
    finally:
        cluster.close()


def _drain(store: Store, sinks: Sequence[str], seconds: float, stop: Event) -> None:
    """Wait until workers have sent what is due within these seconds."""
    deadline = time.monotonic() + seconds
    while sinks and (left_s := deadline - time.monotonic()) > 0 and not stop.is_set():
        due = store.next_due(sinks)
        if due is None or due > datetime.now(UTC) + timedelta(seconds=left_s):
            return
        stop.wait(min(_ROUND_S, left_s))
