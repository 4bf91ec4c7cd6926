"""Three days of three cameras, as a script: who came, stopped, left what, and when nobody looked."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vidette.ids import assertion_id, entity_id, make_id, stream_id, track_id
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    EventType,
    FastState,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Track,
)
from vidette.ports import GraphStore
from vidette.streams import Line, Stream, Zone

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 11, 18, 0, tzinfo=PARIS)  # a Wednesday
START = datetime(2026, 3, 9, 8, 0, tzinfo=PARIS)
LENGTH_S = (NOW - START).total_seconds()
FAST = Run(id=make_id("run", "fast", "questions"), model="vidette-fast", revision="1", params={"sample": "5"})
WHOLE = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
DAYS = {"mon": 9, "tue": 10, "wed": 11}
T = EventType


def moment(text: str) -> float:
    """Media seconds of "tue 14:10" or "tue 14:10:30"."""
    day, clock = text.split()
    hour, minute, second = (int(part) for part in (clock + ":0").split(":")[:3])
    return (datetime(2026, 3, DAYS[day], hour, minute, second, tzinfo=PARIS) - START).total_seconds()


class Camera:
    """One stream of the script; `names` are what the script calls its events, by id."""

    def __init__(
        self, name: str, zones: tuple[str, ...], lines: tuple[str, ...], dark: dict[tuple[str, str], FastState]
    ):
        self.names: dict[str, str] = {}
        self.tracks: list[Track] = []
        self.said: list[Assertion] = []
        self.dark = dark
        self.stream = Stream(
            id=stream_id(name),
            name=name,
            kind="live",
            uri=f"rtsp://{name}",
            start=START.astimezone(UTC),
            start_from="option",
            zones=tuple(Zone(id=make_id("zone", name, z), name=z, polygon=WHOLE) for z in zones),
            lines=tuple(Line(id=make_id("line", name, z), name=z, a=(0.5, 0.0), b=(0.5, 1.0)) for z in lines),
        )

    def thing(self, name: str, label: Label, start: str, end: str | None, **attributes: Any) -> Callable[..., None]:
        """Something in view, entering and exiting unless still; -> says further events of it."""
        low, high = moment(start), None if end is None else moment(end)
        box = (0.1, 0.4, 0.2, 0.6)
        id_ = track_id(self.stream.id, low, box, len(self.tracks))
        path = (
            PathPoint(pts_s=low, box=box),
            PathPoint(pts_s=low + 1 if high is None else high, box=(0.8, 0.4, 0.9, 0.6)),
        )
        self.tracks.append(
            Track(
                id=id_, stream_id=self.stream.id, label=label, start_s=low, end_s=high, confidence=0.9, path=path,
                attributes=attributes, entity_id=entity_id(id_),
            )
        )  # fmt: skip

        def say(type_: EventType, at: str, until: str | None = "", **more: Any) -> None:
            self.event(f"{name}.{type_}", type_, at, until, track=id_, **more)

        if not attributes.get("still"):
            say(T.OBJECT_ENTERED, start)
            if end is not None:
                say(T.OBJECT_EXITED, end)
        return say

    def event(
        self, name: str, type_: EventType, at: str, until: str | None = "", track: str | None = None, **more: Any
    ) -> None:
        """An event; an instant without `until`, open with None."""
        low = moment(at)
        high = low if until == "" else None if until is None else moment(until)
        id_ = assertion_id(self.stream.id, "fast", FAST.id, type_, track or "-", low, len(self.said))
        self.names[id_] = name
        self.said.append(
            Assertion(
                id=id_, of=id_, stream_id=self.stream.id, look="fast", run_id=FAST.id, type=type_, start_s=low, end_s=high,
                confidence=0.8, caption="", roles=(Role(role="subject", track_id=track),) if track else (), **more,
            )
        )  # fmt: skip

    def coverage(self) -> tuple[Coverage, ...]:
        """Watched from 8 to 18 each day, but for the dark stretches."""
        borders = {0.0, LENGTH_S, *(moment(t) for span in self.dark for t in span)}
        nights = [("mon 18:00", "tue 08:00"), ("tue 18:00", "wed 08:00")]
        states = {**self.dark, **dict.fromkeys(nights, FastState.NOT_RUNNING)}
        borders |= {moment(t) for span in nights for t in span}
        edges = sorted(borders)
        out = []
        for low, high in itertools.pairwise(edges):
            state = next((s for (a, b), s in states.items() if moment(a) <= low < moment(b)), FastState.WATCHED)
            out.append(
                Coverage(
                    stream_id=self.stream.id, start_s=low, end_s=high, state=state, deep=DeepState.OFF,
                    reason={FastState.OFFLINE: "offline", FastState.BLIND: "view blocked"}.get(state, ""),
                )
            )  # fmt: skip
        return tuple(out)

    def settle(self, store: GraphStore) -> None:
        """Write all of it as one fast observation."""
        store.open_stream(self.stream)
        store.settle(
            Observation(
                id=make_id("observation", self.stream.id, 0), stream_id=self.stream.id, look="fast", run=FAST, sequence=0,
                start_s=0.0, end_s=LENGTH_S, watermark_s=LENGTH_S, tracks=tuple(self.tracks), assertions=tuple(self.said),
                coverage=self.coverage(), final=True,
            )
        )  # fmt: skip


def build(store: GraphStore) -> dict[str, str]:
    """Settle the whole script; -> the script's names of its events, by id."""
    cameras = [front_door(), yard(), loading()]
    for camera in cameras:
        camera.settle(store)
    return {id_: name for camera in cameras for id_, name in camera.names.items()}


def front_door() -> Camera:
    """Ten people, one bag, an hour offline on Tuesday, a blocked view on Wednesday."""
    dark = {("tue 12:00", "tue 13:00"): FastState.OFFLINE, ("wed 11:00", "wed 11:05"): FastState.BLIND}
    cam = Camera("front-door", ("entrance", "hall"), ("door",), dark)
    person, at = Label.PERSON, "entrance"
    p1 = cam.thing("p1", person, "mon 09:05", "mon 09:09")
    p1(T.LINE_CROSSED, "mon 09:05:08", line="door")
    p1(T.ZONE_ENTERED, "mon 09:05:10", zone=at)
    p1(T.ZONE_EXITED, "mon 09:06", zone=at)
    p2 = cam.thing("p2", person, "mon 09:15", "mon 09:15:40")
    p2(T.LINE_CROSSED, "mon 09:15:05", line="door")
    p3 = cam.thing("p3", person, "mon 09:50", "mon 09:52")
    p3(T.ZONE_ENTERED, "mon 09:50:10", zone=at)
    p3(T.ZONE_EXITED, "mon 09:50:25", zone=at)
    cam.thing("p4", person, "mon 10:30", "mon 10:45")
    bag = cam.thing("bag", Label.BAG, "mon 10:31", "mon 10:50", still=True)
    bag(T.OBJECT_LEFT, "mon 10:31", "mon 10:50")
    bag(T.OBJECT_ABANDONED, "mon 10:45", "mon 10:50")
    bag(T.OBJECT_REMOVED, "mon 10:50")
    cam.thing("p5", person, "mon 10:49:30", "mon 10:50:30")
    p6 = cam.thing("p6", person, "tue 09:30", "tue 09:31")
    p6(T.LINE_CROSSED, "tue 09:30:05", line="door")
    p7 = cam.thing("p7", person, "tue 09:40", "tue 09:45")
    p7(T.ZONE_ENTERED, "tue 09:40:30", zone=at)
    p7(T.ZONE_EXITED, "tue 09:44:30", zone=at)
    cam.thing("p8", person, "tue 14:10", "tue 14:12")
    cam.thing("p9", person, "wed 08:20", "wed 08:21")
    cam.event("blocked", T.VIEW_BLOCKED, "wed 11:00", "wed 11:05")
    p10 = cam.thing("p10", person, "wed 16:00", None)
    p10(T.ZONE_ENTERED, "wed 16:00:30", zone=at)
    return cam


def yard() -> Camera:
    """Eight vehicles, two people, a dog, a bicycle."""
    cam = Camera("yard", ("parking",), ("gate",), {})
    v1 = cam.thing("v1", Label.VEHICLE, "mon 08:30", "mon 08:40", kind="car")
    v1(T.OBJECT_STOPPED, "mon 08:31")
    v1(T.OBJECT_MOVED_OFF, "mon 08:39")
    v2 = cam.thing("v2", Label.VEHICLE, "mon 09:20", "mon 09:21", kind="truck")
    v2(T.LINE_CROSSED, "mon 09:20:30", line="gate")
    v3 = cam.thing("v3", Label.VEHICLE, "mon 10:48", "mon 10:55", kind="car")
    v3(T.OBJECT_STOPPED, "mon 10:49")
    v3(T.OBJECT_MOVED_OFF, "mon 10:54")
    v4 = cam.thing("v4", Label.VEHICLE, "mon 14:30", "mon 15:30", kind="van")
    v4(T.OBJECT_STOPPED, "mon 14:31")
    v4(T.ZONE_ENTERED, "mon 14:31", zone="parking")
    v4(T.ZONE_EXITED, "mon 15:29", zone="parking")
    p11 = cam.thing("p11", Label.PERSON, "mon 14:32", "mon 14:50")
    p11(T.ZONE_ENTERED, "mon 14:33", zone="parking")
    p11(T.ZONE_EXITED, "mon 14:49", zone="parking")
    cam.thing("v5", Label.VEHICLE, "tue 09:35", "tue 09:36", kind="car")
    cam.thing("v6", Label.VEHICLE, "tue 15:00", "tue 15:01", kind="car")
    cam.thing("dog", Label.ANIMAL, "tue 15:05", "tue 15:06", kind="dog")
    cam.thing("bike", Label.BICYCLE, "tue 15:10", "tue 15:11")
    v7 = cam.thing("v7", Label.VEHICLE, "wed 10:00", "wed 10:02", kind="car")
    v7(T.LINE_CROSSED, "wed 10:00:30", line="gate")
    p12 = cam.thing("p12", Label.PERSON, "wed 10:01", "wed 10:02")
    p12(T.RUNNING, "wed 10:01:10", "wed 10:01:40")
    v8 = cam.thing("v8", Label.VEHICLE, "wed 12:30", "wed 13:20", kind="truck")
    v8(T.OBJECT_STOPPED, "wed 12:31")
    v8(T.OBJECT_MOVED_OFF, "wed 13:19")
    return cam


def loading() -> Camera:
    """Two people, a package; nothing at all on Tuesday."""
    cam = Camera("loading", ("bay",), (), {})
    cam.thing("p13", Label.PERSON, "mon 11:01", "mon 11:03")
    package = cam.thing("package", Label.PACKAGE, "mon 11:02", "mon 11:30", still=True)
    package(T.OBJECT_LEFT, "mon 11:02", "mon 11:30")
    package(T.OBJECT_REMOVED, "mon 11:30")
    p14 = cam.thing("p14", Label.PERSON, "wed 15:00", "wed 15:20")
    p14(T.ZONE_ENTERED, "wed 15:01", zone="bay")
    p14(T.LOITERING, "wed 15:05", "wed 15:20", zone="bay")
    p14(T.ZONE_EXITED, "wed 15:19", zone="bay")
    return cam
