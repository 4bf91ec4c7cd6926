"""Random memory, drawn from one seed: what fast looks, deep looks, rules and people could leave of a few streams."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from rules.engine import Engine
from vidette import ids
from vidette.alerting import Alerts
from vidette.alerts import Attempt, Delivery, DeliveryStatus, Feedback, Judgement, Silence
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
from vidette.ports import GraphStore, Reader
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.streams import Line, Stream, Zone

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = START + timedelta(hours=2)
STEP_S = 10.0
SPACE = Run(id="space", model="minilm", revision="1")
FAST = Run(id="fast", model="fast", revision="1", params={"sample": "5"})
DEEP = tuple(Run(id=f"deep{at}", model="vlm", revision=str(at), prompt_hash="ab") for at in range(2))
ZONES, LINES = ("gate", "hall"), ("door",)
TYPES = (EventType.OBJECT_ENTERED, EventType.ZONE_ENTERED, EventType.ZONE_EXITED, EventType.LOITERING, EventType.LINE_CROSSED, EventType.OBJECT_LEFT, EventType.FIRE)  # fmt: skip
ROLES = ("subject", "subject", "bringer", "taker")
KINDS = ("van", "dog", None)
WORDS = ("a van waits", "dogs running", "the gate opens", "vans at the gate", "", "two men, one dog")
QUESTIONS = ("Is it open?", "is a DOG there?")
RULES = (
    {"id": "enters", "when": {"event": "zone_entered"}, "severity": "high"},
    {"id": "waits", "when": {"event": "loitering", "for_s": 5}, "escalate_s": 60},
    {"id": "then", "when": {"in_order": [{"event": "zone_entered"}, {"event": "loitering"}], "within_s": 60}},
    {"id": "nobody", "when": {"absence": {"event": "zone_entered"}, "for_s": 25}},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Streams and what is settled of them, in this order."""

    streams: tuple[Stream, ...]
    observations: tuple[Observation, ...]


def story(seed: int, size: int) -> Story:
    """A story of `size` observations of each stream, and some deep looks."""
    chance = Random(seed)
    streams = tuple(_stream(f"camera {at}", chance) for at in range(chance.randint(1, 3)))
    told: list[Observation] = []
    for stream in streams:
        told += _Teller(chance, stream).told(size)
    return Story(streams=streams, observations=tuple(told))


def tell_again(store: GraphStore, told: Story, chance: Random, holds: Callable[[], None]) -> None:
    """Settle a story, open its streams once more, moved, some to be watched anew, settle it again; ask after each step."""
    for stream in told.streams:
        store.open_stream(stream)
    for observation in told.observations:
        store.settle(observation)
        holds()
    for stream in told.streams:
        store.open_stream(replace(stream, start=stream.start + timedelta(seconds=7)), again=chance.random() < 0.8)
        holds()
    for observation in told.observations:
        store.settle(observation)
        holds()


def tell(store: GraphStore, told: Story, *, judged: bool = True) -> None:
    """Settle a story under rules, and have people say something of its alerts."""
    for stream in told.streams:
        store.open_stream(stream)
    engine = Engine(
        [RuleSettings.model_validate(one) for one in RULES],
        [SinkSettings.model_validate({"id": "desk", "kind": "console"})],
        tz=UTC,
        max_age_s=1e9,
        now=lambda: LATER,
    )
    for observation in told.observations:
        store.settle(observation, engine if judged else None)
    store.amend(_opinions)
    _deliver(store)


def _opinions(read: Reader) -> Judgement:
    alerts = read(Alerts(limit=4))
    says = ("confirmed", "dismissed", "acknowledged")
    feedback = [
        Feedback(alert=alert.id, says=says[at % 3], by="Anna", at=LATER + timedelta(seconds=at))
        for at, alert in enumerate(alerts)
    ]
    silence = Silence(id="s", start=START, end=LATER, author="Bob", rules=("waits",))
    marked = [replace(alert, feedback="confirmed") for alert in alerts[:1]]
    return Judgement(alerts=tuple(marked), feedback=tuple(feedback), silences=(silence,))


def _deliver(store: Any) -> None:
    claimed = store.claim("desk", LATER + timedelta(hours=1), 5.0, limit=1000)
    for one in sorted(claimed, key=lambda one: one.id):
        store.record(_attempt(one, len(one.message.text)))


def _attempt(one: Delivery, at: int) -> Attempt:
    status = (DeliveryStatus.DELIVERED, DeliveryStatus.PENDING, DeliveryStatus.DEAD)[at % 3]
    again = LATER + timedelta(hours=2) if status is DeliveryStatus.PENDING else None
    return Attempt(delivery=one.id, number=1, at=LATER, took_s=0.5, status=status, next_at=again)


def _stream(name: str, chance: Random) -> Stream:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    return Stream(
        id=ids.stream_id(name),
        name=name,
        kind=chance.choice(("file", "live")),
        uri=name,
        start=START + timedelta(seconds=chance.choice((0, 5, 3600))),
        zones=tuple(Zone(id=ids.make_id("zone", name, zone), name=zone, polygon=square) for zone in ZONES),
        lines=tuple(Line(id=ids.make_id("line", name, line), name=line, a=(0, 0), b=(1, 1)) for line in LINES),
    )


class _Teller:
    """Tells of one stream: what it told before goes on, or ends."""

    def __init__(self, chance: Random, stream: Stream) -> None:
        self.chance, self.stream = chance, stream
        self.tracks: list[Track] = []
        self.open: list[Assertion] = []
        self.segments: list[Segment] = []

    def told(self, size: int) -> list[Observation]:
        out = [self._fast(sequence, final=sequence == size - 1) for sequence in range(size)]
        looks = [
            self._deep(at, self.chance.choice(self.segments))
            for at in range(self.chance.randint(0, 3))
            if self.segments
        ]
        for look in looks:  # a deep look comes when it comes
            out.insert(self.chance.randint(0, len(out)), look)
        return [*out, *self._embedded()]

    def _name(self, what: str, *more: object) -> str:
        return ids.make_id(what, self.stream.id, *more)

    def _things(self) -> tuple[str, ...]:
        return f"known {self.stream.name}", f"someone {self.stream.name}"

    def _times(self, low: float) -> tuple[float, float]:
        start = round(low + self.chance.uniform(0, STEP_S - 1), 1)
        return start, round(start + self.chance.choice((0, 0.5, 4, 90)), 1)

    def _picture(self, at_s: float) -> Evidence:
        sha = f"{self.chance.randint(0, 5):064x}"
        return Evidence(kind="snapshot", sha256=sha, uri=f"m/{sha}.jpg", pts_s=at_s, box=(0.1, 0.1, 0.3, 0.3))

    def _fast(self, sequence: int, *, final: bool) -> Observation:
        low = sequence * STEP_S
        tracks = self._tracks(sequence, low)
        said = [*self._going_on(low), *(self._said(low, number) for number in range(self.chance.randint(0, 4)))]
        chunks = sorted({low, low + STEP_S, round(low + self.chance.uniform(1, 9), 1)})
        return Observation(
            id=self._name("fast", sequence),
            stream_id=self.stream.id,
            look="fast",
            run=FAST,
            sequence=sequence,
            start_s=low,
            end_s=low + STEP_S,
            watermark_s=low + STEP_S,
            tracks=tuple(tracks),
            assertions=tuple(said),
            segments=(self._segment(low),) if self.chance.random() < 0.7 else (),
            coverage=tuple(
                Coverage(
                    stream_id=self.stream.id,
                    start_s=a,
                    end_s=b,
                    state=self.chance.choice(list(FastState)),
                    deep=self.chance.choice(list(DeepState)),
                    reason=self.chance.choice(("", "overload")),
                )
                for a, b in pairwise(chunks)
            ),
            entities=tuple(Entity(id=id_, stream_id=self.stream.id, label=Label.OBJECT) for id_ in self._things())
            if sequence == 0
            else (),
            carry=bytes([sequence]) * 50,
            final=final,
            clock=tuple(
                ClockReading(pts_s=low, text="12:00", box=(0, 0, 1, 1)) for _ in range(self.chance.randint(0, 1))
            ),
        )

    def _tracks(self, sequence: int, low: float) -> list[Track]:
        kept = [self._longer(track, low) for track in self.tracks if track.end_s is None and self.chance.random() < 0.8]
        new = [self._track(low, number) for number in range(self.chance.randint(0, 2))]
        others = {one.id for one in kept}
        self.tracks = [one for one in self.tracks if one.id not in others] + kept + new
        return kept + new

    def _track(self, low: float, number: int) -> Track:
        id_, start = self._name("track", low, number), round(low + self.chance.uniform(0, 4), 1)
        attributes: dict[str, Any] = {"speed": 0.25, "heading": self.chance.choice(("north", "west"))}
        if kind := self.chance.choice(KINDS):
            attributes["kind"] = kind
        if self.chance.random() < 0.2:
            attributes["still"] = True
        thing = self.chance.choice((ids.entity_id(id_), ids.entity_id(id_), f"known {self.stream.name}"))
        return Track(
            id=id_,
            stream_id=self.stream.id,
            label=self.chance.choice(list(Label)[:5]),
            start_s=start,
            end_s=self.chance.choice((None, start + 2.0, start + 5.5)),
            confidence=self.chance.choice((0.3, 0.6, 0.9)),
            path=self._path(start, 3),
            attributes=attributes,
            entity_id=thing,
        )

    def _path(self, start: float, count: int) -> tuple[PathPoint, ...]:
        boxes = [round(self.chance.uniform(0, 0.9), 2) for _ in range(count)]
        return tuple(
            PathPoint(pts_s=start + 0.5 * at, box=(x, 1 - x, min(1.0, x + 0.1), min(1.0, 1.1 - x)))
            for at, x in enumerate(boxes)
        )

    def _longer(self, track: Track, low: float) -> Track:
        first = low - self.chance.choice((0, 0.5, 5))
        end = self.chance.choice((None, low + 3.0))
        label = self.chance.choice((track.label, Label.PERSON))
        return replace(track, path=self._path(first, 2), end_s=end, label=label)

    def _roles(self) -> tuple[Role, ...]:
        known = [track.id for track in self.tracks]
        named = self._things()
        out = []
        for _ in range(self.chance.randint(0, 2)):
            track = self.chance.choice([*known, None, "never seen"])
            thing = self.chance.choice([*named, None, None, None])
            out.append(Role(role=self.chance.choice(ROLES), track_id=track, entity_id=thing))
        return tuple(one for one in out if one.track_id or one.entity_id)

    def _said(self, low: float, number: int) -> Assertion:
        type_ = self.chance.choice(TYPES[:-1])
        start, end = self._times(low)
        lasting = type_ in (EventType.LOITERING, EventType.OBJECT_LEFT)
        id_ = self._name("said", low, number)
        said = Assertion(
            id=id_,
            stream_id=self.stream.id,
            look="fast",
            run_id=FAST.id,
            type=type_,
            start_s=start,
            end_s=None if lasting else start if self.chance.random() < 0.5 else end,
            confidence=self.chance.choice((0.4, 0.8)),
            caption=self.chance.choice(WORDS),
            of=id_,
            state=State.OPEN if lasting else State.CLOSED,
            zone=self.chance.choice((*ZONES, "nowhere", None)),
            line=self.chance.choice((*LINES, None)),
            roles=self._roles(),
            evidence=(self._picture(start),) if self.chance.random() < 0.4 else (),
            attributes=self.chance.choice(({}, {"direction": "forward"})),
        )
        if lasting:
            self.open.append(said)
        return said

    def _going_on(self, low: float) -> list[Assertion]:
        out = []
        for said in [one for one in self.open if self.chance.random() < 0.5]:
            state = self.chance.choice((State.OPEN, State.CLOSED, State.RETRACTED))
            out.append(
                replace(
                    said,
                    id=self._name("again", said.id, low),
                    end_s=None if state is State.OPEN else low + 2,
                    state=state,
                    caption=self.chance.choice(WORDS),
                    roles=self._roles() or said.roles,
                )
            )
            if state is not State.OPEN:
                self.open.remove(said)
        return out

    def _segment(self, low: float) -> Segment:
        name = ids.segment_id(self.stream.id, low)
        frames = tuple(
            Keyframe(
                id=f"{name}{at}", segment_id=name, pts_s=low + at, sha256=f"{at:064x}", uri="m", text=self.chance.choice(("", "EXIT 3"))
            )
            for at in range(self.chance.randint(0, 2))
        )  # fmt: skip
        seen = tuple(track.id for track in self.tracks if self.chance.random() < 0.5)
        segment = Segment(
            id=name,
            stream_id=self.stream.id,
            start_s=low,
            end_s=low + STEP_S,
            caption=self.chance.choice(WORDS),
            keyframes=frames,
            track_ids=seen,
            gated=self.chance.random() < 0.3,
        )
        self.segments.append(segment)
        return segment

    def _deep(self, at: int, segment: Segment) -> Observation:
        run = self.chance.choice(DEEP)
        low, name = segment.start_s, f"{self.stream.id} look {at}"
        said = []
        for number in range(self.chance.randint(0, 3)):
            start, end = self._times(low)
            said.append(
                Assertion(
                    id=self._name("deep", at, number),
                    stream_id=self.stream.id,
                    look="deep",
                    run_id=run.id,
                    type=self.chance.choice(TYPES[3:]),
                    start_s=start,
                    end_s=end,
                    confidence=0.5,
                    caption=self.chance.choice(WORDS),
                    segment_id=segment.id,
                    roles=self._roles() if self.chance.random() < 0.5 else (),
                    evidence=(self._picture(low),),
                )
            )
        things = tuple(
            Entity(id=id_, stream_id=self.stream.id, label=self.chance.choice(list(Label)[:4]), name=self.chance.choice(("", "Ann")), description=self.chance.choice(WORDS), attributes={"kind": "van"})
            for id_ in (*self._things(), *(track.entity_id for track in self.tracks[:1]))
        )  # fmt: skip
        return Observation(
            id=name,
            stream_id=self.stream.id,
            look="deep",
            run=run,
            start_s=low,
            end_s=low + STEP_S,
            segment_id=segment.id,
            assertions=tuple(said),
            entities=things if self.chance.random() < 0.6 else (),
            segments=(replace(segment, caption=self.chance.choice(WORDS), track_ids=()),),
            coverage=(
                Coverage(
                    stream_id=self.stream.id,
                    start_s=low,
                    end_s=low + STEP_S,
                    state=FastState.WATCHED,
                    deep=self.chance.choice((DeepState.EXAMINED, DeepState.FAILED, DeepState.DROPPED)),
                ),
            ),
            usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5, wall_s=0.5, gpu_s=0.25, refused=at),
            verdicts=tuple(
                Verdict(
                    question=question, answer=self.chance.choice(("yes", "no", "unknown")), confidence=0.5, at_s=low
                )
                for question in QUESTIONS[: self.chance.randint(0, 2)]
            ),
        )

    def _embedded(self) -> list[Observation]:
        given = [Embedding(of="segment", id=one.id, vector=self._vector(), text=one.caption) for one in self.segments]
        given += [
            Embedding(of="keyframe", id=one.id, vector=self._vector())
            for part in self.segments
            for one in part.keyframes
        ]
        given += [Embedding(of="entity", id=one.entity_id, vector=self._vector()) for one in self.tracks]
        chosen = {(one.of, one.id): one for one in given if self.chance.random() < 0.8}
        if not chosen:
            return []
        return [
            Observation(id=self._name("embedded"), stream_id=self.stream.id, look="deep", run=SPACE, start_s=0.0, end_s=1.0, embeddings=tuple(chosen.values()))
        ]  # fmt: skip

    def _vector(self) -> bytes:
        row = np.array([self.chance.choice((-1.0, 0.0, 1.0, 2.0)) for _ in range(3)] + [0.5], np.float32)
        return bytes((row / np.linalg.norm(row)).astype("<f2").tobytes())
