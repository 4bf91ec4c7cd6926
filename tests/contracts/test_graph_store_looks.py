"""What every GraphStore keeps of deep looks: cost, answers, each run's words, and the audit of the gate."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph_stores import STORES
from vidette import ids
from vidette.alerts import Case, Judgement
from vidette.looks import Cost, Costs, GateAudit, GateAudits, SaidOf, Verdicts
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    Entity,
    EventType,
    FastState,
    Keyframe,
    Label,
    Observation,
    Role,
    Run,
    Segment,
    Track,
    Usage,
    Verdict,
)
from vidette.ports import GraphStore, Reader
from vidette.queries import Entities, Events, Filter, Segments
from vidette.rows import VerdictRow
from vidette.streams import Stream

Open = Callable[[Path], GraphStore]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAST = Run(id="fast", model="fast", revision="1")
SMALL, LARGE = Run(id="small", model="vlm", revision="3b"), Run(id="large", model="vlm", revision="7b")
YARD, GATE = (
    Stream(id=ids.stream_id(name), name=name, kind="file", uri=f"{name}.mp4", start=START) for name in ("yard", "gate")
)
SMOKING = "Is someone smoking?"


def segment(start: float, stream: Stream = YARD, **more: Any) -> Segment:
    id_ = ids.segment_id(stream.id, start)
    frame = Keyframe(id=f"{id_}k", segment_id=id_, pts_s=start + 2, sha256="ab" * 32, uri="media:ab.jpg")
    given_: dict[str, Any] = {"start_s": start, "end_s": start + 10, "keyframes": (frame,)}
    return Segment(id=id_, stream_id=stream.id, **{**given_, **more})


def quiet(start: float, **more: Any) -> Segment:
    return segment(start, gated=True, **{"keyframes": (), **more})


def fast(*segments: Segment, stream: Stream = YARD, sequence: int = 0, **more: Any) -> Observation:
    span: dict[str, Any] = {"start_s": 0.0, "end_s": 1.0, "segments": segments}
    named = f"{stream.name}-{sequence}"
    return Observation(id=named, stream_id=stream.id, look="fast", run=FAST, sequence=sequence, **{**span, **more})


def look(of: Segment, deep: DeepState = DeepState.EXAMINED, run: Run = SMALL, **more: Any) -> Observation:
    row = Coverage(stream_id=of.stream_id, start_s=of.start_s, end_s=of.end_s, state=FastState.WATCHED, deep=deep)
    given_: dict[str, Any] = {"run": run, "start_s": of.start_s, "end_s": of.end_s, "coverage": (row,)}
    id_ = ids.make_id("look", of.id, run.id, deep)
    return Observation(id=id_, stream_id=of.stream_id, look="deep", segment_id=of.id, **{**given_, **more})


def seen(of: Segment, type_: EventType = EventType.FIRE, run: Run = SMALL, **more: Any) -> Assertion:
    given_: dict[str, Any] = {
        "start_s": of.start_s + 1,
        "end_s": of.start_s + 3,
        "confidence": 0.7,
        "caption": "flames",
    }
    id_ = ids.make_id(of.id, type_, run.id)
    return Assertion(
        id=id_, stream_id=of.stream_id, look="deep", run_id=run.id, type=type_, segment_id=of.id, **{**given_, **more}
    )


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    store = STORES[request.param](tmp_path)
    for stream in (YARD, GATE):
        store.open_stream(stream)
    yield store
    store.close()


def spent(**more: Any) -> Usage:
    return Usage(**{"calls": 1, "prompt_tokens": 900, "completion_tokens": 50, "wall_s": 1.5, "gpu_s": 0.5, **more})


class TestCosts:
    def test_looks_are_summed_by_stream_and_hour(self, store: GraphStore) -> None:
        first, second, later, other = segment(0), segment(3590), segment(3600), segment(20, GATE)
        store.settle(fast(first, second, later))
        store.settle(fast(other, stream=GATE))
        store.settle(look(first, usage=spent(refused=2)))
        store.settle(look(second, DeepState.FAILED, usage=spent(calls=3, prompt_tokens=0)))
        store.settle(look(other, DeepState.DROPPED))
        assert store.read(Costs()) == [
            Cost(stream="gate", start=START, start_s=0.0, dropped=1),
            Cost(
                stream="yard",
                start=START,
                start_s=0.0,
                looks=2,
                calls=4,
                prompt_tokens=900,
                completion_tokens=100,
                wall_s=3.0,
                gpu_s=1.0,
                refused=2,
                examined=1,
                failed=1,
            ),
            Cost(stream="yard", start=START + timedelta(hours=1), start_s=3600.0, pending=1),
        ]

    def test_of_one_run_of_one_hour(self, store: GraphStore) -> None:
        one = segment(3700)
        store.settle(fast(segment(0), one))
        for run in (SMALL, LARGE):
            store.settle(look(one, run=run, usage=spent()))
        hour = Filter(streams=("yard",), from_s=3600.0, to_s=7200.0)
        (both,), (large,) = store.read(Costs(where=hour)), store.read(Costs(where=hour, run="large"))
        assert ((both.looks, both.calls), (large.looks, large.calls)) == ((1, 2), (1, 1))
        (nobody,) = store.read(Costs(where=hour, run="nobody"))
        assert (nobody.looks, nobody.pending) == (0, 1)
        (finer,) = store.read(Costs(where=hour, bucket_s=50.0))
        assert (finer.start_s, finer.start) == (3700.0, START + timedelta(seconds=3700))

    def test_what_became_of_a_segment_is_the_most_that_any_look_made_of_it(self, store: GraphStore) -> None:
        rows = [segment(at * 10.0) for at in range(4)]
        skipped = [quiet(at * 10.0) for at in (5, 6, 7)]
        store.settle(fast(*rows, *skipped))
        store.settle(look(rows[0], DeepState.DROPPED))
        store.settle(look(rows[0], DeepState.FAILED))
        store.settle(look(rows[1], DeepState.FAILED))
        store.settle(look(rows[1], DeepState.EXAMINED, LARGE))
        store.settle(look(rows[2], DeepState.DROPPED))
        store.settle(look(skipped[0]))
        store.settle(look(skipped[1], DeepState.FAILED))
        (hour,) = store.read(Costs())
        assert (hour.examined, hour.failed, hour.dropped, hour.pending) == (2, 1, 1, 1)
        assert (hour.gated, hour.audited, hour.looks) == (2, 1, 4)

    def test_what_there_is_no_picture_of_is_dropped(self, store: GraphStore) -> None:
        store.settle(fast(segment(0, keyframes=()), quiet(10)))
        (hour,) = store.read(Costs())
        assert (hour.dropped, hour.gated, hour.pending, hour.looks) == (1, 1, 0, 0)

    def test_a_better_start_moves_them_and_another_watch_keeps_them(self, store: GraphStore) -> None:
        store.settle(fast(segment(0)))
        store.settle(look(segment(0), usage=spent(), verdicts=(Verdict(question="q", answer="no", confidence=1),)))
        store.open_stream(replace(YARD, start=START + timedelta(hours=1)), again=True)
        (hour,) = store.read(Costs(where=Filter(since=START + timedelta(hours=1))))
        assert (hour.start, hour.calls, hour.examined) == (START + timedelta(hours=1), 1, 0)  # not seen again yet
        (answer,) = store.read(Verdicts())
        assert answer.start == START + timedelta(hours=1)
        store.settle(fast(segment(0)))
        assert store.read(Costs())[0].examined == 1

    def test_an_import_is_no_look(self, store: GraphStore) -> None:
        store.settle(replace(look(segment(0)), segment_id=None))
        assert store.read(Costs()) == []


class TestVerdicts:
    @pytest.fixture
    def asked(self, store: GraphStore) -> GraphStore:
        for at, answer in ((0.0, "yes"), (10.0, "no"), (20.0, "unknown")):
            said = Verdict(question=SMOKING, answer=answer, confidence=0.8, at_s=at + 2)
            other = Verdict(question="Is the gate open?", answer="no", confidence=0.6)
            store.settle(fast(segment(at), sequence=int(at // 10)))
            store.settle(look(segment(at), verdicts=(said, other)))
        return store

    def test_they_come_back_with_their_picture_and_who_spoke(self, asked: GraphStore) -> None:
        (row,) = asked.read(Verdicts(question="SMOKING", answers=("yes",)))
        frame = segment(0).keyframes[0]
        assert isinstance(row, VerdictRow)
        assert (row.stream, row.segment, row.start, row.end_s) == ("yard", segment(0).id, START, 10.0)
        assert (row.question, row.answer, row.confidence, row.run) == (SMOKING, "yes", 0.8, SMALL)
        assert row.evidence is not None
        assert (row.evidence.sha256, row.evidence.pts_s) == (frame.sha256, frame.pts_s)

    def test_they_are_found_by_question_answer_time_and_stream(self, asked: GraphStore) -> None:
        def found(**asked_for: Any) -> list[tuple[float, str]]:
            where = Filter(**{key: asked_for.pop(key) for key in ("from_s", "to_s", "streams") if key in asked_for})
            return [(row.start_s, row.answer) for row in asked.read(Verdicts(where=where, **asked_for))]

        assert found(question="smoking") == [(0, "yes"), (10, "no"), (20, "unknown")]
        assert found(question="smoking", from_s=12.0, to_s=20.0) == [(10, "no")]
        assert found(answers=("yes", "unknown")) == [(0, "yes"), (20, "unknown")]
        assert found(streams=("gate",)) == []
        assert len(found(limit=4)) == 4
        assert found(question="%' OR 1=1 --") == []

    def test_a_judge_is_told_of_those_of_the_look_and_of_all_when_it_is_new(self, asked: GraphStore) -> None:
        class Listening:
            def judge(self, case: Case, read: Reader) -> Judgement:
                told.append(case.verdicts)
                return Judgement()

        told: list[tuple[VerdictRow, ...]] = []
        again = look(segment(0), run=LARGE, verdicts=(Verdict(question=SMOKING, answer="no", confidence=0.9),))
        asked.settle(again, Listening())
        asked.settle(again, Listening())
        asked.settle(fast(segment(30), sequence=3), Listening())
        asked.rejudge(YARD.id, Listening())
        one, none, every = told
        assert [(row.run.id, row.segment, row.answer) for row in one] == [("large", segment(0).id, "no")]
        assert one[0] in asked.read(Verdicts(question=SMOKING))
        assert none == ()
        assert list(every) == asked.read(Verdicts())

    def test_runs_that_disagree_are_both_kept(self, asked: GraphStore) -> None:
        other = Verdict(question=SMOKING, answer="no", confidence=0.9)
        asked.settle(look(segment(0), run=LARGE, verdicts=(other,)))
        rows = asked.read(Verdicts(where=Filter(to_s=5.0), question=SMOKING))
        assert [(row.run.id, row.answer, row.confidence) for row in rows] == [
            ("large", "no", 0.9),
            ("small", "yes", 0.8),
        ]


class TestAudits:
    def test_they_tell_what_the_gate_missed(self, store: GraphStore) -> None:
        passed, skipped = [segment(at * 10.0) for at in range(3)], [quiet(at * 10.0) for at in range(3, 9)]
        known = Assertion(
            id="known",
            stream_id=YARD.id,
            look="fast",
            run_id="fast",
            type=EventType.SMOKE,
            start_s=40,
            end_s=50,
            confidence=0.5,
            caption="",
            of="known",
        )
        store.settle(fast(*passed, *skipped, assertions=(known,)))
        store.settle(look(passed[0], assertions=(seen(passed[0]),)))
        store.settle(look(passed[1]))
        store.settle(look(passed[2], DeepState.FAILED))
        store.settle(look(skipped[0], assertions=(seen(skipped[0]),)))
        store.settle(look(skipped[1], assertions=(seen(skipped[1], EventType.SMOKE),)))  # the fast look knows of it
        store.settle(look(skipped[2]))
        audit = GateAudit(stream="yard", passed=3, examined=2, found=1, gated=6, audited=3, missed=1)
        assert store.read(GateAudits()) == [audit]
        assert store.read(GateAudits(where=Filter(streams=("gate",)))) == []
        assert [row.gated for row in store.read(Segments())] == [False] * 3 + [True] * 6

    def test_a_segment_that_is_let_through_when_watched_again_is_no_audit(self, store: GraphStore) -> None:
        store.settle(fast(quiet(0)))
        store.settle(look(quiet(0), segments=(quiet(0, caption="a yard"),)))
        store.open_stream(YARD, again=True)
        store.settle(fast(segment(0)))
        (audit,) = store.read(GateAudits())
        assert (audit.passed, audit.examined, audit.gated, audit.audited) == (1, 1, 0, 0)


# Any order and repetition of looks by several runs: the same entities, verdicts, costs ----------------

LABEL = st.sampled_from([Label.OBJECT, Label.PERSON, Label.BAG, Label.OTHER])
LOOK = st.tuples(
    st.integers(0, 1),
    st.sampled_from([SMALL, LARGE]),
    st.sampled_from([DeepState.EXAMINED, DeepState.FAILED]),
    st.lists(
        st.tuples(st.sampled_from(["van", "dog"]), LABEL, st.sampled_from(["", "red", "blue"])), min_size=1, max_size=2
    ),
    st.sampled_from(["yes", "no", "unknown"]),
)


def looks_of(rows: list[Any]) -> list[Observation]:
    out = {}
    for number, run, deep, things, answer in rows:
        of = segment(number * 10.0)
        told = {
            name: Entity(
                id=ids.entity_id(name),
                stream_id=YARD.id,
                label=label,
                description=f"{words} thing" if words else "",
                attributes={"colour": words} if words else {},
            )
            for name, label, words in things
        }
        said: dict[str, Any] = {"usage": spent(calls=number + 1)}
        if deep is DeepState.EXAMINED:
            roles = (Role(role="subject", track_id="van"),)
            said |= {
                "entities": tuple(told.values()),
                "assertions": (seen(of, run=run, roles=roles),),
                "verdicts": (Verdict(question=SMOKING, answer=answer, confidence=0.5),),
            }
        one = look(of, deep, run, **said)
        out.setdefault(one.id, one)
    return list(out.values())


def kept(observations: list[Observation]) -> list[object]:
    store = STORES["embedded in memory"](Path())
    tracks = tuple(
        Track(id=id_, stream_id=YARD.id, label=Label.OBJECT, start_s=0, end_s=40, confidence=1, path=())
        for id_ in ("van", "dog")
    )
    try:
        store.open_stream(YARD)
        store.settle(fast(*(segment(at * 10.0) for at in range(4)), tracks=tracks))
        for one in observations:
            store.settle(one)
        said = [store.read(SaidOf(entity_id=ids.entity_id(name))) for name in ("van", "dog")]
        things = sorted(store.read(Entities()), key=lambda row: row.id)
        by_label = {label: len(store.read(Events(where=Filter(labels=(label,))))) for label in Label}
        costs = [replace(row, wall_s=round(row.wall_s, 6)) for row in store.read(Costs())]
        return [said, things, by_label, store.read(Verdicts()), costs, store.read(GateAudits())]
    finally:
        store.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(LOOK, max_size=6), st.data())
def test_order_and_repetition_of_looks_change_nothing(rows: list[Any], data: st.DataObject) -> None:
    looks = looks_of(rows)
    again = data.draw(st.lists(st.sampled_from(looks), max_size=3)) if looks else []
    assert kept(looks) == kept(data.draw(st.permutations([*looks, *again])))
