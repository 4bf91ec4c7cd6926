"""A memory with something of everything in it."""

import importlib.util
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from graph.embedded import EmbeddedStore
from graph.neo4j import Neo4jStore
from tests.telling import AT, alert, delivery
from vidette.alerts import Attempt, DeliveryStatus, Feedback, Held, Judgement, Silence, Storm, Timer
from vidette.feeds import FeedState
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
    State,
    Track,
    Usage,
    Verdict,
)
from vidette.streams import Line, Stream, Zone

_spec = importlib.util.spec_from_file_location("rules_fixtures", Path(__file__).parent / "rules" / "conftest.py")
assert _spec is not None
_rules: Any = importlib.util.module_from_spec(_spec)
assert _spec.loader is not None
_spec.loader.exec_module(_rules)

Store = EmbeddedStore | Neo4jStore
HOSTILE = "x'}) DETACH DELETE n // \" OR 1=1; DROP TABLE events \\ ` $id {.*} \u2028 \x01 ☃"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
BOX = (0.1, 0.25, 1 / 3, 0.5)
FAST = Run(id="fast", model="vidette", revision="1", params={"sample": 0.1, "deep": {"z": 1, "a": [1, 2.5]}})
DEEP = Run(id="vlm", model="vlm", revision="ab", prompt_hash="cd")
SPACE = Run(id="clip", model="clip", revision="2")
YARD = Stream(
    id="yard-id",
    name="yard",
    kind="file",
    uri="file:yard.mp4",
    start=START,
    duration_s=120.5,
    width=640,
    height=480,
    zones=(
        Zone(id="z1", name="gate", polygon=((0.0, 0.0), (1 / 3, 0.0), (0.5, 1.0))),
        Zone(id="z2", name=HOSTILE, polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
    ),
    lines=(Line(id="l1", name="door", a=(0.0, 0.1), b=(1.0, 0.9)),),
)


def fill(store: Store) -> None:
    """Something of everything, as watches, looks, people and time leave it."""
    _ruled(store)
    _watched(store)
    _judged(store)
    _told(store)


def watch_under(store: Store, *rules: dict[str, Any]) -> Any:
    """A watch whose events are given by hand, under rules, with a name that would be a statement."""
    return _rules.Watch(*rules, store=store, name=HOSTILE)


def _ruled(store: Store) -> None:
    """A day at the gate under rules of one event and over time, not over yet."""
    watch = watch_under(
        store,
        {"id": "waits", "when": {"event": "loitering", "zone": HOSTILE, "for_s": 5}},
        {"id": "then", "when": {"in_order": [{"event": "zone_entered"}, {"event": "loitering"}], "within_s": 60}},
        {"id": "nobody", "when": {"absence": {"event": "zone_entered"}, "for_s": 100}},
    )
    thing = watch.thing("van", Label.VEHICLE)
    watch.happens(EventType.ZONE_ENTERED, thing, 2.0, zone="gate", caption=HOSTILE)
    key = watch.opens(EventType.LOITERING, thing, 4.0, caption="a van waits", zone=HOSTILE)
    watch.commit(8.0)
    watch.ends(key, 30.0)
    watch.commit(40.0)
    watch.answers("Is it a van?", 20.0, 40.0)
    watch.look_closer(EventType.FIRE, 21.0, 24.0)
    watch.look_closer(EventType.FIRE, 23.0, 26.0, 1)
    watch.opens(EventType.LOITERING, thing, 110.0, caption="it waits again", zone="gate")
    watch.commit(120.0)


def _track(name: str, start_s: float, end_s: float | None, points: Iterable[PathPoint], **more: Any) -> Track:
    return Track(
        id=name,
        stream_id=YARD.id,
        label=more.pop("label", Label.OBJECT),
        start_s=start_s,
        end_s=end_s,
        confidence=0.75,
        path=tuple(points),
        **more,
    )


def _path(low: int, high: int) -> list[PathPoint]:
    return [PathPoint(pts_s=at / 10, box=(at / 1e4, 0.1, at / 1e4 + 0.1, 1 / 3)) for at in range(low, high)]


def _said(name: str, type_: EventType, start_s: float, end_s: float | None, **more: Any) -> Assertion:
    look = more.pop("look", "fast")
    return Assertion(
        id=name,
        stream_id=YARD.id,
        look=look,
        run_id=(FAST if look == "fast" else DEEP).id,
        type=type_,
        start_s=start_s,
        end_s=end_s,
        confidence=more.pop("confidence", 0.5),
        caption=more.pop("caption", f"{name} was seen"),
        **more,
    )


def _frame(segment: str, pts_s: float, text: str = "") -> Keyframe:
    name = f"{segment}-{pts_s}"
    return Keyframe(
        id=name, segment_id=segment, pts_s=pts_s, sha256=f"{name:0<64.64}", uri=f"media:{name}.jpg", text=text
    )


def fast(sequence: int, start_s: float, end_s: float, **more: Any) -> Observation:
    """A fast observation of the yard."""
    row = Coverage(stream_id=YARD.id, start_s=start_s, end_s=end_s, state=FastState.WATCHED, deep=DeepState.GATED)
    return Observation(
        id=f"fast-{sequence}-{start_s}",
        stream_id=YARD.id,
        look="fast",
        run=FAST,
        start_s=start_s,
        end_s=end_s,
        sequence=sequence,
        watermark_s=end_s,
        coverage=(row,),
        carry=bytes(range(256)) * 3,
        **more,
    )


def deep(
    name: str, segment: Segment, state: DeepState = DeepState.EXAMINED, run: Run = DEEP, **more: Any
) -> Observation:
    """A deep look at a segment of the yard."""
    row = Coverage(
        stream_id=YARD.id,
        start_s=segment.start_s,
        end_s=segment.end_s,
        state=FastState.WATCHED,
        deep=state,
        reason="as asked",
    )
    return Observation(
        id=name,
        stream_id=YARD.id,
        look="deep",
        run=run,
        start_s=segment.start_s,
        end_s=segment.end_s,
        segment_id=segment.id,
        segments=(segment,),
        coverage=(row,),
        **more,
    )


def _watched(store: Store) -> None:
    """A file that was watched, then watched again from its start, with deep looks, text and likeness."""
    store.open_stream(YARD)
    first = Segment(
        id="s1",
        stream_id=YARD.id,
        start_s=0.0,
        end_s=20.0,
        keyframes=(_frame("s1", 1.5), _frame("s1", 12.25)),
        track_ids=("t1", "nobody-knows"),
        backdrop="cd" * 32,
    )
    second = Segment(id="s2", stream_id=YARD.id, start_s=20.0, end_s=40.0, gated=True)
    left = _said(
        "left",
        EventType.OBJECT_LEFT,
        3.0,
        None,
        zone="gate",
        box=BOX,
        state=State.OPEN,
        roles=(Role(role="subject", track_id="t1"), Role(role="bringer", entity_id="unheard-of")),
        evidence=(Evidence(kind="keyframe", sha256=first.keyframes[0].sha256, uri="media:x.jpg", pts_s=1.5, box=BOX),),
    )
    gone = _said(
        "gone",
        EventType.LINE_CROSSED,
        5.0,
        5.0,
        line="door",
        attributes={"direction": "in"},
        roles=(Role(role="subject", track_id="t2"),),
    )
    things = (
        _track("t1", 0.0, None, _path(0, 600), attributes={"still": True, "kind": "bag"}),
        _track("t2", 4.0, 6.0, _path(40, 60), label=Label.PERSON, entity_id="anna"),
    )
    store.settle(fast(0, 0.0, 20.0, tracks=things, segments=(first,), assertions=(left, gone)))
    store.open_stream(YARD, again=True)
    again = (
        replace(things[0], end_s=80.0),
        _track("t3", 30.0, 90.0, _path(300, 900), label=Label.PERSON, entity_id="anna"),
    )
    more = replace(left, id="left-more", of="left", end_s=80.0, state=State.CLOSED, caption="a bag was left")
    store.settle(fast(0, 0.0, 20.0, tracks=again, segments=(first,), assertions=(left, more, gone)))
    store.settle(
        fast(
            1,
            20.0,
            60.0,
            segments=(second,),
            assertions=(_said("long", EventType.LOITERING, 21.0, 60.0, zone=HOSTILE),),
        )
    )
    _looked(store, first, second)
    feed = FeedState(at=START, since=START, state="watching", reconnects={"stalled": 2}, fps=9.9)
    store.settle(fast(2, 60.0, 90.0, feed=feed, clock=(ClockReading(pts_s=61.5, text="12:01:01", box=BOX),)))
    for _ in range(3):
        store.take(YARD.id)


def _looked(store: Store, first: Segment, second: Segment) -> None:
    usage = Usage(calls=2, prompt_tokens=300, completion_tokens=40, wall_s=1.25, gpu_s=0.5)
    person = Entity(
        id="anna",
        stream_id=YARD.id,
        label=Label.PERSON,
        name="Anna",
        description="in a red coat",
        attributes={"colour": "red"},
    )
    answers = (
        Verdict(question="Is there a bag?", answer="yes", confidence=0.9, at_s=2.0),
        Verdict(question=HOSTILE, answer="unknown", confidence=0.0),
    )
    supports = _said(
        "seen",
        EventType.OBJECT_LEFT,
        2.0,
        18.0,
        look="deep",
        caption="someone leaves a bag",
        segment_id="s1",
        roles=(Role(role="subject", track_id="t1"),),
    )
    own = _said(
        "burns",
        EventType.FIRE,
        4.0,
        9.0,
        look="deep",
        caption="flames",
        segment_id="s1",
        roles=(Role(role="subject", entity_id="anna"),),
    )
    told = replace(first, caption="a yard with a bag", keyframes=(_frame("s1", 1.5, "EXIT 3"), _frame("s1", 12.25)))
    store.settle(deep("look-1", told, usage=usage, entities=(person,), verdicts=answers, assertions=(supports, own)))
    other = Run(id="vlm-2", model="vlm", revision="cd")
    flames = replace(own, id="burns-too", run_id=other.id, caption="a fire", start_s=4.0)
    store.settle(
        deep(
            "look-2",
            replace(told, caption="a burning yard", keyframes=(_frame("s1", 1.5, "EXIT"),)),
            run=other,
            assertions=(flames,),
        )
    )
    store.settle(deep("look-3", second, DeepState.FAILED, usage=Usage(calls=1)))
    vectors = [
        Embedding(of=of, id=id_, vector=_vector(at), text=text)
        for at, (of, id_, text) in enumerate(
            (
                ("keyframe", "s1-1.5", ""),
                ("segment", "s1", "a burning yard"),
                ("assertion", "burns", "flames"),
                ("entity", "anna", "in a red coat"),
            )
        )
    ]
    store.settle(
        Observation(
            id="space", stream_id=YARD.id, look="deep", run=SPACE, start_s=0.0, end_s=20.0, embeddings=tuple(vectors)
        )
    )


def _vector(at: int) -> bytes:
    numbers = np.random.default_rng(at).normal(size=8)
    return (numbers / np.linalg.norm(numbers)).astype("<f2").tobytes()


def _judged(store: Store) -> None:
    """What people and time made of alerts."""
    alerts = (
        alert(1),
        alert(2, zones=("gate",), labels=("bag",), subject="anna", late_s=2.5),
        alert(3, rule="q", streams=("yard", "road"), shadow=True),
    )
    later = replace(alerts[0], sequence=2, feedback="dismissed", escalated_at=AT + timedelta(microseconds=123_456))
    silence = Silence(id="hush", start=AT, end=AT + timedelta(hours=1), author="Anna", comment=HOSTILE, rules=("q",))
    notes = tuple(
        Feedback(alert=alerts[0].id, says=says, by="Bob", at=AT + timedelta(seconds=at))
        for at, says in enumerate(("acknowledged", "dismissed"))
    )
    timer = Timer(alert=alerts[1].id, rule="bag-left", kind="escalate", due_at=AT + timedelta(minutes=5))
    storm = Storm(
        sink="ops", start=AT, due_at=AT + timedelta(minutes=1), sent=9, held=(Held(rule="q", stream="yard", count=3),)
    )
    soon = AT + timedelta(milliseconds=500)
    first = (delivery(1), delivery(1, sequence=2), delivery(2, at=soon))
    deliveries = (*first, delivery(2, sink="desk"), delivery(3, sink="dead"))
    said = Judgement(
        alerts=(*alerts, later),
        deliveries=deliveries,
        silences=(silence,),
        feedback=notes,
        timers=(timer,),
        storms=(storm,),
    )
    store.amend(lambda _: said)


def _told(store: Store) -> None:
    """One is delivered, one fails, one is on its way, and one sink wants no more."""
    for found in store.claim("ops", AT, lease_s=60.0, limit=1):
        store.record(
            Attempt(delivery=found.id, number=1, at=AT, took_s=0.25, status=DeliveryStatus.DELIVERED, code=200)
        )
    failed = delivery(2, sink="desk").id
    later = AT + timedelta(seconds=30)
    for number, at in enumerate((AT, AT + timedelta(microseconds=2_500))):
        store.record(
            Attempt(
                delivery=failed,
                number=number,
                at=at,
                took_s=1.0,
                status=DeliveryStatus.PENDING,
                next_at=later,
                error=HOSTILE,
            )
        )
    store.claim("ops", AT + timedelta(seconds=1), lease_s=60.0, limit=1)
    store.disable("dead", "https://dead.example", AT, "it said 410")
