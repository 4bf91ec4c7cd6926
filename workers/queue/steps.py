"""The bounded jobs as workers do them: a step of the flow, and what is sent because of it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from time import monotonic

from agent.perception.deep import dropped
from vidette.alerting import Alerts
from vidette.alerts import AlertFilter
from vidette.errors import StoreError
from vidette.models import Observation
from vidette.queries import Reached, StreamOf
from vidette.streams import Stream
from workers.beat.due import mark_of_sink
from workers.delivery.deliver import raising
from workers.flow import step
from workers.jobs import Deliver, Job, LookAt, Message, Settle
from workers.queue.priority import URGENT, of_look, of_severity, priority_of
from workers.queue.worker import Desk
from workers.shared.markers import DELIVER_S
from workers.shared.process import clock_of
from workers.tracing.traced import heeding
from workers.tracing.tracing import about
from workers.wiring import Pipeline

log = logging.getLogger(__name__)

_TURN_S = 0.3
_FIRST_LOOK_S = 0.01


class Cut(Exception):
    """The worker is to stop before the job came to anything: it is another's."""


def do(desk: Desk, message: Message, text: str, *, until: float, stop: Event) -> None:
    """Do a bounded job until then (monotonic), or until `stop` is set. It may be done twice. Raises VidetteError, Cut."""
    job = message.job
    match job:
        case Settle():
            with desk.tracing.span("settle", about(job.observation), trace=message.trace, kind="consumer"):
                _settle(desk, job, text)
        case LookAt(segment=segment):
            told = {"vidette.stream_id": segment.stream_id, "vidette.segment": segment.id}
            with desk.tracing.span("look", told, trace=message.trace, kind="consumer"):
                _look(desk, job, stop)
        case Deliver(sink=sink):  # each delivery is a span of the trace that it was raised in
            for what in (mark_of_sink(sink), _mark(sink, URGENT)):
                desk.markers.clear(what)
            desk.outgoing.send(sink, until - monotonic(), stop)


def give_up(desk: Desk, job: Job, reason: str) -> None:
    """What memory is to know of a job that nobody does any more. Raises StoreError."""
    if isinstance(job, LookAt):
        _leave_out(desk.cluster.pipeline, job, reason)
        if not job.owed:
            desk.backlog.less(job)


# Settling -----------------------------------------------------------------------------------------


def _settle(desk: Desk, job: Settle, text: str) -> None:
    whole = desk.sending.carry(job)
    if whole is None:
        one = job.observation
        log.info("%s comes without its carry; whoever sent it sends it again where it is not settled", one.id)
        return
    observation = whole.observation
    try:
        looks = _settled(desk, whole)
    except StoreError as error:
        if not error.retryable or observation.sequence is None:
            raise
        if not _has_turn(desk, observation):
            _wait(desk, observation, text)
            return
        looks = _settled(desk, whole)
    _send_looks(desk, looks)
    _next(desk, job, observation)


def _settled(desk: Desk, job: Settle) -> Sequence[LookAt]:
    """Settle it, and have sent what it raised; -> the looks that follow."""
    with heeding(desk.cluster.pipeline, desk.tracing, desk.cluster.broker) as heeded:
        pipeline, raised = raising(heeded)
        looks = [one for one in step(pipeline, job) if isinstance(one, LookAt)]
    if raised is not None:
        for sink, severity in raised.due(clock_of(desk.cluster.pipeline.settings).now()).items():
            _deliver(desk, sink, of_severity(severity))
    return looks


def _deliver(desk: Desk, sink: str, priority: int) -> None:
    """Have somebody send to a sink, unless that is asked for already; urgent things do not wait behind others."""
    if desk.markers.make(_mark(sink, priority), DELIVER_S):
        desk.sending(Deliver(sink=sink), priority)


def _mark(sink: str, priority: int) -> str:
    return f"{mark_of_sink(sink)}:urgent" if priority <= 1 else mark_of_sink(sink)


def _is_early(desk: Desk, observation: Observation) -> bool:
    """Whether the one before it is not settled yet."""
    found = desk.cluster.pipeline.store.read(Reached(streams=(observation.stream_id,)))
    reach = found.get(observation.stream_id)
    return (reach.sequence if reach else -1) < (observation.sequence or 0) - 1


def _has_turn(desk: Desk, observation: Observation) -> bool:
    """Whether the one before it is settled within a moment: another worker may be at it, or be done by now."""
    deadline, wait_s = monotonic() + _TURN_S, _FIRST_LOOK_S
    while _is_early(desk, observation):
        if monotonic() >= deadline:
            return False
        Event().wait(wait_s)
        wait_s *= 2
    return True


def _wait(desk: Desk, observation: Observation, text: str) -> None:
    """Let it wait where whoever settles the one before it finds it."""
    desk.early.wait(observation, text)
    if not _is_early(desk, observation) and desk.early.turn(observation):
        desk.sending.again(text, Settle(observation=observation))


def _next(desk: Desk, job: Settle, observation: Observation) -> None:
    """Its carry is in memory now; the one behind it is sent on, where it came too early."""
    if observation.sequence is None:
        return
    if desk.early.follows(observation, done=desk.sending.places(job)):
        text = desk.early.turn(observation, after=1)
        if text:
            desk.sending.again(text, Settle(observation=observation))


# Looking ------------------------------------------------------------------------------------------


def _look(desk: Desk, job: LookAt, stop: Event) -> None:
    waiting = job.waiting if job.owed else desk.backlog.fresh()
    found = list(step(desk.cluster.pipeline, replace(job, waiting=waiting)))
    if stop.is_set():
        raise Cut  # what it says may be that it was cut
    desk.sending.many([(one, priority_of(one)) for one in found])
    if not job.owed:
        desk.backlog.less(job)


def _send_looks(desk: Desk, looks: Sequence[LookAt]) -> None:
    """Send looks: those of alerts first, each stream its share; those for which there is no room are left out."""
    most = desk.cluster.pipeline.settings.cluster.waiting_looks
    for look in looks:
        room = desk.backlog.room(look)
        if room.waiting >= most:
            log.warning("%d deep looks wait; one more is left out for now", room.waiting)
            _leave_out(desk.cluster.pipeline, look, f"{most} deep looks wait already")
            continue
        desk.sending(look, of_look(room.mine, urgent=_is_urgent(desk.cluster.pipeline, look)))
        desk.backlog.more(look)


def _leave_out(pipeline: Pipeline, look: LookAt, reason: str) -> None:
    """The ledger says that it was not looked at these segments, and why."""
    if pipeline.vision is not None:
        for segment in (look.segment, *look.beside):
            pipeline.store.settle(dropped(segment, pipeline.vision.run, reason), pipeline.judge)


def _is_urgent(pipeline: Pipeline, look: LookAt) -> bool:
    """Whether an alert was raised in what is to be looked at."""
    if pipeline.judge is None:
        return False
    stream = pipeline.store.read(StreamOf(name=look.segment.stream_id))
    return stream is not None and any(
        pipeline.store.read(Alerts(where=_within(stream, one.start_s, one.end_s), limit=1))
        for one in (look.segment, *look.beside)
    )


def _within(stream: Stream, start_s: float, end_s: float) -> AlertFilter:
    return AlertFilter(streams=(stream.name,), since=stream.at(start_s), until=stream.at(end_s))
