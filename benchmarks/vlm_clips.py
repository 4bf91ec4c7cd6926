"""What deep looks cost on annotated clips: calls, pictures and tokens, beside fixed chunks of every 10 s."""

import json
import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.tables import show
from benchmarks.slots import Counted, Server, serving
from ingest.sources import expand
from vidette.models import DeepState
from vidette.queries import CoverageIn
from vidette.settings import Settings
from workers.inline import watch_sources
from workers.wiring import pipeline_of

CHUNK_S, CHUNK_FRAMES = 10.0, 20
IMAGE_TOKENS = 416  # Qwen2.5-VL: one for 28 x 28 px, of 768 x 432 px as the longest side that is sent by default
LETTERS = 4.0  # characters of English and JSON a token, about
_HOUR_S = 3600.0
_CUTS = {"scene_cut"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one way of looking asks a model about a clip."""

    seconds: float
    calls: int
    images: int
    text: int

    @property
    def tokens(self) -> float:
        """Of prompts: pictures and text."""
        return self.images * IMAGE_TOKENS + self.text / LETTERS

    def an_hour(self, of: float) -> float:
        """Of so much, how much an hour."""
        return of / self.seconds * _HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip as Vidette looks at it, and as fixed chunks do.

    `events`: annotated ones (a cut to another camera is none; the fast look tells it), `seen`: those that an examined
    stretch overlaps. `idle_s`: time in which nothing is annotated, `idle_asked_s`: of that, what was examined.
    """

    name: str
    ours: Spent
    chunks: Spent
    events: int
    seen: int
    idle_s: float
    idle_asked_s: float

    @property
    def idle(self) -> float:
        """Share of its time in which nothing is annotated."""
        return self.idle_s / self.ours.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A clip and when something happens in it, in seconds."""

    video: Path
    seconds: float
    events: tuple[tuple[float, float], ...]

    @property
    def idle(self) -> float:
        """Share of its time in which nothing is annotated."""
        return 1 - _covered(list(self.events)) / self.seconds


def truths(videos: Path) -> list[Truth]:
    """Each annotated clip of the folder, the quietest first."""
    return sorted(map(_truth, sorted(videos.glob("*.events.json"))), key=lambda one: -one.idle)


def _truth(path: Path) -> Truth:
    said = json.loads(path.read_text())
    happened = [one for one in said["events"] if one["type"] not in _CUTS]
    events = tuple((float(one["start_s"]), float(one.get("end_s", one["start_s"]))) for one in happened)
    return Truth(video=path.parent / said["video"], seconds=float(said["duration_s"]), events=events)


def measured(clips: Iterable[Truth]) -> list[Clip]:
    """Each of them, in this order."""
    with serving(64, 0.0) as server:
        return [_clip(one, server) for one in clips]


def _clip(truth: Truth, server: Server) -> Clip:
    length_s, events = truth.seconds, list(truth.events)
    counted, examined = _watched(truth.video, server)
    a_call = counted.text / counted.questions if counted.questions else 0.0
    chunks = math.ceil(length_s / CHUNK_S)
    return Clip(
        name=truth.video.name,
        ours=Spent(seconds=length_s, calls=counted.questions, images=counted.images, text=counted.text),
        chunks=Spent(
            seconds=length_s, calls=chunks, images=round(length_s / CHUNK_S * CHUNK_FRAMES), text=round(chunks * a_call)
        ),
        events=len(events),
        seen=sum(any(low < max(end, start + 0.1) and start < high for low, high in examined) for start, end in events),
        idle_s=length_s - _covered(events),
        idle_asked_s=min(length_s, _covered([*events, *examined])) - _covered(events),
    )


def _watched(video: Path, server: Server) -> tuple[Counted, list[tuple[float, float]]]:
    with tempfile.TemporaryDirectory() as folder:
        vlm = {"backend": "openai", "url": server.url, "model": "none", "profile": "vllm"}
        pipeline = pipeline_of(Settings.model_validate({"db": f"{folder}/v.db", "vlm": vlm}))
        try:
            watch_sources(pipeline, expand([str(video)]).specs)
            rows = pipeline.store.read(CoverageIn())
        finally:
            pipeline.close()
    return server.counted(), [(row.start_s, row.end_s) for row in rows if row.deep is DeepState.EXAMINED]


def _covered(stretches: list[tuple[float, float]]) -> float:
    """Seconds within any of them."""
    length_s = last_s = 0.0
    for start_s, end_s in sorted(stretches):
        length_s += max(0.0, end_s - max(start_s, last_s))
        last_s = max(last_s, end_s)
    return length_s


def shown(title: str, clips: list[Clip], sums: Mapping[str, list[Clip]]) -> None:
    """A table of the clips, and of sums over some of them."""
    rows = [_row(clip) for clip in clips] + [_row(_whole(name, some)) for name, some in sums.items()]
    each = (">calls/h", ">fewer", ">pictures/h", ">fewer", ">tokens/h", ">fewer")
    columns = ("clip", ">idle", *each, ">events seen", ">idle looked at")
    show(title, columns, rows, "no clips")


def _whole(name: str, clips: list[Clip]) -> Clip:
    ours, chunks = _sum([clip.ours for clip in clips]), _sum([clip.chunks for clip in clips])
    seen, events = sum(clip.seen for clip in clips), sum(clip.events for clip in clips)
    idle_s, idle_asked_s = sum(clip.idle_s for clip in clips), sum(clip.idle_asked_s for clip in clips)
    return Clip(
        name=name,
        ours=ours,
        chunks=chunks,
        events=events,
        seen=seen,
        idle_s=idle_s,
        idle_asked_s=idle_asked_s,
    )


def _row(clip: Clip) -> tuple[str, ...]:
    ours, chunks = clip.ours, clip.chunks
    pairs = ((ours.calls, chunks.calls), (ours.images, chunks.images), (ours.tokens, chunks.tokens))
    cells = [
        text
        for of, beside in pairs
        for text in (f"{ours.an_hour(of):,.0f}", f"{beside / of:.1f} x" if of else "never asked")
    ]
    idle = f"{clip.idle_asked_s:.1f} of {clip.idle_s:.1f} s" if clip.idle_s >= 0.5 else ""
    return (clip.name, f"{clip.idle:.0%}", *cells, f"{clip.seen} of {clip.events}", idle)


def _sum(parts: list[Spent]) -> Spent:
    return Spent(
        seconds=sum(one.seconds for one in parts),
        calls=sum(one.calls for one in parts),
        images=sum(one.images for one in parts),
        text=sum(one.text for one in parts),
    )
