"""Spans of what this process does, for an OpenTelemetry collector; where none is named nothing is done or imported.

A trace begins with the look at the frames of an observation, and goes on wherever its messages are taken: the settling,
the deep looks that follow, the deliveries of what was raised. Spans wait in memory and are sent in batches by a thread of
their own: a collector that is slow or away loses spans, and holds up nothing.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from vidette.errors import ConfigError
from vidette.log import redact
from vidette.models import Observation
from vidette.settings import Settings
from vidette.traces import HERE, Kind, Span, Told, place_in, place_of
from workers.jobs import Job, Settle

if TYPE_CHECKING:
    from workers.tracing.spans import Spans

log = logging.getLogger(__name__)

_MOST = 300  # characters of what a span says of an error


class Tracing:
    """The spans of one process."""

    def __init__(self, spans: "Spans | None" = None) -> None:
        self._spans = spans

    @property
    def on(self) -> bool:
        """Whether anybody is told of spans."""
        return self._spans is not None

    @contextmanager
    def span(self, name: str, told: Told = {}, *, trace: str = "", kind: Kind = "internal") -> Iterator[Span]:  # noqa: B006  read only
        """A stretch of work from here to the end of the block, and in the block the place where the trace goes on (HERE).

        It goes on from `trace` (a `traceparent`), else from the span around it, else it begins a trace. An error that
        leaves the block is the span's.
        """
        if self._spans is None:
            yield _UNHEARD
            return
        span = self._spans.begin(name, told, parent=place_in(trace or HERE.get()), kind=kind)
        token = HERE.set(str(span.place))
        try:
            yield span
        except BaseException as error:
            span.fail(redact(str(error) or type(error).__name__)[:_MOST])
            raise
        finally:
            HERE.reset(token)
            span.end()

    def watched(self, stream: str, observation: Observation, began: datetime) -> None:
        """An observation is made: the look at its frames began so, and ends now. Once for each, whoever sends it again."""
        if self._spans is not None:
            told = {"vidette.stream": stream, **about(observation)}
            self._spans.begin("watch", told, at=place_of(observation.id), began=began).end()

    def goes_with(self, job: Job) -> str:
        """The `traceparent` that a job is sent with: of its observation's look at frames, else of the work around it."""
        if self._spans is None:
            return ""
        if isinstance(job, Settle) and job.observation.look == "fast":
            return str(place_of(job.observation.id))
        return HERE.get()

    def close(self) -> None:
        """Send what waits, within two seconds."""
        if self._spans is not None:
            self._spans.close()


_UNHEARD = Span()
_OFF = Tracing()
_OF_THIS: dict[tuple[int, str], Tracing] = {}  # threads of a parent process are not in its children


def tracing_of(settings: Settings) -> Tracing:
    """The tracing of this process, as `cluster.trace` says. Raises ConfigError."""
    address = settings.cluster.trace
    if not address:
        return _OFF
    key = (os.getpid(), address)
    if key not in _OF_THIS:
        try:
            from workers.tracing.spans import Spans
        except ImportError as error:
            raise ConfigError("cluster.trace needs OpenTelemetry; pip install 'vidette[trace]'") from error
        _OF_THIS[key] = Tracing(Spans(address))
    return _OF_THIS[key]


def about(observation: Observation) -> Told:
    """What spans say of an observation: which it is, and its media time."""
    told: dict[str, str | int | float | bool] = {
        "vidette.observation": observation.id,
        "vidette.look": observation.look,
        "vidette.start_s": observation.start_s,
        "vidette.end_s": observation.end_s,
    }
    if observation.sequence is not None:
        told["vidette.sequence"] = observation.sequence
    return told
