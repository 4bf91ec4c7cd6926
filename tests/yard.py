"""A yard for the suites of graph stores: a stream, what two looks at it say, and the words to say more."""

from datetime import UTC, datetime
from typing import Any

from vidette import ids
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
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
    State,
    Track,
)
from vidette.ports import GraphStore
from vidette.queries import Events, Filter
from vidette.streams import Line, Stream, Zone

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAST = Run(id="run-fast", model="fast", revision="1", params={"fps": 5})
DEEP = Run(id="run-deep", model="vlm", revision="7", prompt_hash="ab")
BOX = (0.1, 0.2, 0.3, 0.4)
LOITER, FIRE, LEFT = EventType.LOITERING, EventType.FIRE, EventType.OBJECT_LEFT


def stream_of(name: str = "yard", **changes: Any) -> Stream:
    gate = Zone(id=ids.make_id("zone", name), name="gate", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    door = Line(id=ids.make_id("line", name), name="door", a=(0.0, 0.5), b=(1.0, 0.5))
    given_: dict[str, Any] = {"kind": "file", "uri": f"{name}.mp4", "start": START, "zones": (gate,), "lines": (door,)}
    return Stream(id=ids.stream_id(name), name=name, **{**given_, **changes})


YARD = stream_of()


def said(id_: str, type_: EventType, start: float, end: float | None, **more: Any) -> Assertion:
    look = more.pop("look", "fast")
    given_: dict[str, Any] = {"of": id_ if look == "fast" else None, "confidence": 0.5, "caption": f"{type_} seen"}
    run = FAST if look == "fast" else DEEP
    stream = more.pop("stream_id", YARD.id)
    return Assertion(
        id=id_, stream_id=stream, look=look, run_id=run.id, type=type_, start_s=start, end_s=end, **{**given_, **more}
    )


def deep_said(id_: str, type_: EventType, start: float, end: float, **more: Any) -> Assertion:
    return said(id_, type_, start, end, look="deep", **more)


def track(id_: str, start: float, end: float | None, stream: Stream = YARD, **more: Any) -> Track:
    given_: dict[str, Any] = {"label": Label.OBJECT, "confidence": 0.6, "path": (PathPoint(pts_s=start, box=BOX),)}
    return Track(id=id_, stream_id=stream.id, start_s=start, end_s=end, **{**given_, **more})


def covered(start: float, end: float, state: FastState, deep: DeepState, reason: str = "") -> Coverage:
    return Coverage(stream_id=YARD.id, start_s=start, end_s=end, state=state, deep=deep, reason=reason)


def fast(sequence: int, **more: Any) -> Observation:
    start = sequence * 10.0
    given_: dict[str, Any] = {"stream_id": YARD.id, "start_s": start, "end_s": start + 10, "watermark_s": start + 10}
    return Observation(id=f"fast-{sequence}", look="fast", run=FAST, sequence=sequence, **{**given_, **more})


def deep(id_: str, *assertions: Assertion, **more: Any) -> Observation:
    given_: dict[str, Any] = {"stream_id": YARD.id, "run": DEEP, "start_s": 0.0, "end_s": 10.0}
    return Observation(id=id_, look="deep", assertions=assertions, **{**given_, **more})


def part(track_id: str, role: str = "subject") -> tuple[Role, ...]:
    return (Role(role=role, track_id=track_id),)


def event_ids(store: GraphStore, **where: Any) -> list[str]:
    return [event.id for event in store.read(Events(where=Filter(**where)))]


SHOT = Evidence(kind="snapshot", sha256="aa", uri="media/aa.jpg", pts_s=2.5, box=BOX)
FRAME = Keyframe(id="frame", segment_id="segment", pts_s=2.5, sha256="aa", uri="media/aa.jpg", text="EXIT 12")
FIRST = fast(
    0,
    tracks=(
        track("van", 2.0, None, label=Label.VEHICLE, attributes={"kind": "van", "colour": "red"}),
        track("dog", 4.0, 9.0, label=Label.ANIMAL, attributes={"kind": "dog"}),
    ),
    assertions=(
        said("stay", LOITER, 2.0, None, state=State.OPEN, zone="gate", roles=part("van"), evidence=(SHOT,)),
        said("cross", EventType.LINE_CROSSED, 5.0, 5.0, line="door", roles=part("dog"), caption="a dog crosses"),
    ),
    segments=(
        Segment(
            id="segment",
            stream_id=YARD.id,
            start_s=0,
            end_s=10,
            caption="One vehicle waits.",
            keyframes=(FRAME,),
            track_ids=("van", "dog"),
        ),
    ),
    coverage=(covered(0, 10, FastState.WATCHED, DeepState.PENDING),),
    carry=b"\x00carry\xff",
)
SECOND = fast(
    1,
    tracks=(
        track(
            "van",
            2.0,
            14.0,
            label=Label.VEHICLE,
            path=(PathPoint(pts_s=12.0, box=BOX),),
            attributes={"kind": "van", "colour": "red"},
        ),
    ),
    assertions=(
        said(
            "stay2", LOITER, 2.0, 14.0, of="stay", confidence=0.9, roles=part("van"), caption="A vehicle waited 12 s."
        ),
    ),
    coverage=(covered(10, 20, FastState.WATCHED, DeepState.GATED, "quiet"),),
    final=True,
)
