"""A store with known contents, pictures in a dictionary, and a reader that holds pages to account."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from graph.embedded import EmbeddedStore
from ingest import jpeg
from ingest.media import MemoryMedia
from vidette.answers import Answer, Claim, Covered, Plan
from vidette.ids import make_id, stream_id
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    EventType,
    Evidence,
    FastState,
    Keyframe,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Segment,
    Track,
)
from vidette.streams import Line, Stream, Zone

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
RUN = Run(id=make_id("run"), model="fast", revision="1")
GATE = Zone(id="z", name="gate", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
DOOR = Line(id="l", name="door", a=(0.0, 0.5), b=(1.0, 0.5))
VOID = {"meta", "img", "br", "line", "link"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; every tag is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


class Scenes:
    """Builds what streams saw, a call a thing; `settle` writes it."""

    def __init__(self):
        self.store, self.media = EmbeddedStore(":memory:"), MemoryMedia()
        picture = np.full((90, 160, 3), 90, np.uint8)
        self.sha256, self.uri = self.media.put(jpeg.encode(picture), ".jpg")

    def stream(self, name="yard", length_s=60.0, start=AT, kind="file", **more):
        self.now = Stream(id=stream_id(name), name=name, kind=kind, uri="x", start=start, duration_s=length_s, **more)
        self.store.open_stream(self.now)
        self.tracks, self.entities, self.said, self.coverage = [], [], [], []
        return self

    def thing(self, start_s, end_s, label=Label.PERSON, path=((0.1, 0.5), (0.9, 0.5)), **attributes):
        """A track with its entity; path are feet; -> the track's id."""
        track = make_id("track", self.now.name, len(self.tracks))
        entity = make_id("entity", track)
        last = start_s + 1 if end_s is None else end_s
        points = tuple(
            PathPoint(
                pts_s=start_s + (last - start_s) * i / max(1, len(path) - 1),
                box=(max(0.0, x - 0.02), max(0.0, y - 0.1), min(1.0, x + 0.02), y),
            )
            for i, (x, y) in enumerate(path)
        )
        self.entities.append(Entity(id=entity, stream_id=self.now.id, label=label))
        self.tracks.append(
            Track(
                id=track, stream_id=self.now.id, label=label, start_s=start_s, end_s=end_s, confidence=0.8, path=points,
                attributes=attributes, entity_id=entity,
            )
        )  # fmt: skip
        return track

    def event(self, type_, start_s, end_s, caption="", track=None, picture=False, **more):
        id_ = make_id("event", self.now.name, len(self.said))
        shown = (Evidence(kind="snapshot", sha256=self.sha256, uri=self.uri, pts_s=start_s, box=(0.1, 0.1, 0.2, 0.2)),)
        roles = (Role(role="subject", track_id=track, entity_id=make_id("entity", track)),) if track else ()
        self.said.append(
            Assertion(
                id=id_, of=id_, stream_id=self.now.id, look="fast", run_id=RUN.id, type=type_, start_s=start_s, end_s=end_s,
                confidence=0.9, caption=caption or f"{type_} seen", roles=roles, evidence=shown if picture else (), **more,
            )
        )  # fmt: skip
        return id_

    def watched(self, start_s, end_s, state=FastState.WATCHED, reason=""):
        self.coverage.append(
            Coverage(
                stream_id=self.now.id, start_s=start_s, end_s=end_s, state=state, deep=DeepState.EXAMINED, reason=reason
            )
        )

    def settle(self):
        length = self.now.duration_s
        if not self.coverage:
            self.watched(0.0, length)
        frame = Keyframe(
            id=f"k-{self.now.name}", segment_id=f"s-{self.now.name}", pts_s=1, sha256=self.sha256, uri=self.uri
        )
        segment = Segment(
            id=f"s-{self.now.name}",
            stream_id=self.now.id,
            start_s=0,
            end_s=length,
            caption="Things moved.",
            keyframes=(frame,),
        )
        self.store.settle(
            Observation(
                id=make_id("obs", self.now.name), stream_id=self.now.id, look="fast", run=RUN, start_s=0, end_s=length, sequence=0,
                watermark_s=length, entities=tuple(self.entities), tracks=tuple(self.tracks), assertions=tuple(self.said),
                segments=(segment,), coverage=tuple(self.coverage), final=True,
            )
        )  # fmt: skip
        return self


def yard(caption="a bag was left", name="yard"):
    """A minute of one stream: three things, seven events, the last quarter not watched."""
    scenes = Scenes().stream(name, zones=(GATE,), lines=(DOOR,))
    walker = scenes.thing(2.0, 20.0, heading="left to right", speed=0.4)
    bag = scenes.thing(10.0, None, Label.BAG, path=((0.5, 0.6),))
    scenes.thing(30.0, 40.0, Label.VEHICLE, heading="right to left", speed=1.5)
    scenes.event(EventType.OBJECT_ENTERED, 2.0, 2.0, track=walker, picture=True)
    scenes.event(EventType.ZONE_ENTERED, 4.0, 4.0, track=walker, zone="gate")
    scenes.event(EventType.LINE_CROSSED, 5.0, 5.0, track=walker, line="door", attributes={"direction": "forward"})
    scenes.event(EventType.OBJECT_LEFT, 10.0, 44.0, caption, track=bag, picture=True)
    scenes.event(EventType.ZONE_EXITED, 16.0, 16.0, track=walker, zone="gate")
    scenes.event(EventType.OBJECT_EXITED, 20.0, 20.0, track=walker)
    scenes.watched(0.0, 45.0)
    scenes.watched(45.0, 60.0, FastState.FAILED, caption)
    return scenes.settle()


def answered(scenes, text="One bag was left at 0:10.", question="was a bag left?"):
    from vidette.queries import Events, Filter

    event = scenes.store.read(Events(where=Filter(types=(EventType.OBJECT_LEFT,))))[0]
    return Answer(
        question=question,
        plan=Plan(kind="exists", words=text),
        answer=text,
        claims=(Claim(text=text, citations=(event.id, "elsewhere")),),
        coverage=Covered(watched_s=45, total_s=60),
    )


@pytest.fixture
def page_of():
    return Page


@pytest.fixture
def scenes():
    return Scenes


@pytest.fixture
def yard_of():
    return yard


@pytest.fixture
def answered_of():
    return answered
