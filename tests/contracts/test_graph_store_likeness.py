"""What every GraphStore keeps of likeness: embeddings by run, the nearest of what matches, what has none, clocks, texts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cypher.reading import likeness
from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from vidette import codec, ids
from vidette.errors import StoreError
from vidette.likeness import Nearest, Unembedded
from vidette.models import (
    Assertion,
    ClockReading,
    Embedding,
    Entity,
    EventType,
    Keyframe,
    Label,
    Observation,
    Run,
    Segment,
)
from vidette.ports import GraphStore
from vidette.queries import ClockReadings, Events, Filter, Segments
from vidette.streams import Stream

Open = Callable[[Path], GraphStore]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
VLM, FAST = Run(id="vlm", model="vlm", revision="1", prompt_hash="p"), Run(id="fast", model="fast", revision="1")
SPACE, OTHER = Run(id="space", model="minilm", revision="1"), Run(id="other", model="clip", revision="1")
OCR = Run(id="ocr", model="rapidocr", revision="1")
BOX = (0.0, 0.0, 0.3, 0.1)


def stream_of(name: str) -> Stream:
    return Stream(id=ids.stream_id(name), name=name, kind="file", uri=f"{name}.mp4", start=START)


YARD, GATE = stream_of("yard"), stream_of("gate")


def frame(segment: str, pts_s: float, **more: Any) -> Keyframe:
    return Keyframe(id=f"{segment}@{pts_s}", segment_id=segment, pts_s=pts_s, sha256=f"sha{pts_s}", uri="u", **more)


def segment(id_: str, start: float, stream: Stream = YARD, **more: Any) -> Segment:
    frames = more.pop("keyframes", (frame(id_, start + 1), frame(id_, start + 2)))
    return Segment(id=id_, stream_id=stream.id, start_s=start, end_s=start + 10, keyframes=frames, **more)


def said(id_: str, caption: str, start: float = 0.0, **more: Any) -> Assertion:
    given_: dict[str, Any] = {
        "stream_id": YARD.id,
        "look": "deep",
        "run_id": VLM.id,
        "type": EventType.OTHER,
        "of": id_,
    }
    return Assertion(id=id_, start_s=start, end_s=start + 5, confidence=0.5, caption=caption, **{**given_, **more})


def deep(id_: str, run: Run = VLM, stream: Stream = YARD, **more: Any) -> Observation:
    return Observation(id=id_, stream_id=stream.id, look="deep", run=run, start_s=0.0, end_s=10.0, **more)


def fast(sequence: int, stream: Stream = YARD, **more: Any) -> Observation:
    given_: dict[str, Any] = {"stream_id": stream.id, "look": "fast", "run": FAST, "sequence": sequence}
    return Observation(id=f"{stream.name} {sequence}", start_s=0.0, end_s=10.0, watermark_s=10.0, **{**given_, **more})


def vector(*numbers: float) -> bytes:
    row = np.array(numbers, np.float32)
    return (row / np.linalg.norm(row)).astype("<f2").tobytes()


def wanted(*numbers: float) -> bytes:
    row = np.array(numbers, np.float32)
    return (row / np.linalg.norm(row)).astype("<f4").tobytes()


def put(of: Any, id_: str, *numbers: float, text: str = "") -> Embedding:
    return Embedding(of=of, id=id_, vector=vector(*numbers), text=text)


INDEXED = "neo4j, by its index"


@pytest.fixture(params=[*STORES, INDEXED])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphStore]:
    if request.param == INDEXED:
        monkeypatch.setattr(likeness, "EXACT", 0)
    opened = STORES[request.param.partition(",")[0]](tmp_path)
    opened.open_stream(YARD)
    opened.open_stream(GATE)
    yield opened
    opened.close()


def nearest(store: GraphStore, of: Any, *numbers: float, run: Run = SPACE, **more: Any) -> list[str]:
    return [one.id for one in store.read(Nearest(of=of, run_id=run.id, vector=wanted(*numbers), **more))]


def test_pictures_by_likeness_and_by_what_was_asked(store):
    store.settle(fast(0, segments=(segment("a", 0), segment("b", 10))))
    store.settle(fast(0, GATE, segments=(segment("c", 0, GATE),)))
    vectors = {"a@1": (1, 0), "a@2": (0.9, 0.1), "b@11": (0.5, 0.5), "b@12": (0, 1)}
    store.settle(deep("e", SPACE, embeddings=tuple(put("keyframe", id_, *v) for id_, v in vectors.items())))
    store.settle(deep("g", SPACE, GATE, embeddings=(put("keyframe", "c@1", 1, 0.01),)))
    assert nearest(store, "keyframe", 1, 0) == ["a@1", "c@1", "a@2", "b@11", "b@12"]
    assert nearest(store, "keyframe", 0, 1, limit=2) == ["b@12", "b@11"]
    assert nearest(store, "keyframe", 1, 0, where=Filter(streams=("gate",))) == ["c@1"]
    assert nearest(store, "keyframe", 1, 0, where=Filter(from_s=1.5, to_s=11.5)) == ["a@2", "b@11"]
    until = START + timedelta(seconds=2)
    assert nearest(store, "keyframe", 1, 0, where=Filter(since=START, until=until)) == ["a@1", "c@1"]
    first = store.read(Nearest(of="keyframe", run_id=SPACE.id, vector=wanted(1, 0), limit=1))[0]
    assert (first.segment_id, round(first.likeness, 3)) == ("a", 1.0)


def test_runs_have_nothing_in_common(store):
    store.settle(fast(0, segments=(segment("a", 0),)))
    store.settle(deep("e", SPACE, embeddings=(put("keyframe", "a@1", 1, 0),)))
    store.settle(deep("f", OTHER, embeddings=(put("keyframe", "a@2", 1, 0, 0),)))
    assert nearest(store, "keyframe", 1, 0) == ["a@1"]
    assert nearest(store, "keyframe", 1, 0, 0, run=OTHER) == ["a@2"]
    assert nearest(store, "keyframe", 1, 0, run=VLM) == []
    with pytest.raises(StoreError, match="dimensions"):
        nearest(store, "keyframe", 1, 0, 0)


def test_an_event_is_as_near_as_the_nearest_thing_said_of_it(store):
    store.settle(fast(0, assertions=(said("bag", "left", 0, look="fast", run_id=FAST.id, type=EventType.OBJECT_LEFT),)))
    words = (
        said("x", "a suitcase", 1, of=None, type=EventType.OBJECT_LEFT),
        said("y", "somebody runs", 3),
        said("z", "a red case", 2, of=None, type=EventType.OBJECT_LEFT),
    )
    store.settle(deep("d", assertions=words))
    made = (put("assertion", "x", 1, 0), put("assertion", "y", 0.6, 0.8), put("assertion", "z", 0, 1))
    store.settle(deep("e", SPACE, embeddings=made))
    assert nearest(store, "event", 0, 1) == ["bag", "y"]
    assert nearest(store, "event", 0, 1, where=Filter(types=(EventType.OTHER,))) == ["y"]
    assert nearest(store, "event", 1, 0, limit=1) == ["bag"]
    assert [row.id for row in store.read(Events(where=Filter(ids=("bag", "y"))))] == ["bag", "y"]


def test_embeddings_may_come_before_what_they_are_of(store):
    store.settle(deep("e", SPACE, embeddings=(put("keyframe", "a@1", 1, 0), put("entity", "n", 1, 0, text="a cat"))))
    assert nearest(store, "keyframe", 1, 0) == []
    store.settle(fast(0, segments=(segment("a", 0),)))
    cat = Entity(id="n", stream_id=YARD.id, label=Label.ANIMAL, description="a cat")
    store.settle(deep("d", entities=(cat,)))
    assert nearest(store, "keyframe", 1, 0) == ["a@1"]
    assert nearest(store, "entity", 1, 0, where=Filter(labels=(Label.ANIMAL,))) == ["n"]
    assert nearest(store, "entity", 1, 0, where=Filter(labels=(Label.PERSON,))) == []


def test_what_has_no_embedding_is_told_in_pages(store):
    cat = Entity(id="n", stream_id=YARD.id, label=Label.ANIMAL, description="a cat")
    store.settle(fast(0, segments=(segment("a", 0, caption="composed"),)))
    store.settle(fast(0, GATE, segments=(segment("c", 0, GATE),)))
    store.settle(deep("d", assertions=(said("x", "one"), said("y", ""), said("z", "two", 1)), entities=(cat,)))

    def left(of: Any, **more: Any) -> list[tuple[str, str, str]]:
        return [(one.id, one.text, one.sha256) for one in store.read(Unembedded(of=of, run_id=SPACE.id, **more))]

    assert left("assertion") == [("x", "one", ""), ("z", "two", "")]
    assert left("assertion", limit=1) == [("x", "one", "")]
    assert left("assertion", after="x") == [("z", "two", "")]
    assert left("keyframe", streams=(GATE.id,)) == [("c@1", "", "sha1"), ("c@2", "", "sha2")]
    assert len(left("keyframe")) == 4
    assert left("segment") == []  # composed of tracks: found by its words
    store.settle(deep("s", segments=(segment("a", 0, caption="a yard"),)))
    made = (
        put("assertion", "x", 1, 0, text="one"),
        put("keyframe", "c@1", 1, 0),
        put("entity", "n", 1, 0, text="a cat"),
    )
    store.settle(deep("e", SPACE, embeddings=(*made, put("segment", "a", 1, 0, text="something else"))))
    assert left("assertion") == [("z", "two", "")]
    assert [id_ for id_, _, _ in left("keyframe")] == ["a@1", "a@2", "c@2"]
    assert left("entity") == []
    assert left("segment") == [("a", "a yard", "")]  # it is told otherwise now
    assert left("assertion", after="z") == []


def test_every_run_s_reading_of_a_picture_stays(store):
    """Whatever the order, and whoever says nothing of it later."""
    store.settle(fast(0, segments=(segment("a", 0),)))
    read = segment("a", 0, keyframes=(frame("a", 1, text="GATE 3"), frame("a", 2)))
    store.settle(deep("ocr", OCR, segments=(read,)))
    store.settle(deep("vlm", segments=(segment("a", 0, caption="a gate"),)))
    store.settle(deep("late", SPACE, segments=(segment("a", 0, keyframes=(frame("a", 1, text="GATE THREE"),)),)))
    store.settle(fast(1, segments=(segment("a", 0),)))
    (row,) = store.read(Segments(where=Filter(text="gate 3")))
    assert [one.text for one in row.keyframes] == ["GATE 3 / GATE THREE", ""]
    assert row.caption == "a gate"
    assert store.read(Segments(where=Filter(text="three")))
    store.open_stream(YARD, again=True)
    store.settle(fast(0, segments=(segment("a", 0),)))
    assert store.read(Segments(where=Filter(text="three")))[0].keyframes[0].text == "GATE 3 / GATE THREE"


def test_readings_of_clocks(store):
    readings = tuple(ClockReading(pts_s=float(at), text=f"12:00:0{at}", box=BOX) for at in (2, 1))
    store.settle(deep("c", OCR, clock=readings))
    store.settle(deep("again", OCR, clock=readings))
    assert store.read(ClockReadings(stream_id=YARD.id)) == list(reversed(readings))
    assert store.read(ClockReadings(stream_id=GATE.id)) == []
    for at in range(30):
        more = tuple(ClockReading(pts_s=at * 100.0 + n, text="12:00:00", box=BOX) for n in range(10))
        store.settle(deep(f"more {at}", OCR, clock=more))
    assert len(store.read(ClockReadings(stream_id=YARD.id))) <= 200


def test_what_is_no_vector_is_refused(store):
    for wrong in (b"", b"abc"):
        with pytest.raises(StoreError, match="float16"):
            store.settle(deep("e", SPACE, embeddings=(Embedding(of="keyframe", id="k", vector=wrong),)))
    with pytest.raises(StoreError, match="float32"):
        store.read(Nearest(of="keyframe", run_id="x", vector=b""))


def test_embeddings_travel_as_json():
    said_ = deep(
        "e", SPACE, embeddings=(put("keyframe", "a", 0.2, 0.9),), clock=(ClockReading(pts_s=1, text="1:00", box=BOX),)
    )
    assert codec.decode(Observation, codec.encode(said_)) == said_


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 3), st.integers(-3, 3)), max_size=30), st.integers(1, 12))
@settings(max_examples=30)
def test_the_nearest_are_those_of_an_exhaustive_search(rows, limit):
    """In whatever order and lots they were told, the newest word on each counts."""
    store = EmbeddedStore(":memory:")
    store.open_stream(YARD)
    frames = tuple(frame("a", at) for at in range(10))
    store.settle(fast(0, segments=(segment("a", 0, keyframes=frames),)))
    held = {}
    for number, (at, x, y) in enumerate(rows):
        row = (x + 0.5, y + 0.25)
        held[f"a@{at}"] = np.frombuffer(vector(*row), "<f2").astype(np.float32)
        store.settle(deep(f"e{number}", SPACE, embeddings=(put("keyframe", f"a@{at}", *row),)))
    asked = np.frombuffer(wanted(1, 2), "<f4")
    found = store.read(Nearest(of="keyframe", run_id=SPACE.id, vector=wanted(1, 2), limit=limit))
    best = sorted((float(row @ asked) for row in held.values()), reverse=True)[:limit]
    assert np.allclose([one.likeness for one in found], best, atol=1e-6)
    assert all(np.isclose(one.likeness, held[one.id] @ asked, atol=1e-6) for one in found)
    assert len({one.id for one in found}) == len(found)
    store.close()
