"""Whatever a caption, a name or a file says, every GraphStore keeps it as data, or refuses it in one line and stays whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from vidette import codec, ids
from vidette.alerting import Alerts
from vidette.alerts import Feedback, Judgement, Silence
from vidette.errors import StoreError
from vidette.looks import SaidOf, Verdicts
from vidette.models import (
    Assertion,
    ClockReading,
    Coverage,
    DeepState,
    Embedding,
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
    Usage,
    Verdict,
)
from vidette.ports import GraphStore
from vidette.queries import (
    AssertionsOf,
    ClockReadings,
    Count,
    CoverageIn,
    Entities,
    Events,
    Filter,
    Query,
    Runs,
    Segments,
    StreamOf,
    Streams,
    Texts,
    Tracks,
    WholeGraph,
)
from vidette.streams import Line, Stream, Zone

from tests.random_memory import LATER, START  # isort: skip
from tests.telling import alert  # isort: skip

TEXTS = {
    "cypher": "x'}) DETACH DELETE n // \" OR 1=1 \\ ` $id {.*} */ UNION MATCH (m) RETURN m",
    "backticks": "`n`: `Event` }) CALL apoc.help('`') YIELD `name`",
    "parameters": "$rows $ids_0 ${PATH} {{json}} %s {0}",
    "lucene": '+person AND (dog OR *) ~2 [a TO b] \\ words:"x" /.*/ ^9 && || !',
    "sql": "'; DROP TABLE events; -- \" NEAR(a b)",
    "nul": "before\0after",
    "right to left": "\u202egnp.exe\u202c \u2066שלום\u2069 \u200f",
    "lines": "one\ntwo\r\n\u2028three\x85\x0b\x1b[31mred",
    "astral": "🦊 𝕏 e\u0301 \ufeff \uffff",
    "long": "word " * 20_000,
    "long word": "w" * 100_000,
    "empty": "",
    "surrogate": "half \ud83d of a fox",
}
SPACE = Run(id="space", model="m", revision="1")


def named(text: str) -> str:
    """What of a text an id or a name may be: settings bound the length of names, and no id holds a NUL."""
    return text[:300].replace("\0", " ")


def scene(text: str) -> tuple[Stream, list[Observation]]:
    """A text wherever a text can stand."""
    name = f"camera {named(text)}"
    id_ = ids.make_id("stream", name) if text != TEXTS["surrogate"] else "surrogate"
    zone = Zone(id=f"zone {id_}", name=named(text), polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    line = Line(id=f"line {id_}", name=named(text), a=(0.0, 0.0), b=(1.0, 1.0))
    stream = Stream(
        id=id_, name=name, kind="file", uri=text, start=START, start_from=text, zones=(zone,), lines=(line,)
    )
    said: dict[str, Any] = {
        "stream_id": id_,
        "confidence": 0.5,
        "caption": text,
        "zone": named(text),
        "line": named(text),
    }
    run = Run(id=f"run {id_}", model=text, revision=text, prompt_hash=text, params={text: text})
    deep = replace(run, id=f"deep {id_}")
    picture = Evidence(kind="snapshot", sha256=text[:64], uri=text, pts_s=1.0)
    thing = Entity(
        id=f"thing {named(text)}",
        stream_id=id_,
        label=Label.PERSON,
        name=text,
        description=text,
        attributes={"kind": named(text), text: text},
    )
    frame = Keyframe(id=f"frame {id_}", segment_id=f"segment {id_}", pts_s=1.0, sha256=text[:64], uri=text, text=text)
    segment = Segment(
        id=f"segment {id_}",
        stream_id=id_,
        start_s=0.0,
        end_s=10.0,
        caption=text,
        keyframes=(frame,),
        track_ids=(f"track {id_}",),
    )
    track = Track(
        id=f"track {id_}", stream_id=id_, label=Label.PERSON, start_s=0.0, end_s=5.0, confidence=0.5, entity_id=thing.id,
        path=(PathPoint(pts_s=0.0, box=(0.0, 0.0, 1.0, 1.0)),), attributes={"kind": named(text), "heading": text},
    )  # fmt: skip
    roles = (Role(role=text, track_id=track.id, entity_id=thing.id), Role(role="subject", entity_id=named(text)))
    own = Assertion(
        id=f"event {named(text)}", look="fast", run_id=run.id, type=EventType.OTHER, start_s=1.0, end_s=2.0,
        of=f"event {named(text)}", roles=roles, evidence=(picture,), attributes={"direction": text, text: text}, **said,
    )  # fmt: skip
    closer = Assertion(
        id=f"closer {id_}", look="deep", run_id=deep.id, type=EventType.OTHER, start_s=1.0, end_s=2.0, **said
    )
    covered = Coverage(
        stream_id=id_, start_s=0.0, end_s=10.0, state=FastState.WATCHED, deep=DeepState.EXAMINED, reason=text
    )
    fast = Observation(
        id=f"fast {named(text)}", stream_id=id_, look="fast", run=run, sequence=0, start_s=0.0, end_s=10.0, watermark_s=10.0,
        tracks=(track,), assertions=(own,), segments=(segment,), coverage=(covered,), carry=b"\0\xff",
        clock=(ClockReading(pts_s=1.0, text=text, box=(0.0, 0.0, 1.0, 1.0)),),
    )  # fmt: skip
    look = Observation(
        id=f"look {named(text)}", stream_id=id_, look="deep", run=deep, start_s=0.0, end_s=10.0, segment_id=segment.id,
        assertions=(closer,), entities=(thing,), segments=(replace(segment, track_ids=()),), coverage=(covered,), usage=Usage(calls=1),
        verdicts=(Verdict(question=text, answer="yes", confidence=0.5),),
    )  # fmt: skip
    vector = Embedding(of="segment", id=segment.id, vector=b"\0<" * 4, text=text)
    return stream, [
        fast,
        look,
        Observation(
            id=f"space {id_}", stream_id=id_, look="deep", run=SPACE, start_s=0.0, end_s=1.0, embeddings=(vector,)
        ),
    ]


def asked(text: str) -> list[Query[Any]]:
    """Questions with the text in every filter."""
    filters = [
        Filter(),
        *(Filter(**{name: (named(text),)}) for name in ("streams", "kinds", "zones", "lines", "tracks", "ids")),
    ]
    filters += [
        Filter(text=text[:5000]),
        Filter(text=text[:5000], any_word=True),
        Filter(streams=(f"camera {named(text)}",)),
    ]
    kinds = (Events, Tracks, Entities, Segments)
    return [
        *(kind(where=where) for kind in kinds for where in filters),
        *(Count(of=of, where=where) for of in ("events", "tracks", "entities", "segments") for where in filters),
        Streams(), Streams(names=(text,)), StreamOf(name=f"camera {named(text)}"), Runs(), CoverageIn(), Texts(), Verdicts(),
        Verdicts(question=text), AssertionsOf(event_id=f"event {named(text)}"), SaidOf(entity_id=f"thing {named(text)}"),
        ClockReadings(stream_id=ids.make_id("stream", f"camera {named(text)}")), Alerts(),
    ]  # fmt: skip


def told(store: GraphStore, text: str) -> str:
    """Settle the scene and an alert; -> what was refused of it."""
    try:
        stream, observations = scene(text)
        store.open_stream(stream)
        for observation in observations:
            assert store.settle(observation)
        one = alert(
            text=text,
            rule=named(text),
            subject=named(text),
            streams=(stream.name,),
            zones=(named(text),),
            incident=named(text),
            events=(f"event {named(text)}",),
        )
        note = Feedback(alert=one.id, says="confirmed", by=text, at=LATER, comment=text)
        silence = Silence(
            id=named(text), start=START, end=START + timedelta(hours=1), author=text, comment=text, rules=(text,)
        )
        store.amend(lambda _: Judgement(alerts=(one,), feedback=(note,), silences=(silence,)))
    except StoreError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 2000
        return "refused" if "half" in text else str(error)
    return ""


def graph_of(store: GraphStore) -> tuple[list[Any], list[Any]]:
    found = store.read(WholeGraph(limit=10_000))
    nodes = sorted((one.label, one.id, sorted(one.properties.items())) for one in found.nodes)
    return nodes, sorted((one.type, one.source, one.target, sorted(one.properties.items())) for one in found.edges)


@pytest.fixture(params=[name for name in STORES if name != "embedded on disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", list(TEXTS))
def test_a_text_is_data_wherever_it_stands(store: GraphStore, name: str) -> None:
    text, plain = TEXTS[name], EmbeddedStore(":memory:")
    assert told(store, "quiet") == told(plain, "quiet") == ""
    assert told(store, text) == told(plain, text)
    if name != "surrogate":
        for query in asked(text):
            assert store.read(query) == plain.read(query), query
    assert graph_of(store) == graph_of(plain)
    assert codec.line(store.read(Events())) == codec.line(plain.read(Events()))
    plain.close()


def test_half_a_letter_is_refused_in_one_line_by_questions_too(store: GraphStore) -> None:
    assert told(store, "quiet") == ""
    for where in (
        Filter(text="\ud83d"),
        Filter(zones=("\ud83d",)),
        Filter(ids=("\ud83d",)),
        Filter(streams=("\ud83d",)),
    ):
        try:
            assert store.read(Events(where=where)) == []
        except StoreError as error:
            assert "\n" not in str(error)
    assert len(store.read(Events())) == 1
