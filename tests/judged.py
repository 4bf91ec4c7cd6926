"""Judgements for the suites of stores: a scripted judge, and the alerts, deliveries and tries that it tells of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from vidette import ids
from vidette.alerts import Alert, AlertState, Attempt, Case, Change, Delivery, DeliveryStatus, Judgement, Severity
from vidette.models import Assertion, EventType, Evidence, Label, Observation, Run, Track
from vidette.ports import GraphStore, Outbox, Reader
from vidette.streams import Stream


class Store(GraphStore, Outbox, Protocol):
    """A graph store that holds the outbox."""


Open = Callable[[Path], Store]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAST = Run(id="run-fast", model="fast", revision="1")
DEEP = Run(id="run-deep", model="vlm", revision="7")
YARD = Stream(id=ids.stream_id("yard"), name="yard", kind="file", uri="yard.mp4", start=NOW)
STAY = EventType.LOITERING
PENDING, SENDING, DELIVERED, DEAD = DeliveryStatus


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(id_: str, start: float, end: float | None, **more: Any) -> Assertion:
    look = more.pop("look", "fast")
    given: dict[str, Any] = {"of": id_ if look == "fast" else None, "confidence": 0.5, "caption": f"{id_} seen"}
    run = FAST if look == "fast" else DEEP
    fixed: dict[str, Any] = {"id": id_, "stream_id": YARD.id, "look": look, "run_id": run.id, "type": STAY}
    return Assertion(**{**fixed, "start_s": start, "end_s": end, **given, **more})


def fast(sequence: int, *assertions: Assertion, **more: Any) -> Observation:
    at = sequence * 10.0
    given: dict[str, Any] = {"start_s": at, "end_s": at + 10, "watermark_s": at + 8, "run": FAST, "look": "fast"}
    named: dict[str, Any] = {"id": f"fast-{sequence}", "stream_id": YARD.id, "sequence": sequence}
    return Observation(**{**named, **given, "assertions": assertions, **more})


def deep(id_: str, *assertions: Assertion, **more: Any) -> Observation:
    given: dict[str, Any] = {"start_s": 0.0, "end_s": 10.0, "run": DEEP, "look": "deep", "watermark_s": 99.0}
    return Observation(**{"id": id_, "stream_id": YARD.id, **given, "assertions": assertions, **more})


def thing(id_: str, label: Label) -> Track:
    return Track(id=id_, stream_id=YARD.id, label=label, start_s=0, end_s=None, confidence=0.5, path=())


def alert(id_: str = "alert", sequence: int = 0, **more: Any) -> Alert:
    given: dict[str, Any] = {
        "rule": "bag-left",
        "rule_version": "v1",
        "severity": Severity.HIGH,
        "state": AlertState.OPEN,
        "change": Change.RAISED,
        "streams": ("yard",),
        "at": after(60),
        "raised_at": after(61.5 + sequence),
        "incident": id_,
        "events": ("stay",),
        "text": "A bag was left",
        "why": ("event is object_left",),
        "evidence": (Evidence(kind="snapshot", sha256="aa", uri="media/aa.jpg", pts_s=2.5, box=(0.1, 0.2, 0.3, 0.4)),),
    }
    return Alert(id=id_, sequence=sequence, **{**given, **more})


def delivery(sink: str = "ops", message: Alert | None = None, **more: Any) -> Delivery:
    told = message or alert()
    given: dict[str, Any] = {"id": f"{told.id}/{told.sequence}/{sink}", "status": PENDING, "next_at": NOW}
    return Delivery(sink=sink, message=told, **{**given, **more})


def attempt(of: Delivery, status: DeliveryStatus, at: datetime = NOW, **more: Any) -> Attempt:
    given: dict[str, Any] = {"number": of.tries + 1, "took_s": 0.25, "status": status}
    return Attempt(delivery=of.id, at=at, **{**given, **more})


@dataclass
class Scripted:
    """A judge that keeps its cases and says what it is told to."""

    judgement: Judgement = field(default_factory=Judgement)
    cases: list[Case] = field(default_factory=list)
    look: Callable[[Case, Reader], None] = lambda case, read: None

    def judge(self, case: Case, read: Reader) -> Judgement:
        self.cases.append(case)
        self.look(case, read)
        return self.judgement

    @property
    def named(self) -> list[list[str]]:
        return [[event.id for event in case.events] for case in self.cases]


def judged(store: Store, *deliveries: Delivery, **more: Any) -> None:
    """Write a judgement with these deliveries and their alerts."""
    alerts = {one.message.id: one.message for one in sorted(deliveries, key=lambda one: one.message.sequence)}
    given: dict[str, Any] = {"alerts": tuple(alerts.values()), "deliveries": deliveries}
    store.rejudge(YARD.id, Scripted(Judgement(**{**given, **more})))
