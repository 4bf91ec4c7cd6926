"""How busy Vidette keeps a server of a fixed service time: queued segments of several streams, and files watched."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from app.tables import show
from benchmarks.slots import Counted, serving
from ingest.jpeg import encode
from ingest.open import open_source
from vidette import ids
from vidette.models import Coverage, DeepState, FastState, Keyframe, Observation, Run, Segment
from vidette.ports import MediaStore
from vidette.settings import Settings
from vidette.streams import Stream
from workers.deep.looks import Looks, looked
from workers.deep.owed import missing_looks
from workers.flow import step
from workers.jobs import Job
from workers.wiring import Pipeline, pipeline_of

SLOTS, STREAMS = 16, 8
_PICTURES, _WIDTH, _SEGMENT_S = 4, 1280, 20.0
_PATIENCE_S = 900.0
_RUN = Run(id="filled", model="filled", revision="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How it went: what the server counted, and CPU of this process over all questions."""

    counted: Counted
    cpu_s: float

    def row(self, name: str, service_s: float) -> tuple[str, ...]:
        """For the table."""
        many = self.counted.questions
        return (
            name,
            f"{service_s * 1000:.0f} ms",
            f"{many}",
            f"{self.counted.busy(SLOTS):.1%}",
            f"{self.counted.a_second():.1f} of {SLOTS / service_s:.0f}",
            f"{self.cpu_s / many * 1000:.1f} ms",
        )


def measured(clip: Path, services_s: Sequence[float], each: int) -> None:
    """Queue `each` segments of every stream, for cameras and for files; print a table."""
    pictures = pictures_of(clip)
    rows = []
    for service_s in services_s:
        for name, way in (("cameras", beside), ("files", after)):
            with serving(SLOTS, service_s) as server, queued(server.url, pictures, each, _PICTURES) as (pipeline, jobs):
                began = _cpu_s()
                way(pipeline, jobs)
                rows.append(Kept(counted=server.counted(), cpu_s=_cpu_s() - began).row(name, service_s))
    columns = ("segments of", ">served in", ">questions", ">slots busy", ">answered a second", ">our CPU each")
    show(f"{STREAMS} streams over {SLOTS} slots, `concurrency: {SLOTS}`", columns, rows, "nothing asked")


def beside(pipeline: Pipeline, jobs: Sequence[Job]) -> None:
    """As for cameras: threads that look and settle."""
    looks = Looks(lambda: pipeline)
    looks.put(jobs, owed=True)
    until = time.monotonic() + _PATIENCE_S
    while left(pipeline) and time.monotonic() < until:
        time.sleep(0.2)
    looks.close()


def after(pipeline: Pipeline, jobs: Sequence[Job]) -> None:
    """As for files: threads that look, while one settles."""
    for found in looked(pipeline, jobs, Event()):
        if isinstance(found, Exception):
            raise found
        for follow in found:
            list(step(pipeline, follow))


def left(pipeline: Pipeline) -> bool:
    """Whether a look is still owed."""
    return any(next(iter(missing_looks(pipeline, _stream(number))), None) for number in range(STREAMS))


@contextmanager
def queued(url: str, pictures: list[bytes], each: int, frames: int) -> Iterator[tuple[Pipeline, list[Job]]]:
    """A memory of watched streams with segments of `frames` real pictures, and the looks that are owed, each in turn."""
    vlm = {
        "backend": "openai",
        "url": url or "http://127.0.0.1:9/v1",
        "model": "none",
        "profile": "vllm",
        "concurrency": SLOTS,
        "together_s": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        pipeline = pipeline_of(Settings.model_validate({"db": f"{folder}/v.db", "vlm": vlm}))
        try:
            streams = [_stream(number) for number in range(STREAMS)]
            for stream in streams:
                pipeline.store.open_stream(stream)
                pipeline.store.settle(_watched(stream, pictures, (each, frames), pipeline.media))
            queues = [list(missing_looks(pipeline, stream)) for stream in streams]
            yield pipeline, [job for jobs in zip(*queues, strict=True) for job in jobs]
        finally:
            pipeline.close()


def _stream(number: int) -> Stream:
    name = f"camera-{number}"
    return Stream(id=ids.stream_id(name), name=name, kind="file", uri="", start=datetime(2026, 1, 1, tzinfo=UTC))


def _watched(stream: Stream, pictures: list[bytes], many: tuple[int, int], media: MediaStore) -> Observation:
    each, frames = many
    shown = [pictures[i % len(pictures)] for i in range(each * frames)]
    segments = tuple(
        _segment(stream.id, number, shown[number * frames : (number + 1) * frames], media) for number in range(each)
    )
    rows = [
        Coverage(
            stream_id=stream.id,
            start_s=0.0,
            end_s=each * _SEGMENT_S,
            state=FastState.WATCHED,
            deep=DeepState.PENDING,
        )
    ]
    return Observation(
        id=ids.make_id("filled", stream.id),
        stream_id=stream.id,
        look="fast",
        run=_RUN,
        start_s=0.0,
        end_s=each * _SEGMENT_S,
        sequence=0,
        watermark_s=each * _SEGMENT_S,
        segments=segments,
        coverage=tuple(rows),
        final=True,
    )


def _segment(stream_id: str, number: int, pictures: list[bytes], media: MediaStore) -> Segment:
    start_s = number * _SEGMENT_S
    id_ = ids.segment_id(stream_id, start_s)
    frames = []
    for place, picture in enumerate(pictures):
        sha256, uri = media.put(picture, ".jpg")
        pts_s = start_s + place * _SEGMENT_S / len(pictures)
        key = ids.make_id("keyframe", id_, place)
        frames.append(Keyframe(id=key, segment_id=id_, pts_s=pts_s, sha256=sha256, uri=uri))
    return Segment(id=id_, stream_id=stream_id, start_s=start_s, end_s=start_s + _SEGMENT_S, keyframes=tuple(frames))


def pictures_of(clip: Path) -> list[bytes]:
    """Pictures of a clip as keyframes are kept, two a second."""
    source = open_source((clip,), sample="2", reader="pyav")
    try:
        return [encode(frame.rgb(min(_WIDTH, frame.size[0]))) for frame in source.frames()]
    finally:
        source.close()


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system
