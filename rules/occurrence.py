"""What a rule remembers of a stream: events it awaits, and occurrences that are not over.

An occurrence is what one alert is about: events of one subject with no more than `LULL_S` between
them, so that a stop that flaps, a stop that becomes loitering, or going out of a zone and back is
told once. A still thing whose track broke and that is found at the same place is the same subject.
"""

from dataclasses import dataclass, field, replace

from vidette.models import EventType, State
from vidette.rows import EventRow

LULL_S = 30.0
"""What comes back within this time is the same occurrence."""
TOLD_LATE_S = 10.0
"""A look tells of most things at most so long after they began, so only then is it known that nothing came back."""
_EVENTS = 64
_SUBJECTS = 16
_KEPT = 256

INSTANTS = frozenset(
    {
        EventType.OBJECT_ENTERED,
        EventType.OBJECT_EXITED,
        EventType.OBJECT_MOVED_OFF,
        EventType.LINE_CROSSED,
        EventType.ZONE_ENTERED,
        EventType.ZONE_EXITED,
        EventType.COUNT_CHANGED,
        EventType.OBJECT_ABANDONED,
        EventType.OBJECT_REMOVED,
        EventType.SIGNAL_RESTORED,
        EventType.SCENE_CHANGED,
        EventType.CLOCK_JUMPED,
    }
)
"""Types that have no duration: nothing is over when they end."""

STILL = frozenset({EventType.OBJECT_LEFT, EventType.OBJECT_STOPPED, EventType.OBJECT_ABANDONED, EventType.LOITERING})
"""Types of things that stay put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One alert's events so far, in media seconds.

    `open` are those that go on, `last_s` the end of the last that does not; `subjects` every key
    under which it is known, `tracks` theirs. `sent`: somebody was told.
    """

    alert: str
    subjects: tuple[str, ...]
    tracks: tuple[str, ...]
    events: tuple[str, ...]
    open: tuple[str, ...]
    start_s: float
    last_s: float
    lasting: bool
    still: bool
    sent: bool = False
    taken_back: bool = False

    def near(self, start_s: float, end_s: float | None) -> bool:
        """Whether [start, end] (None: goes on) is less than the lull away."""
        after = bool(self.open) or start_s <= self.last_s + LULL_S
        return after and (end_s is None or end_s >= self.start_s - LULL_S)

    def over(self, watermark_s: float, *, final: bool) -> bool:
        """Whether nothing of it goes on, and nothing came back within the lull. The end of a recording ends nothing.

        What lasted up to the end of a recording may last still: its alert stays as it is.
        """
        if self.open:
            return False
        return self.taken_back or self.last_s + (SEEN_S if final else LULL_S + TOLD_LATE_S) <= watermark_s

    def holding(self, event: EventRow) -> "Occurrence":
        """With one more event, or with what is newly known of one of its own."""
        over = event.end_s is not None or event.state != State.OPEN
        last_s = event.start_s if event.end_s is None else event.end_s
        return Occurrence(  # not `replace`: this is done for every event
            alert=self.alert,
            subjects=self.subjects,
            tracks=self.tracks,
            sent=self.sent,
            taken_back=self.taken_back,
            events=_with(self.events, event.id, _EVENTS),
            open=_without(self.open, event.id) if over else _with(self.open, event.id, _EVENTS),
            start_s=min(self.start_s, event.start_s),
            last_s=max(self.last_s, last_s),
            lasting=self.lasting or event.type not in INSTANTS,
            still=self.still or event.type in STILL,
        )

    def known_as(self, key: str, tracks: tuple[str, ...]) -> "Occurrence":
        """The same thing under one more name."""
        subjects = _with(self.subjects, key, _SUBJECTS)
        for track in tracks:
            self = replace(self, tracks=_with(self.tracks, track, _SUBJECTS))  # noqa: PLW0642  frozen: a copy
        return replace(self, subjects=subjects)


SEEN_S = 1.0
"""An end this near to the end of a recording is the recording's."""


def begun(alert: str, key: str, tracks: tuple[str, ...], event: EventRow, *, sent: bool = False) -> Occurrence:
    """The occurrence of a first event."""
    empty = Occurrence(
        alert=alert,
        subjects=(key,),
        tracks=tracks,
        events=(),
        open=(),
        start_s=event.start_s,
        last_s=event.start_s,
        lasting=False,
        still=False,
        sent=sent,
    )
    return empty.holding(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An event that may come true: when it began, what it is about, the alert that it would belong to."""

    start_s: float
    subject: str
    alert: str | None = None

    def concerns(self, one: Occurrence) -> bool:
        """Whether the occurrence goes on if the event comes true."""
        return self.alert == one.alert or (self.subject in one.subjects and one.near(self.start_s, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one rule remembers of one stream; at most a few hundred things, the oldest go first.

    `awaited` are events by id, `sent_s` is when the last alert that somebody was told of came true.
    """

    awaited: dict[str, Awaited] = field(default_factory=dict)
    occurrences: tuple[Occurrence, ...] = ()
    sent_s: float | None = None

    def bounded(self) -> "Memory":
        """Within its bounds."""
        if len(self.awaited) < 2 and len(self.occurrences) <= _KEPT:
            return self
        awaited = dict(sorted(self.awaited.items(), key=lambda pair: pair[1].start_s)[-4 * _KEPT :])
        return replace(self, awaited=awaited, occurrences=self.occurrences[-_KEPT:])


def _with(names: tuple[str, ...], name: str, limit: int) -> tuple[str, ...]:
    return names if name in names else (*names, name)[-limit:]


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)
