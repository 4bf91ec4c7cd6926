"""What the flow's tests stand on: a small real clip, memory in a folder, and what memory holds, comparable."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.sources import SourceSpec, expand
from tests.redis_server import emptied
from tests.working import working
from vidette.models import EventType, Label, Segment
from vidette.queries import AssertionsOf, CoverageIn, Entities, Events, Filter, Segments, Tracks, WholeGraph
from vidette.settings import Settings
from vidette.vision import LookReply, SeenEntity, SeenEvent
from workers.celery import CeleryRunner
from workers.cluster import cluster_of
from workers.inline import InlineRunner
from workers.queue.routing import QUEUES
from workers.wiring import Pipeline, pipeline_of

SIZE, FPS, SECONDS = (240, 180), 10, 14
ALL = 100_000


def pictures(seconds: int, shift: int = 0) -> Iterator[np.ndarray]:
    """A quiet textured place; one thing crosses from 1 to 5 s, another comes at 8 s, waits and is gone at 12 s."""
    rng = np.random.default_rng(7)
    place = np.kron(rng.integers(90, 130, (18, 24), np.uint8), np.ones((10, 10), np.uint8))
    for number in range(seconds * FPS):
        at = number / FPS
        picture = np.clip(place + rng.normal(0, 1.5, place.shape), 0, 255).astype(np.uint8)
        if 1 <= at < 5:
            x = int((at - 1) / 4 * 270) - 30
            picture[110 + shift : 150 + shift, max(0, x) : max(0, x + 25)] = 220
        if 8 <= at < 12:
            x = int(min(at - 8, 1.2) * 80) if at < 10.5 else int(96 + (at - 10.5) * 110)
            picture[40:85, max(0, x) : x + 25] = 20
        yield np.repeat(picture[:, :, None], 3, axis=2)


def filmed(path: Path, seconds: int = SECONDS, shift: int = 0) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in pictures(seconds, shift):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def film():
    """Writes a clip of so many seconds."""
    return filmed


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    return filmed(tmp_path_factory.mktemp("clips") / "yard.mp4")


@pytest.fixture(scope="session")
def other_clip(tmp_path_factory) -> Path:
    return filmed(tmp_path_factory.mktemp("clips") / "gate.mp4", 6, shift=20)


@pytest.fixture(scope="session")
def media(tmp_path_factory) -> Path:
    """One folder of pictures for all, so that equal pictures have equal addresses."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture
def memory(tmp_path, media):
    """Opens pipelines on named databases; closes them all."""
    opened: list[Pipeline] = []

    def open_(name: str = "vidette", vision=None, **settings) -> Pipeline:
        base = pipeline_of(Settings(**{"db": str(tmp_path / f"{name}.db"), "media": str(media), **settings}))
        opened.append(replace(base, vision=vision))
        return opened[-1]

    yield open_
    for pipeline in opened:
        pipeline.close()


@pytest.fixture(scope="session")
def _watched(tmp_path_factory, media, clip, other_clip, spec_of, held):
    pipeline = pipeline_of(Settings(db=str(tmp_path_factory.mktemp("whole") / "v.db"), media=str(media)))
    specs = [spec_of(clip, "yard"), spec_of(other_clip, "gate")]
    left = [(InlineRunner(pipeline).watch([spec]), held(pipeline))[1] for spec in specs]
    pipeline.close()
    return left


@pytest.fixture(scope="session")
def whole(_watched):
    """What an undisturbed watch of the clip leaves."""
    return _watched[0]


@pytest.fixture(scope="session")
def both(_watched):
    """What an undisturbed watch of both clips leaves."""
    return _watched[1]


@pytest.fixture(scope="session")
def spec_of():
    """What is found of one file."""

    def found(path: Path, name: str = "yard") -> SourceSpec:
        (spec,) = expand([str(path)], name=name).specs
        return spec

    return found


@pytest.fixture(scope="session")
def held():
    """All that a pipeline's memory says, in an order of its own: equal for equal graphs."""

    def all_of(pipeline: Pipeline) -> dict[str, list]:
        read = pipeline.store.read
        events = read(Events(where=Filter(retracted=True), limit=ALL))
        graph = read(WholeGraph(limit=ALL))
        return {
            "events": events,
            "says": [sorted(said.id for said in read(AssertionsOf(event_id=event.id))) for event in events],
            "tracks": read(Tracks(limit=ALL)),
            "entities": sorted(read(Entities(limit=ALL)), key=lambda row: row.id),
            "segments": read(Segments(limit=ALL)),
            "coverage": read(CoverageIn()),
            "nodes": sorted(graph.nodes, key=lambda node: (node.label, node.id)),
            "edges": sorted(graph.edges, key=lambda edge: (edge.type, edge.source, edge.target, str(edge.properties))),
        }

    return all_of


@pytest.fixture(scope="session")
def reply_to():
    """A scripted reply that says something of everything: a fire over the whole segment, a bag, a known track."""

    def reply(segment: Segment) -> LookReply:
        spread = {"start_s": segment.start_s - 1, "end_s": segment.end_s + 1, "confidence": 0.6, "caption": "flames"}
        tracks = segment.track_ids[:1]
        return LookReply(
            caption=f"looked at {segment.start_s:.1f}",
            entities=(
                SeenEntity(label=Label.BAG, description="a bag", box=(0.1, 0.1, 0.2, 0.2)),
                *(SeenEntity(label=Label.PERSON, description="a person", track_id=track) for track in tracks),
            ),
            events=(
                SeenEvent(type=EventType.FIRE, **spread),
                SeenEvent(type=EventType.OBJECT_ENTERED, track_ids=tracks, **spread),
            ),
        )

    return reply


@pytest.fixture
def on_celery():
    """Makes a runner on a real Celery worker and a real Redis, one pipeline at a time."""
    with ExitStack() as workers:

        def runner(pipeline: Pipeline) -> CeleryRunner:
            workers.close()
            server = workers.enter_context(emptied())
            ready = replace(pipeline, settings=pipeline.settings.model_copy(update={"broker": server.url}))
            workers.enter_context(working(ready, *QUEUES))
            return CeleryRunner(cluster_of(ready.settings, pipeline=ready))

        yield runner
