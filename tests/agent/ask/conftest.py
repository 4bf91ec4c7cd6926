"""Small stores of known content, settled as a watch would settle them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from graph.embedded import EmbeddedStore
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
from vidette.streams import Line, Stream, Zone

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 11, 18, 0, tzinfo=PARIS)
START = datetime(2026, 3, 11, 11, 4, 8, tzinfo=UTC)
FAST = Run(id=make_id("run", "fast"), model="vidette-fast", revision="1")
VLM = Run(id=make_id("run", "vlm"), model="qwen", revision="1", prompt_hash="abc123")


class Scene:
    """A stream with what was seen on it; `settle` writes it as one fast observation."""

    def __init__(self, name: str = "cam1", *, length_s: float = 60.0, start: datetime = START, **stream: Any) -> None:
        self.stream = Stream(
            id=stream_id(name), name=name, kind=stream.pop("kind", "file"), uri=f"{name}.mp4", start=start,
            duration_s=length_s, **stream,
        )  # fmt: skip
        self.length_s = length_s
        self.tracks: list[Track] = []
        self.assertions: list[Assertion] = []
        self.coverage = [self.covered(0.0, length_s)]

    def covered(self, start: float, end: float, state: FastState = FastState.WATCHED, reason: str = "") -> Coverage:
        deep = DeepState.EXAMINED if start < self.length_s / 2 else DeepState.GATED
        return Coverage(stream_id=self.stream.id, start_s=start, end_s=end, state=state, deep=deep, reason=reason)

    def track(self, start: float, end: float | None, label: Label = Label.OBJECT, **attributes: Any) -> str:
        """A thing in view, that crosses the picture from left to right."""
        left, right = (0.1, 0.4, 0.2, 0.6), (0.8, 0.4, 0.9, 0.6)
        id_ = track_id(self.stream.id, start, left, len(self.tracks))
        path = (PathPoint(pts_s=start, box=left), PathPoint(pts_s=end if end is not None else start + 1, box=right))
        self.tracks.append(
            Track(
                id=id_, stream_id=self.stream.id, label=label, start_s=start, end_s=end, confidence=0.9, path=path,
                attributes=attributes, entity_id=entity_id(id_),
            )
        )  # fmt: skip
        return id_

    def event(
        self, type_: EventType, start: float, end: float | None = -1.0, track: str | None = None, **more: Any
    ) -> str:
        """An event; without `end` an instant, with None an open one."""
        id_ = assertion_id(self.stream.id, "fast", FAST.id, type_, track or "-", start, len(self.assertions))
        roles = (Role(role="subject", track_id=track),) if track else ()
        stop = start if end == -1.0 else end
        self.assertions.append(
            Assertion(
                id=id_, of=id_, stream_id=self.stream.id, look="fast", run_id=FAST.id, type=type_, start_s=start,
                end_s=stop, confidence=0.8, caption=more.pop("caption", ""), roles=roles, **more,
            )
        )  # fmt: skip
        return id_

    def passing(self, start: float, end: float, label: Label = Label.OBJECT, **attributes: Any) -> str:
        """A thing that enters, crosses and exits."""
        track = self.track(start, end, label, **attributes)
        self.event(EventType.OBJECT_ENTERED, start, track=track)
        self.event(EventType.OBJECT_EXITED, end, track=track)
        return track

    def settle(self, store: EmbeddedStore) -> None:
        store.open_stream(self.stream)
        store.settle(
            Observation(
                id=make_id("observation", self.stream.id, 0), stream_id=self.stream.id, look="fast", run=FAST, sequence=0,
                start_s=0.0, end_s=self.length_s, watermark_s=self.length_s, tracks=tuple(self.tracks),
                assertions=tuple(self.assertions), coverage=tuple(self.coverage), final=True,
            )
        )  # fmt: skip


Make = Callable[..., EmbeddedStore]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a store of scenes."""
    stores: list[EmbeddedStore] = []

    def made(*scenes: Scene) -> EmbeddedStore:
        stores.append(EmbeddedStore(":memory:"))
        for scene in scenes:
            scene.settle(stores[-1])
        return stores[-1]

    yield made
    for store in stores:
        store.close()


@pytest.fixture
def traffic() -> Scene:
    """Four unnamed moving things in half a minute, two of them after second 10."""
    scene = Scene(length_s=30.0)
    for start, end in ((4.4, 8.6), (14.4, 18.5), (14.9, 18.9), (25.2, 27.9)):
        scene.passing(start, end)
    return scene


@pytest.fixture
def lobby() -> Scene:
    """People, a car, a bag left and later taken, a zone, a line, a blocked view; one minute from 12:04:08 in Paris."""
    corner = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    scene = Scene(
        zones=(Zone(id=make_id("zone", "cam1", "entrance"), name="entrance", polygon=corner),),
        lines=(Line(id=make_id("line", "cam1", "door"), name="door", a=(0.5, 0.0), b=(0.5, 1.0)),),
    )
    first = scene.passing(3.0, 9.0, Label.PERSON)
    second = scene.passing(12.0, 20.0, Label.PERSON)
    car = scene.passing(30.0, 36.0, Label.VEHICLE, kind="car")
    scene.passing(40.0, 41.0)
    bag = scene.track(6.0, 46.0, Label.BAG, still=True)
    scene.event(EventType.OBJECT_LEFT, 6.0, 46.0, bag)
    scene.event(EventType.OBJECT_ABANDONED, 36.0, 46.0, bag)
    scene.event(EventType.OBJECT_REMOVED, 46.0, track=bag)
    scene.event(EventType.ZONE_ENTERED, 4.0, track=first, zone="entrance")
    scene.event(EventType.ZONE_ENTERED, 7.0, track=first, zone="entrance")
    scene.event(EventType.ZONE_ENTERED, 13.0, track=second, zone="entrance")
    scene.event(EventType.LINE_CROSSED, 33.0, track=car, line="door")
    scene.event(EventType.VIEW_BLOCKED, 50.0, 53.0)
    scene.event(EventType.CAMERA_MOVED, 55.0)
    scene.coverage = [
        scene.covered(0.0, 50.0),
        scene.covered(50.0, 53.0, FastState.BLIND, "view blocked"),
        scene.covered(53.0, 60.0),
    ]
    return scene


@pytest.fixture
def quiet() -> Scene:
    """Nothing, all of it watched."""
    return Scene(length_s=20.0)


@pytest.fixture
def unwatched() -> Scene:
    """Nothing, none of it watched."""
    scene = Scene(length_s=20.0)
    scene.coverage = [scene.covered(0.0, 20.0, FastState.FAILED, "damaged")]
    return scene


@pytest.fixture
def second_camera() -> Scene:
    """Another stream, with one person."""
    scene = Scene("cam2", length_s=40.0)
    scene.passing(15.0, 18.0, Label.PERSON)
    return scene


@pytest.fixture
def scene() -> type[Scene]:
    """Makes scenes of its own."""
    return Scene
