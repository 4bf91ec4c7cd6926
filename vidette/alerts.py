"""The words of judgement: what a rule found, who is told of it, and how that went."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from vidette.matches import Heard, LeafMatch, PatternChange
from vidette.models import Evidence, Look
from vidette.rows import EventRow, VerdictRow
from vidette.streams import Stream


class Severity(StrEnum):
    """How much an alert matters, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class AlertState(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Change(StrEnum):
    """What the newest message about an alert tells."""

    RAISED = "raised"
    DESCRIBED = "described"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    EVIDENCE = "evidence"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class DeliveryStatus(StrEnum):
    """Where a delivery is: `sending` is claimed by a process until its lease ends."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Verdict(StrEnum):
    """What a rule decided about an event, or time and people about its alert."""

    RAISED = "raised"
    UPDATED = "updated"
    GROUPED = "grouped"
    DESCRIBED = "described"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"
    WAITING = "waiting"
    NOT_RAISED = "not_raised"
    NOT_SENT = "not_sent"
    NOT_ESCALATED = "not_escalated"
    NOT_REPEATED = "not_repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule, one subject, one occurrence; the row of `vidette alerts --json` and of every message.

    `id` is made of rule, subject and occurrence, `sequence` grows by one with each change that is
    told. `at` is when the rule came true (event time), `raised_at` when that was noticed (wall
    clock). `subject` is the entity it is about, `why` one sentence for each condition that held,
    `described_by` the ids of the runs whose deep looks said more of it,
    `feedback` what a person said of it. `zones` and `labels` are where it was and of what; `shadow`: its rule is on
    trial, nobody is told; `escalated_at` is when it was told louder. `incident` may become another when a late alert
    joins two of them.
    """

    id: str
    rule: str
    rule_version: str
    severity: Severity
    state: AlertState
    change: Change
    sequence: int
    streams: tuple[str, ...]
    at: datetime
    raised_at: datetime
    incident: str
    events: tuple[str, ...]
    text: str
    why: tuple[str, ...]
    subject: str | None = None
    late_s: float | None = None
    evidence: tuple[Evidence, ...] = ()
    described_by: tuple[str, ...] | None = None
    feedback: Literal["confirmed", "dismissed"] | None = None
    zones: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    shadow: bool | None = None
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message (an alert as it was at `sequence`) to one sink.

    `id` is the `webhook-id`: alert, sequence and sink, the same on every attempt. Those of one
    alert to one sink are sent in the order of `sequence`. `tries` counts the attempts made, of
    one that was replayed those since then.
    """

    id: str
    sink: str
    message: Alert
    status: DeliveryStatus
    next_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery: how it ended, and what follows from it.

    `status` is what the delivery is from now on; `next_at` when it is due again, if it is
    pending; `code` the HTTP status or exit code, where there was one.
    """

    delivery: str
    number: int
    at: datetime
    took_s: float
    status: DeliveryStatus
    next_at: datetime | None = None
    code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a rule decided about an event, and why (one sentence each); at most one a (rule, event, verdict)."""

    rule: str
    stream: str
    event: str
    verdict: Verdict
    at: datetime
    why: tuple[str, ...]
    alert: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """What one version of a rule remembers of one stream between observations; `state` is JSON, a few kB."""

    rule: str
    version: str
    stream_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkState:
    """A sink that takes no more (HTTP 410), and why; `address` tells when it was pointed elsewhere since."""

    sink: str
    address: str
    disabled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkTrouble:
    """A sink that has taken nothing since its first failure at `since`; the newest one was at `last`."""

    sink: str
    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a deep look of one run tells of [start_s, end_s): in all, of events that it supports, of known things, by id."""

    run_id: str
    start_s: float
    end_s: float
    caption: str = ""
    events: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a judge is given of one settled observation; more it reads from the same transaction.

    `events` are those the observation changed, as they are now. `watermark_s` is the media time
    up to which the fast look has said everything; `final`: nothing more will come. `telling`: what a
    deep look says, for alerts that were raised before; `verdicts`: what it answered to closed questions.
    """

    stream: Stream
    look: Look
    watermark_s: float
    final: bool
    events: tuple[EventRow, ...] = ()
    telling: Telling | None = None
    verdicts: tuple[VerdictRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is told of alerts that match, from `start` until `end` (wall clock, half-open); they are kept.

    Every matcher that is given must hold, by one of its values; at least one is given. Written by a
    person, `author`; an end in the past is how one is taken back.
    """

    id: str
    start: datetime
    end: datetime
    author: str
    comment: str = ""
    rules: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    subjects: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a person said of an alert; of several opinions the last one that is no acknowledgement counts."""

    alert: str
    says: Literal["acknowledged", "confirmed", "dismissed"]
    by: str
    at: datetime
    comment: str = ""


TimerKind = Literal["escalate", "repeat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """When an alert is told louder, or again (wall clock); never, where `due_at` is None."""

    alert: str
    rule: str
    kind: TimerKind
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How many alerts of a rule on a stream were held back."""

    rule: str
    stream: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """How many alerts were told to one sink, and which held back, in the window that begins at `start` (event time).

    `summaries` were told of earlier ones; `severity` is the highest of those held. At `due_at` (wall
    clock) those that are held are summed up, or, where there are none, the row is forgotten; `over`: now.
    """

    sink: str
    start: datetime
    due_at: datetime
    sent: int = 0
    held: tuple[Held, ...] = ()
    severity: Severity = Severity.LOW
    summaries: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What follows from a case: written in the transaction of the observation, all of it or nothing."""

    states: tuple[RuleState, ...] = ()
    alerts: tuple[Alert, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    decisions: tuple[Decision, ...] = ()
    silences: tuple[Silence, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    timers: tuple[Timer, ...] = ()
    storms: tuple[Storm, ...] = ()
    heard: tuple[Heard, ...] = ()
    patterns: tuple[PatternChange, ...] = ()
    leaves: tuple[LeafMatch, ...] = ()


# What a sink says -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How a sink took a message.

    `gone`: it wants no more of them, ever (HTTP 410). `again`: another try may help; not before
    `after_s`, where it said so (Retry-After).
    """

    ok: bool
    again: bool = True
    gone: bool = False
    after_s: float | None = None
    code: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts: every given condition must hold; empty means any. The window is on `at`, half-open."""

    ids: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[AlertState, ...] = ()
    events: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries: every given condition must hold; empty means any. The window is on when it was raised, half-open."""

    ids: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()
    statuses: tuple[DeliveryStatus, ...] = field(default=())
    since: datetime | None = None
    until: datetime | None = None
