"""From tracks to events: entered, exited, stopped, moved off, lines, zones, loitering, running, crowd, count.

Boxes here are in 0..1 of the picture; a thing stands where the bottom centre of its box is.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from agent.perception import captions
from agent.perception.ledger import Ledger, Saying
from vidette.geometry import Box, contains, crossing, foot
from vidette.models import EventType, Evidence, Label, Role
from vidette.settings import FastSettings
from vidette.streams import Stream

_INERTIA = 2  # frames in a row inside or outside before a zone is entered or left
_CROWD_S = 1.5
_COUNT_S = 3.0
_RUN_HEIGHTS = 2.2  # own heights a second: a person walks at about 0.8 and runs from about 2
_RUN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One track as events see it; `path` are (media time, box), `still_s` how long it stays put."""

    number: int
    id: str
    label: Label
    colour: str
    origin: str
    birth_s: float
    seen_s: float
    put_s: float
    still_s: float
    confidence: float
    path: Sequence[tuple[float, Box]]

    @property
    def box(self) -> Box:
        """Where it was last seen."""
        return self.path[-1][1]

    @property
    def who(self) -> str:
        """In words."""
        return captions.thing(self.label, self.colour)


@dataclass(slots=True, kw_only=True)
class _Case:
    """What is open about one track."""

    stopped: str = ""
    stopped_s: float = 0.0
    loitering: str = ""
    running: str = ""
    zones: dict[str, float] = field(default_factory=dict)
    dwelling: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    foot: tuple[float, float] | None = None
    told: bool = False


Snapshot = Callable[[int, str], tuple[Evidence, ...]]


class Presence:
    """Says what tracked things do."""

    def __init__(self, stream: Stream, settings: FastSettings, ledger: Ledger, snapshot: Snapshot) -> None:
        self.stream = stream
        self.settings = settings
        self.ledger = ledger
        self.snapshot = snapshot
        self.cases: dict[int, _Case] = {}
        self.crowd = ""
        self.crowd_s: float | None = None
        self.counted = 0
        self.recent: list[tuple[float, int]] = []

    def entering(self, seen: Seen) -> None:
        """A track came in over the edge: told at once; `entered` or `strayed` comes when it is known better."""
        case = self.cases.setdefault(seen.number, _Case())
        if not case.told:
            case.told = True
            self.ledger.happened(self._entrance(seen), seen.id, seen.birth_s)

    def strayed(self, seen: Seen) -> None:
        """What was told of as entering is too doubtful to have been a thing."""
        if seen.number in self.cases and self.cases[seen.number].told:
            self.ledger.never(self._entrance(seen), seen.id, seen.birth_s)

    def entered(self, seen: Seen, *, moved_off: bool) -> None:
        """A track came into view, or a thing that had been part of the scene set off."""
        box = seen.path[0][1]
        if seen.number in self.cases and self.cases[seen.number].told:
            self.ledger.better(self._entrance(seen), seen.id, seen.birth_s)
        elif moved_off:
            self._say(
                EventType.OBJECT_MOVED_OFF, f"{seen.who} moved off, {captions.place(box)}", seen, seen.birth_s, box
            )
        else:
            self.ledger.happened(self._entrance(seen), seen.id, seen.birth_s)

    def step(self, pts_s: float, seen: Sequence[Seen], in_view: int) -> None:
        """Take one frame's tracks in."""
        for item in seen:
            case = self.cases.setdefault(item.number, _Case())
            self._stop(item, case)
            self._loiter(item, case)
            self._run(item, case)
            self._zones(item, case)
            self._lines(item, case)
        self._crowd(pts_s, in_view)
        self._count(pts_s, in_view, max((item.birth_s for item in seen), default=pts_s))

    def ended(self, seen: Seen, *, exited: bool) -> None:
        """A track is over; `exited` where it went out of view."""
        case = self.cases.pop(seen.number, _Case())
        for key in (case.stopped, case.loitering, case.running, *case.dwelling.values()):
            self.ledger.end(key, seen.seen_s)
        for name in case.zones:
            self._zone(EventType.ZONE_EXITED, "left", name, seen, seen.seen_s)
        if exited:
            text = captions.exited(seen.who, seen.box, seen.seen_s - seen.birth_s)
            self._say(EventType.OBJECT_EXITED, text, seen, seen.seen_s, seen.box)

    def finish(self, pts_s: float) -> None:
        """The scene is over."""
        self.ledger.end(self.crowd, pts_s)
        self.crowd, self.crowd_s, self.counted, self.recent = "", None, 0, []

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {
            "cases": {number: asdict(case) for number, case in self.cases.items()},
            "crowd": self.crowd,
            "crowd_s": self.crowd_s,
            "counted": self.counted,
            "recent": self.recent,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from that state."""
        self.cases = {int(number): _case(case) for number, case in state["cases"].items()}
        self.crowd, self.crowd_s, self.counted = state["crowd"], state["crowd_s"], state["counted"]
        self.recent = [(at, count) for at, count in state["recent"]]

    def _stop(self, seen: Seen, case: _Case) -> None:
        if case.stopped and seen.put_s > case.stopped_s:
            self.ledger.end(case.stopped, seen.put_s)
            case.stopped = ""
            text = f"{seen.who} moved off, {captions.place(seen.box)}"
            self._say(EventType.OBJECT_MOVED_OFF, text, seen, seen.put_s, seen.box)
        elif not case.stopped and seen.still_s >= self.settings.stopped_s:
            text = f"{seen.who} stopped, {captions.place(seen.box)}"
            case.stopped = self._begin(EventType.OBJECT_STOPPED, text, seen, seen.put_s)
            case.stopped_s = seen.put_s

    def _loiter(self, seen: Seen, case: _Case) -> None:
        if not case.loitering and seen.seen_s - seen.birth_s >= self.settings.loiter_s:
            text = f"{seen.who} loiters, {captions.place(seen.box)}"
            case.loitering = self._begin(EventType.LOITERING, text, seen, seen.birth_s)

    def _run(self, seen: Seen, case: _Case) -> None:
        pace = _pace(seen) if seen.label == Label.PERSON else 0.0
        if not case.running and pace > _RUN_HEIGHTS:
            text = f"{seen.who} runs, {captions.heading(seen.path[0][1], seen.box)}"
            case.running = self._begin(EventType.RUNNING, text, seen, seen.seen_s - _RUN_S)
        elif case.running and pace < 0.7 * _RUN_HEIGHTS:
            self.ledger.end(case.running, seen.seen_s)
            case.running = ""

    def _zones(self, seen: Seen, case: _Case) -> None:
        for zone in self.stream.zones:
            inside = contains(zone.polygon, foot(seen.box))
            if inside == (zone.name in case.zones):
                case.counts[zone.name] = 0
                self._dwell(seen, case, zone.name)
                continue
            case.counts[zone.name] = case.counts.get(zone.name, 0) + 1
            if case.counts[zone.name] >= _INERTIA:
                self._border(seen, case, zone.name, inside)

    def _border(self, seen: Seen, case: _Case, name: str, inside: bool) -> None:
        """A thing is in or out of a zone for good; it was so from the first of those frames."""
        at_s = seen.path[-_INERTIA][0] if len(seen.path) >= _INERTIA else seen.seen_s
        case.counts[name] = 0
        if inside:
            case.zones[name] = at_s
            self._zone(EventType.ZONE_ENTERED, "entered", name, seen, at_s)
        else:
            del case.zones[name]
            self.ledger.end(case.dwelling.pop(name, ""), at_s)
            self._zone(EventType.ZONE_EXITED, "left", name, seen, at_s)

    def _dwell(self, seen: Seen, case: _Case, name: str) -> None:
        since_s = case.zones.get(name)
        if since_s is not None and name not in case.dwelling and seen.seen_s - since_s >= self.settings.loiter_s:
            text = f"{seen.who} loiters in {name}"
            case.dwelling[name] = self._begin(EventType.LOITERING, text, seen, since_s, zone=name)

    def _lines(self, seen: Seen, case: _Case) -> None:
        before, case.foot = case.foot, foot(seen.box)
        if before is None and len(seen.path) > 1:
            before = foot(seen.path[-2][1])
        for line in self.stream.lines if before else ():
            assert before is not None
            way = crossing(line.a, line.b, before, case.foot)
            if way:
                direction = "forward" if way > 0 else "backward"
                text = f"{seen.who} crossed {line.name} ({direction})"
                saying = self._saying(EventType.LINE_CROSSED, text, seen, seen.box, line=line.name)
                saying.attributes["direction"] = direction
                self.ledger.happened(saying, f"{seen.id}:{line.name}", seen.seen_s)

    def _crowd(self, pts_s: float, in_view: int) -> None:
        many = in_view >= self.settings.crowd
        if many and self.crowd_s is None:
            self.crowd_s = pts_s
        if self.crowd and in_view < 0.7 * self.settings.crowd:
            self.ledger.end(self.crowd, pts_s)
            self.crowd, self.crowd_s = "", None
        elif not many and not self.crowd:
            self.crowd_s = None
        if many and not self.crowd and self.crowd_s is not None and pts_s - self.crowd_s >= _CROWD_S:
            text = captions.said(f"A crowd formed: {in_view} things in view")
            saying = Saying(type=EventType.CROWD_FORMED, caption=text, confidence=0.7, attributes={"count": in_view})
            self.crowd = self.ledger.begin(saying, "view", self.crowd_s)

    def _count(self, pts_s: float, in_view: int, newest_s: float) -> None:
        """How many are in view changed, and stayed so for a while; `newest_s`: when the last of them came.

        A thing is counted once it is made sure of, which is some pictures after it came.
        """
        self.recent = [pair for pair in self.recent if pts_s - pair[0] <= _COUNT_S] + [(pts_s, in_view)]
        counts = [count for _, count in self.recent]
        steady = pts_s - self.recent[0][0] >= 0.8 * _COUNT_S and max(counts) == min(counts)
        if steady and in_view != self.counted:
            text = captions.said(f"{in_view} in view, after {self.counted}")
            attributes = {"count": in_view, "before": self.counted}
            saying = Saying(type=EventType.COUNT_CHANGED, caption=text, confidence=0.6, attributes=attributes)
            since_s = self.recent[0][0]
            if in_view > self.counted:
                since_s = min(since_s, max(newest_s, pts_s - 2 * _COUNT_S))
            self.ledger.happened(saying, "view", since_s)
            self.counted = in_view

    def _zone(self, type_: EventType, verb: str, name: str, seen: Seen, at_s: float) -> None:
        saying = self._saying(type_, f"{seen.who} {verb} {name}", seen, seen.box, zone=name)
        self.ledger.happened(saying, f"{seen.id}:{name}", at_s)

    def _entrance(self, seen: Seen) -> Saying:
        box = seen.path[0][1]
        return self._saying(EventType.OBJECT_ENTERED, captions.entered(seen.who, box), seen, box)

    def _say(self, type_: EventType, text: str, seen: Seen, at_s: float, box: Box) -> None:
        self.ledger.happened(self._saying(type_, text, seen, box), seen.id, at_s)

    def _begin(self, type_: EventType, text: str, seen: Seen, at_s: float, zone: str | None = None) -> str:
        subject = seen.id if zone is None else f"{seen.id}:{zone}"
        return self.ledger.begin(self._saying(type_, text, seen, seen.box, zone=zone), subject, at_s)

    def _saying(
        self, type_: EventType, text: str, seen: Seen, box: Box, zone: str | None = None, line: str | None = None
    ) -> Saying:
        text = captions.said(text)
        return Saying(
            type=type_,
            caption=text,
            confidence=seen.confidence,
            box=box,
            zone=zone,
            line=line,
            roles=(Role(role="subject", track_id=seen.id),),
            evidence=self.snapshot(seen.number, text),
            attributes={},
        )


def _pace(seen: Seen) -> float:
    """Own heights a second over the last second; 0 while that is not known."""
    window = [(at, box) for at, box in seen.path if at >= seen.seen_s - _RUN_S]
    if len(window) < 4 or window[-1][0] - window[0][0] < 0.7 * _RUN_S:
        return 0.0
    (x0, y0), (x1, y1) = foot(window[0][1]), foot(window[-1][1])
    height = median(box[3] - box[1] for _, box in window)
    return float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / height / (window[-1][0] - window[0][0]))


def _case(data: dict[str, Any]) -> _Case:
    foot_ = data["foot"]
    return _Case(**{**data, "foot": None if foot_ is None else (foot_[0], foot_[1])})
