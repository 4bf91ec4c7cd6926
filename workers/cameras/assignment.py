"""What a camera's new process is told, and whether there is to be one now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.active import active_of
from vidette.feeds import Cause
from vidette.models import Commit, FastState
from vidette.settings import Settings
from vidette.signals import Loss
from vidette.streams import Stream
from workers.cameras.messages import CameraJob, said_of
from workers.streams import settings_of
from workers.wiring import Pipeline, media_path, zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a process is not there: what coverage calls the time until the next one looks."""

    state: FastState
    cause: Cause


CRASHED = Why(state=FastState.FAILED, cause=Cause.CRASHED)
NOT_NOW = Why(state=FastState.NOT_RUNNING, cause=Cause.SCHEDULE)


def job_of(
    pipeline: Pipeline,
    stream: Stream,
    commit: Commit | None,
    why: Why | None,
    *,
    network: bool = False,
    poised: bool = False,
) -> CameraJob:
    """What a new process of a camera is told, which goes on from `commit`, or, while `poised`, will be told that."""
    settings = pipeline.settings
    return CameraJob(
        said=said_of(settings, stream.name, media_path(settings)),
        stream=stream,
        commit=commit,
        gap=None if poised else gap_of(why, commit.watermark_s if commit else None),
        deep=pipeline.vision is not None,
        network=network,
        poised=poised,
    )


def hours_of(settings: Settings, name: str) -> Callable[[], bool]:
    """Whether a camera is to be watched now. Raises ConfigError."""
    active = active_of(settings_of(settings, name).active, zone_of(settings))
    return lambda: active is None or active.holds(datetime.now(UTC))


def gap_of(why: Why | None, watermark_s: float | None) -> Loss | None:
    """What a new process is told of the time since the last commit; None where there was none, or nothing ran."""
    if why is None or watermark_s is None:
        return None
    return Loss(since_s=watermark_s, state=why.state, cause=why.cause)


def media_now(start: datetime) -> float:
    """Media time of a live stream that began at `start`: seconds of wall clock since then."""
    return (datetime.now(UTC) - start).total_seconds()
