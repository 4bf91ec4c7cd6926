"""What the fast look has said: assertions with their ids, and the events that are still open."""

from dataclasses import dataclass, field, replace

from vidette import codec, ids
from vidette.geometry import Box, contains, foot, polygon_area
from vidette.models import Assertion, Attributes, EventType, Evidence, Role, State
from vidette.streams import Zone

_STANDING = frozenset(
    {
        EventType.OBJECT_STOPPED,
        EventType.OBJECT_MOVED_OFF,
        EventType.OBJECT_LEFT,
        EventType.OBJECT_ABANDONED,
        EventType.OBJECT_REMOVED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is said of an event, short of its times and ids."""

    type: EventType
    caption: str
    confidence: float
    box: Box | None = None
    zone: str | None = None
    line: str | None = None
    roles: tuple[Role, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    attributes: Attributes = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class OpenEvent:
    """An event that goes on; `said` counts its assertions so far."""

    saying: Saying
    subject: str
    start_s: float
    said: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvents:
    """The open events by id, as they are stored."""

    events: dict[str, OpenEvent]


class Ledger:
    """Collects assertions between commits; an open event is asserted at each change of it.

    What stands, stood or was put down is in the smallest of the `zones` that holds its foot.
    """

    def __init__(self, stream_id: str, run_id: str, zones: tuple[Zone, ...] = ()) -> None:
        self.stream_id = stream_id
        self.run_id = run_id
        self.zones = sorted(zones, key=lambda zone: (polygon_area(zone.polygon), zone.name))
        self.open_events: dict[str, OpenEvent] = {}
        self._said: list[Assertion] = []

    def happened(self, saying: Saying, subject: str, start_s: float, end_s: float | None = None) -> str:
        """An event that is over: an instant, or one known from start to end; -> its id."""
        key, saying = self._id(saying.type, subject, start_s, 0), self._placed(saying)
        self._say(saying, key, key, start_s, start_s if end_s is None else end_s, State.CLOSED)
        return key

    def better(self, saying: Saying, subject: str, start_s: float) -> None:
        """An instant that was told is known better now."""
        self._once_more(saying, subject, start_s, State.CLOSED)

    def never(self, saying: Saying, subject: str, start_s: float) -> None:
        """An instant that was told was none."""
        self._once_more(saying, subject, start_s, State.RETRACTED)

    def _once_more(self, saying: Saying, subject: str, start_s: float, state: State) -> None:
        first, second = (self._id(saying.type, subject, start_s, ordinal) for ordinal in (0, 1))
        self._say(self._placed(saying), second, first, start_s, start_s, state)

    def begin(self, saying: Saying, subject: str, start_s: float) -> str:
        """An event that goes on; -> its id, the handle for `end` and `retract`."""
        key = self._id(saying.type, subject, start_s, 0)
        self.open_events[key] = OpenEvent(saying=self._placed(saying), subject=subject, start_s=start_s)
        return key

    def end(self, key: str, end_s: float, caption: str | None = None, roles: tuple[Role, ...] = ()) -> None:
        """The open event is over."""
        event = self.open_events.pop(key, None)
        if event is None:
            return
        saying = replace(event.saying, caption=caption or event.saying.caption, roles=event.saying.roles + roles)
        self._say(saying, self._next(event), key, event.start_s, max(end_s, event.start_s), State.CLOSED)

    def retract(self, key: str) -> None:
        """What was said of the open event was wrong."""
        event = self.open_events.pop(key, None)
        if event and event.said:
            self._say(event.saying, self._next(event), key, event.start_s, None, State.RETRACTED)

    def drain(self) -> tuple[Assertion, ...]:
        """Everything said since the last commit, open events first said now included."""
        for key, event in self.open_events.items():
            if event.said == 0:
                self._say(event.saying, self._next(event), key, event.start_s, None, State.OPEN)
        said, self._said = tuple(self._said), []
        return said

    def state(self) -> str:
        """What `restore` needs, after `drain`."""
        return codec.encode(OpenEvents(events=self.open_events)).decode()

    def restore(self, state: str) -> None:
        """Go on with the open events of that state."""
        self.open_events = dict(codec.decode(OpenEvents, state).events)

    @property
    def news(self) -> bool:
        """Whether a commit would have something to say."""
        return bool(self._said) or any(event.said == 0 for event in self.open_events.values())

    @property
    def said(self) -> tuple[Assertion, ...]:
        """What the next commit will say, so far."""
        return tuple(self._said)

    def _placed(self, saying: Saying) -> Saying:
        if saying.zone or saying.box is None or saying.type not in _STANDING:
            return saying
        at = foot(saying.box)
        return replace(saying, zone=next((zone.name for zone in self.zones if contains(zone.polygon, at)), None))

    def _next(self, event: OpenEvent) -> str:
        key = self._id(event.saying.type, event.subject, event.start_s, event.said)
        event.said += 1
        return key

    def _id(self, type_: EventType, subject: str, start_s: float, ordinal: int) -> str:
        return ids.assertion_id(self.stream_id, "fast", self.run_id, type_, subject, start_s, ordinal)

    def _say(self, saying: Saying, key: str, of: str, start_s: float, end_s: float | None, state: State) -> None:
        self._said.append(
            Assertion(
                id=key,
                stream_id=self.stream_id,
                look="fast",
                run_id=self.run_id,
                type=saying.type,
                start_s=round(start_s, 3),
                end_s=None if end_s is None else round(end_s, 3),
                confidence=round(saying.confidence, 3),
                caption=saying.caption,
                of=of,
                state=state,
                box=saying.box,
                zone=saying.zone,
                line=saying.line,
                roles=saying.roles,
                evidence=saying.evidence,
                attributes=saying.attributes,
            )
        )
