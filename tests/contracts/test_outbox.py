"""What every store does with judgement: written with its observation, told through an outbox, in order, once at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graph.embedded import EmbeddedStore
from tests.graph_stores import STORES
from vidette import ids
from vidette.alerting import Alerts, Attempts, Decisions, Deliveries, MediaHeld, RuleStates, SinkStates, SinkTroubles
from vidette.alerts import (
    Alert,
    AlertFilter,
    AlertState,
    Attempt,
    Case,
    Change,
    Decision,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    Judgement,
    RuleState,
    Severity,
    SinkState,
    SinkTrouble,
    Verdict,
)
from vidette.errors import StoreError
from vidette.models import Assertion, EventType, Evidence, Label, Observation, Role, Run, State, Track
from vidette.ports import GraphStore, Outbox, Reader
from vidette.queries import Count, Events, Filter, LastCommit, Neighbours, WholeGraph
from vidette.streams import Stream


class Store(GraphStore, Outbox, Protocol):
    """A graph store that holds the outbox."""


Open = Callable[[Path], Store]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAST = Run(id="run-fast", model="fast", revision="1")
DEEP = Run(id="run-deep", model="vlm", revision="7")
YARD = Stream(id=ids.stream_id("yard"), name="yard", kind="file", uri="yard.mp4", start=NOW)
STAY = EventType.LOITERING
PENDING, SENDING, DELIVERED, DEAD = DeliveryStatus


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def said(id_: str, start: float, end: float | None, **more: Any) -> Assertion:
    look = more.pop("look", "fast")
    given: dict[str, Any] = {"of": id_ if look == "fast" else None, "confidence": 0.5, "caption": f"{id_} seen"}
    run = FAST if look == "fast" else DEEP
    fixed: dict[str, Any] = {"id": id_, "stream_id": YARD.id, "look": look, "run_id": run.id, "type": STAY}
    return Assertion(**{**fixed, "start_s": start, "end_s": end, **given, **more})


def fast(sequence: int, *assertions: Assertion, **more: Any) -> Observation:
    at = sequence * 10.0
    given: dict[str, Any] = {"start_s": at, "end_s": at + 10, "watermark_s": at + 8, "run": FAST, "look": "fast"}
    named: dict[str, Any] = {"id": f"fast-{sequence}", "stream_id": YARD.id, "sequence": sequence}
    return Observation(**{**named, **given, "assertions": assertions, **more})


def deep(id_: str, *assertions: Assertion, **more: Any) -> Observation:
    given: dict[str, Any] = {"start_s": 0.0, "end_s": 10.0, "run": DEEP, "look": "deep", "watermark_s": 99.0}
    return Observation(**{"id": id_, "stream_id": YARD.id, **given, "assertions": assertions, **more})


def thing(id_: str, label: Label) -> Track:
    return Track(id=id_, stream_id=YARD.id, label=label, start_s=0, end_s=None, confidence=0.5, path=())


def alert(id_: str = "alert", sequence: int = 0, **more: Any) -> Alert:
    given: dict[str, Any] = {
        "rule": "bag-left",
        "rule_version": "v1",
        "severity": Severity.HIGH,
        "state": AlertState.OPEN,
        "change": Change.RAISED,
        "streams": ("yard",),
        "at": after(60),
        "raised_at": after(61.5 + sequence),
        "incident": id_,
        "events": ("stay",),
        "text": "A bag was left",
        "why": ("event is object_left",),
        "evidence": (Evidence(kind="snapshot", sha256="aa", uri="media/aa.jpg", pts_s=2.5, box=(0.1, 0.2, 0.3, 0.4)),),
    }
    return Alert(id=id_, sequence=sequence, **{**given, **more})


def delivery(sink: str = "ops", message: Alert | None = None, **more: Any) -> Delivery:
    told = message or alert()
    given: dict[str, Any] = {"id": f"{told.id}/{told.sequence}/{sink}", "status": PENDING, "next_at": NOW}
    return Delivery(sink=sink, message=told, **{**given, **more})


def attempt(of: Delivery, status: DeliveryStatus, at: datetime = NOW, **more: Any) -> Attempt:
    given: dict[str, Any] = {"number": of.tries + 1, "took_s": 0.25, "status": status}
    return Attempt(delivery=of.id, at=at, **{**given, **more})


@dataclass
class Scripted:
    """A judge that keeps its cases and says what it is told to."""

    judgement: Judgement = field(default_factory=Judgement)
    cases: list[Case] = field(default_factory=list)
    look: Callable[[Case, Reader], None] = lambda case, read: None

    def judge(self, case: Case, read: Reader) -> Judgement:
        self.cases.append(case)
        self.look(case, read)
        return self.judgement

    @property
    def named(self) -> list[list[str]]:
        return [[event.id for event in case.events] for case in self.cases]


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = STORES[request.param](tmp_path)
    opened.open_stream(YARD)
    yield opened
    opened.close()


def judged(store: Store, *deliveries: Delivery, **more: Any) -> None:
    """Write a judgement with these deliveries and their alerts."""
    alerts = {one.message.id: one.message for one in sorted(deliveries, key=lambda one: one.message.sequence)}
    given: dict[str, Any] = {"alerts": tuple(alerts.values()), "deliveries": deliveries}
    store.rejudge(YARD.id, Scripted(Judgement(**{**given, **more})))


class TestCases:
    def test_a_case_holds_what_changed_as_it_is_now(self, store: Store) -> None:
        judge = Scripted()
        store.settle(fast(0, said("stay", 2, None, state=State.OPEN), said("pass", 1, 3)), judge)
        store.settle(fast(1, said("stay2", 2, 14, of="stay", caption="stayed 12 s"), final=True), judge)
        assert judge.named == [["pass", "stay"], ["stay"]]
        first, second = judge.cases
        assert (first.stream, first.look, first.watermark_s, first.final) == (YARD, "fast", 8.0, False)
        assert (second.watermark_s, second.final) == (18.0, True)
        assert list(second.events) == store.read(Events(where=Filter(ids=("stay",))))
        assert (second.events[0].end_s, second.events[0].state) == (14.0, State.CLOSED)

    def test_a_retracted_event_has_changed(self, store: Store) -> None:
        judge = Scripted()
        store.settle(fast(0, said("stay", 2, None, state=State.OPEN)))
        store.settle(fast(1, said("no", 2, 3, of="stay", state=State.RETRACTED)), judge)
        assert [(event.id, event.state) for event in judge.cases[0].events] == [("stay", State.RETRACTED)]

    def test_a_deep_look_changes_what_it_supports_and_what_it_founds(self, store: Store) -> None:
        judge = Scripted()
        store.settle(fast(0, said("stay", 2, 6)), judge)
        store.settle(deep("look", said("near", 3, 5, look="deep"), said("apart", 30, 40, look="deep")), judge)
        assert judge.named == [["stay"], ["stay", "apart"]]
        assert (judge.cases[1].look, judge.cases[1].watermark_s) == ("deep", 8.0)
        assert judge.cases[1].events[0].runs == (FAST, DEEP)

    def test_an_event_changes_when_a_thing_in_it_is_told_for_another(self, store: Store) -> None:
        judge = Scripted()
        stay = said("stay", 2, None, roles=(Role(role="subject", track_id="t"),))
        store.settle(fast(0, stay, tracks=(thing("t", Label.OBJECT),)), judge)
        store.settle(fast(1, tracks=(thing("t", Label.OBJECT),)), judge)
        store.settle(fast(2, tracks=(thing("t", Label.PERSON),)), judge)
        assert judge.named == [["stay"], [], ["stay"]]
        assert [one.label for one in judge.cases[2].events[0].entities] == [Label.PERSON]

    def test_a_settled_observation_is_not_judged_again(self, store: Store) -> None:
        judge, look = Scripted(), deep("look", said("d", 1, 2, look="deep"))
        for one in (fast(0, said("stay", 2, 3)), look, fast(0, said("stay", 2, 3)), look):
            store.settle(one, judge)
        assert len(judge.cases) == 2

    def test_one_that_was_not_judged_is_in_the_way_of_none(self, store: Store) -> None:
        judge = Scripted()
        store.settle(fast(0, said("stay", 2, None)))
        assert store.settle(fast(1, said("stay2", 2, 14, of="stay")), judge)
        assert judge.named == [["stay"]]

    def test_a_judge_reads_its_own_transaction(self, store: Store) -> None:
        seen: list[object] = []
        judge = Scripted(
            look=lambda case, read: seen.append((read(Count(of="events")), read(LastCommit(stream_id=YARD.id))))
        )
        store.settle(fast(0, said("stay", 2, 3)), judge)
        assert seen == [(1, store.read(LastCommit(stream_id=YARD.id)))]

    def test_nothing_stays_where_the_judge_fails(self, store: Store) -> None:
        def fail(case: Case, read: Reader) -> None:
            raise StoreError("the judge fails")

        with pytest.raises(StoreError, match="the judge fails"):
            store.settle(fast(0, said("stay", 2, 3)), Scripted(look=fail))
        assert (store.read(Events()), store.read(LastCommit(stream_id=YARD.id))) == ([], None)
        judge = Scripted()
        assert store.settle(fast(0, said("stay", 2, 3)), judge)
        assert judge.named == [["stay"]]

    def test_nothing_stays_of_a_judgement_that_cannot_be_written(self, store: Store) -> None:
        orphan = Judgement(alerts=(alert("other"),), deliveries=(delivery(),))
        with pytest.raises(StoreError):
            store.settle(fast(0, said("stay", 2, 3)), Scripted(orphan))
        assert (store.read(Events()), store.read(Alerts()), store.read(Deliveries())) == ([], [], [])

    def test_a_stream_is_put_to_the_judge_as_one_case(self, store: Store) -> None:
        store.settle(fast(0, said("later", 5, 6), said("first", 1, 2), said("gone", 3, 4, state=State.RETRACTED)))
        store.settle(fast(1, final=True))
        judge = Scripted(Judgement(alerts=(alert(),)))
        store.rejudge(YARD.id, judge)
        assert judge.named == [["first", "gone", "later"]]
        assert (judge.cases[0].watermark_s, judge.cases[0].final) == (18.0, True)
        assert store.read(Alerts()) == [alert()]

    def test_what_is_made_of_what_is_read_is_written_or_nothing_is(self, store: Store) -> None:
        judged(store, delivery())

        def later(read: Reader) -> Judgement:
            (known,) = read(Alerts())
            if known.sequence:
                return Judgement()
            more = replace(known, sequence=1, change=Change.EVIDENCE)
            return Judgement(alerts=(more,), deliveries=(delivery("ops", more),))

        assert [store.amend(later), store.amend(later)] == [True, False]
        assert [one.message.change for one in store.read(Deliveries())] == [Change.RAISED, Change.EVIDENCE]
        orphan = Judgement(alerts=(alert("other"),), deliveries=(delivery("ops", alert("nobody")),))
        with pytest.raises(StoreError):
            store.amend(lambda read: orphan)
        assert [one.id for one in store.read(Alerts())] == ["alert"]

    def test_media_is_held_by_the_newest_alert_that_shows_it(self, store: Store) -> None:
        a, b = (Evidence(kind="clip", sha256=name * 64, uri=f"media:{name * 64}.mp4", pts_s=1.0) for name in "ab")
        judged(store, alerts=(alert("one", evidence=(a,), raised_at=after(5)), alert("none", evidence=())))
        judged(store, alerts=(alert("two", evidence=(a, b), raised_at=after(9)),))
        assert store.read(MediaHeld()) == {"a" * 64: after(9), "b" * 64: after(9)}
        assert store.read(MediaHeld(addresses=("b" * 64, "c" * 64))) == {"b" * 64: after(9)}
        judged(store, alerts=(alert("three", evidence=(b,), raised_at=after(7)),))
        assert store.read(MediaHeld(addresses=("b" * 64,))) == {"b" * 64: after(9)}

    def test_a_stream_that_is_not_there_is_named(self, store: Store) -> None:
        with pytest.raises(StoreError, match="'nowhere'"):
            store.rejudge("nowhere", Scripted())

    def test_a_new_watch_forgets_what_rules_remember_and_keeps_alerts(self, store: Store) -> None:
        state = RuleState(rule="r", version="v1", stream_id=YARD.id, state='{"seen":1}')
        other = replace(YARD, id=ids.stream_id("gate"), name="gate")
        store.open_stream(other)
        store.settle(fast(0), Scripted(Judgement(states=(state,), alerts=(alert(),))))
        store.rejudge(other.id, Scripted(Judgement(states=(replace(state, stream_id=other.id),))))
        store.open_stream(YARD)
        assert store.read(RuleStates(stream_id=YARD.id)) == [state]
        store.open_stream(YARD, again=True)
        assert store.read(RuleStates(stream_id=YARD.id)) == []
        assert store.read(RuleStates(stream_id=other.id)) == [replace(state, stream_id=other.id)]
        assert store.read(Alerts()) == [alert()]


class TestJudgements:
    def test_alerts_come_back_as_they_were_written(self, store: Store) -> None:
        odd = alert("odd", at=after(1.2345678), subject="'; DROP TABLE alerts; --", text="<b>\n☃</b>", late_s=2.5)
        judged(store, alerts=(alert(), odd))
        assert store.read(Alerts()) == [odd, alert()]
        assert store.read(Alerts(newest=True, limit=1)) == [alert()]

    def test_a_later_sequence_wins_whatever_comes_first(self, store: Store) -> None:
        newer = alert(sequence=2, state=AlertState.RESOLVED, events=("stay", "gone"), streams=("yard", "gate"))
        for one in (alert(sequence=1), newer, alert(sequence=0), alert(sequence=1)):
            judged(store, alerts=(one,))
        assert store.read(Alerts()) == [newer]
        again = replace(newer, text="said better", events=("gone",))
        judged(store, alerts=(again,))
        assert store.read(Alerts(where=AlertFilter(events=("gone",)))) == [again]
        assert store.read(Alerts(where=AlertFilter(events=("stay",)))) == []

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (AlertFilter(), "abc"),
            (AlertFilter(ids=("a", "c", "nobody")), "ac"),
            (AlertFilter(rules=("crowd",)), "b"),
            (AlertFilter(streams=("yard",)), "ac"),
            (AlertFilter(streams=(YARD.id,)), "ac"),
            (AlertFilter(streams=("gate", "yard")), "abc"),
            (AlertFilter(severities=(Severity.LOW, Severity.CRITICAL)), "b"),
            (AlertFilter(states=(AlertState.RESOLVED,)), "c"),
            (AlertFilter(events=("e2", "e3")), "bc"),
            (AlertFilter(subjects=("bag",)), "a"),
            (AlertFilter(since=after(20)), "bc"),
            (AlertFilter(until=after(20)), "a"),
            (AlertFilter(since=after(10), until=after(30), streams=("yard",)), "a"),
            (AlertFilter(streams=("yard",), states=(AlertState.OPEN,)), "a"),
        ],
    )
    def test_a_filter_finds_exactly_what_holds(self, store: Store, where: AlertFilter, found: str) -> None:
        a = alert("a", at=after(10), events=("e1",), subject="bag")
        b = alert("b", at=after(20), rule="crowd", streams=("gate",), events=("e2",), severity=Severity.LOW)
        c = alert("c", at=after(30), streams=("gate", "yard"), events=("e1", "e3"), state=AlertState.RESOLVED)
        judged(store, alerts=(c, a, b))
        assert [one.id for one in store.read(Alerts(where=where))] == list(found)
        assert [one.id for one in store.read(Alerts(where=where, newest=True))] == list(reversed(found))

    def test_a_known_delivery_is_left_alone(self, store: Store) -> None:
        judged(store, delivery())
        (claimed,) = store.claim("ops", NOW, 30)
        judged(store, delivery(next_at=after(99)))
        assert store.read(Deliveries()) == [claimed]

    def test_deliveries_follow_when_they_were_raised(self, store: Store) -> None:
        one, two = alert("one", raised_at=after(5)), alert("two", raised_at=after(1))
        more = replace(one, sequence=1)
        judged(
            store, delivery("z", one), delivery("a", more), delivery("a", one), delivery("z", two), alerts=(one, two)
        )
        order = [(row.message.id, row.sink, row.message.sequence) for row in store.read(Deliveries())]
        assert order == [("two", "z", 0), ("one", "a", 0), ("one", "a", 1), ("one", "z", 0)]
        wheres = [
            DeliveryFilter(alerts=("two",)),
            DeliveryFilter(sinks=("a",)),
            DeliveryFilter(ids=("one/0/z",)),
            DeliveryFilter(statuses=(DEAD,)),
        ]
        assert [len(store.read(Deliveries(where=where))) for where in wheres] == [1, 2, 1, 0]

    def test_a_decision_is_one_a_rule_event_and_verdict(self, store: Store) -> None:
        first = Decision(
            rule="r", stream="yard", event="e", verdict=Verdict.WAITING, at=after(5), why=("too short: 1 s",)
        )
        better = replace(first, at=after(9), why=("too short: 4 s",))
        raised = replace(first, verdict=Verdict.RAISED, at=after(7), alert="alert", why=("60 s in zone",))
        for one in (first, raised, better, better):
            judged(store, decisions=(one,))
        assert store.read(Decisions()) == [raised, better]
        assert store.read(Decisions(events=("e",), rules=("r",), limit=1)) == [raised]
        assert store.read(Decisions(alerts=("alert",))) == [raised]
        assert store.read(Decisions(rules=("other",))) == []

    def test_a_rule_state_is_one_a_version_and_stream(self, store: Store) -> None:
        state = RuleState(rule="r", version="v1", stream_id=YARD.id, state="1")
        for one in (state, replace(state, version="v2"), replace(state, state="2")):
            judged(store, states=(one,))
        assert store.read(RuleStates(stream_id=YARD.id)) == [replace(state, state="2"), replace(state, version="v2")]


class TestClaims:
    def test_what_is_claimed_is_nobody_elses_until_its_lease_ends(self, store: Store) -> None:
        judged(store, delivery())
        (mine,) = store.claim("ops", NOW, 30)
        assert (mine.status, mine.next_at, mine.tries, mine.message) == (SENDING, after(30), 0, alert())
        assert store.claim("ops", after(29.999), 30) == []
        assert store.next_due(["ops"]) == after(30)
        (again,) = store.claim("ops", after(30), 30)
        assert (again.id, again.next_at) == (mine.id, after(60))

    def test_only_what_is_due_for_the_sink_longest_due_first(self, store: Store) -> None:
        told = [alert(name) for name in "abcd"]
        dues = [-5, -9, 5, -1]
        judged(store, *(delivery("ops", one, next_at=after(due)) for one, due in zip(told, dues, strict=True)))
        assert store.claim("other", NOW, 30) == []
        assert [one.message.id for one in store.claim("ops", NOW, 30, limit=2)] == ["b", "a"]
        assert [one.message.id for one in store.claim("ops", NOW, 30)] == ["d"]
        assert store.next_due(["other"]) is None
        assert store.next_due(["other", "ops"]) == after(5)

    @pytest.mark.parametrize("done", [DELIVERED, DEAD])
    def test_those_of_one_alert_and_sink_go_in_order(self, store: Store, done: DeliveryStatus) -> None:
        first, second = alert(), alert(sequence=1)
        judged(store, delivery("ops", second), delivery("ops", first), delivery("log", second))
        (head,) = store.claim("ops", NOW, 30)
        assert head.message == first
        assert [one.message.sequence for one in store.claim("log", NOW, 30)] == [1]
        assert store.claim("ops", NOW, 30) == []
        store.record(attempt(head, PENDING, next_at=after(100)))
        assert (store.claim("ops", after(99), 30), store.next_due(["ops"])) == ([], after(100))
        (head,) = store.claim("ops", after(100), 30)
        store.record(attempt(head, done, after(101)))
        assert [one.message for one in store.claim("ops", after(102), 30)] == [second]

    def test_attempts_are_kept_and_counted(self, store: Store) -> None:
        judged(store, delivery())
        (mine,) = store.claim("ops", NOW, 30)
        first = attempt(mine, PENDING, next_at=after(2), code=503, error="HTTP 503")
        store.record(first)
        (mine,) = store.claim("ops", after(2), 30)
        assert mine.tries == 1
        second = attempt(mine, DELIVERED, after(2), code=204)
        for one in (second, first, second):
            store.record(one)
        (row,) = store.read(Deliveries())
        assert (row.status, row.tries) == (DELIVERED, 2)
        assert store.read(Attempts(deliveries=(mine.id, "other"))) == [first, second]
        assert (store.next_due(["ops"]), store.claim("ops", after(999), 30)) == (None, [])

    def test_what_was_delivered_stays_so_whatever_a_slow_process_says(self, store: Store) -> None:
        judged(store, delivery())
        (slow,) = store.claim("ops", NOW, 30)
        (quick,) = store.claim("ops", after(30), 30)
        store.record(attempt(quick, DELIVERED, after(31)))
        store.record(attempt(slow, PENDING, after(32), next_at=after(40)))
        (row,) = store.read(Deliveries())
        assert (row.status, row.tries) == (DELIVERED, 2)

    def test_a_delivery_that_is_not_there_is_named(self, store: Store) -> None:
        with pytest.raises(StoreError, match="'alert/0/ops'"):
            store.record(attempt(delivery(), DELIVERED))

    def test_those_that_are_done_are_due_again_on_replay(self, store: Store) -> None:
        one, two = delivery("ops", alert("one")), delivery("ops", alert("two"))
        judged(store, one, two, delivery("log", alert("one")))
        for mine, status in zip(store.claim("ops", NOW, 30), (DEAD, DELIVERED), strict=True):
            store.record(attempt(mine, status))
        assert store.replay(DeliveryFilter(statuses=(PENDING,)), NOW) == 0
        assert store.replay(DeliveryFilter(statuses=(DEAD,)), after(50)) == 1
        assert store.replay(DeliveryFilter(sinks=("ops",)), after(60)) == 1
        assert [(row.next_at, row.tries) for row in store.claim("ops", after(60), 30)] == [(after(90), 0)] * 2

    def test_a_disabled_sink_gets_nothing_until_it_is_enabled(self, store: Store) -> None:
        judged(store, delivery("ops", alert("one")), delivery("ops", alert("two")), delivery("log", alert("one")))
        (sending,) = store.claim("ops", NOW, 30, limit=1)
        store.disable("ops", "https://ops.example/hook", after(1), "HTTP 410")
        state = SinkState(sink="ops", address="https://ops.example/hook", disabled_at=after(1), reason="HTTP 410")
        assert store.read(SinkStates()) == [state]
        assert [row.status for row in store.read(Deliveries(where=DeliveryFilter(alerts=("two",))))] == [DEAD]
        judged(store, delivery("ops", alert("three")))
        assert (store.claim("ops", after(90), 30), store.next_due(["ops"])) == ([], None)
        assert store.next_due(["ops", "log"]) == NOW
        store.record(attempt(sending, DELIVERED, after(2)))
        store.enable("ops")
        store.enable("ops")
        assert store.read(SinkStates()) == []
        assert [one.message.id for one in store.claim("ops", after(90), 30)] == ["three"]

    def test_those_raised_within_a_stretch_are_due_again(self, store: Store) -> None:
        told = [alert(name, raised_at=after(at)) for name, at in (("a", 10), ("b", 20), ("c", 30))]
        judged(store, *(delivery("ops", one) for one in told))
        for mine in store.claim("ops", NOW, 30):
            store.record(attempt(mine, DEAD))
        where = DeliveryFilter(since=after(20), until=after(30))
        assert [row.message.id for row in store.read(Deliveries(where=where))] == ["b"]
        assert store.replay(where, after(50)) == 1
        assert [row.message.id for row in store.claim("ops", after(50), 30)] == ["b"]

    def test_trouble_lasts_from_the_first_failure_to_the_next_success(self, store: Store) -> None:
        judged(store, delivery("ops"), delivery("log"))
        (mine,), (other,) = (store.claim(sink, NOW, 30) for sink in ("ops", "log"))
        for number in (1, 2, 3):
            store.record(attempt(mine, PENDING, after(number * 3600), next_at=after(number * 3600), number=number))
        store.record(attempt(other, PENDING, after(5), next_at=after(6)))
        assert store.read(SinkTroubles()) == [
            SinkTrouble(sink="log", since=after(5), last=after(5)),
            SinkTrouble(sink="ops", since=after(3600), last=after(3 * 3600)),
        ]
        store.record(attempt(mine, DELIVERED, after(4 * 3600), number=4))
        store.enable("log")
        assert store.read(SinkTroubles()) == []

    def test_a_day_without_a_try_says_nothing_of_a_sink(self, store: Store) -> None:
        judged(store, delivery())
        (mine,) = store.claim("ops", NOW, 30)
        day = 86_400
        for number, at in enumerate((0, day, 2 * day + 1), 1):
            store.record(attempt(mine, PENDING, after(at), next_at=after(at), number=number))
        (trouble,) = store.read(SinkTroubles())
        assert trouble.since == trouble.last == after(2 * day + 1)


def test_alerts_are_in_the_graph(store: Store) -> None:
    told = alert(incident="night")
    judgement = Judgement(alerts=(told,), deliveries=(delivery("ops", told),))
    store.settle(fast(0, said("stay", 2, 3)), Scripted(judgement))
    (mine,) = store.claim("ops", NOW, 30)
    store.record(attempt(mine, DELIVERED))
    whole = store.read(WholeGraph())
    (tried,) = [node.id for node in whole.nodes if node.label == "Attempt"]
    relations = {(edge.source, edge.type, edge.target) for edge in whole.edges}
    assert {
        ("alert", "ABOUT", "stay"),
        ("alert", "BY", "rule:bag-left"),
        ("alert", "ON", YARD.id),
        ("alert", "PART_OF", "incident:night"),
        (mine.id, "OF", "alert"),
        (mine.id, "TO", "sink:ops"),
        (tried, "OF", mine.id),
    } <= relations
    labels = {node.id: node.label for node in whole.nodes}
    assert [labels[one] for one in ("alert", "rule:bag-left", "incident:night", mine.id, "sink:ops")] == [
        "Alert",
        "Rule",
        "Incident",
        "Delivery",
        "Sink",
    ]
    near = {node.id for node in store.read(Neighbours(id="alert")).nodes}
    assert near == {"alert", "stay", "rule:bag-left", YARD.id, "incident:night", mine.id}
    assert {node.id for node in store.read(Neighbours(id="rule:bag-left")).nodes} == {"alert", "rule:bag-left"}
    assert {node.id for node in store.read(Neighbours(id=tried, hops=2)).nodes} == {tried, mine.id, "alert", "sink:ops"}


@dataclass
class Held:
    """What the model knows of one delivery."""

    delivery: Delivery
    status: DeliveryStatus = PENDING
    next_s: float = 0.0
    tries: int = 0


class Interleaved(RuleBasedStateMachine):
    """Any number of senders that claim, try, die, come late; against a plain model of the port."""

    LEASE_S = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = EmbeddedStore(":memory:")
        self.store.open_stream(YARD)
        self.now = 0.0
        self.held: dict[str, Held] = {}
        self.claimed: list[Delivery] = []
        self.disabled: set[str] = set()

    def teardown(self) -> None:
        self.store.close()

    def waiting(self, sink: str) -> list[Held]:
        """Those that may go: not done, and no earlier one of their alert that is not done."""
        if sink in self.disabled:
            return []
        open_ = [one for one in self.held.values() if one.delivery.sink == sink and one.status in (PENDING, SENDING)]
        least: dict[str, int] = {}
        for one in open_:
            message = one.delivery.message
            least[message.id] = min(least.get(message.id, message.sequence), message.sequence)
        return [one for one in open_ if one.delivery.message.sequence == least[one.delivery.message.id]]

    @rule(name=st.sampled_from("ab"), sequence=st.integers(0, 3), sink=st.sampled_from(["ops", "log"]))
    def tell(self, name: str, sequence: int, sink: str) -> None:
        told = delivery(sink, alert(name, sequence), next_at=after(self.now))
        judged(self.store, told)
        self.held.setdefault(told.id, Held(told, next_s=self.now))

    @rule(seconds=st.sampled_from([1.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(sink=st.sampled_from(["ops", "log"]), limit=st.integers(1, 3))
    def claim(self, sink: str, limit: int) -> None:
        due = {one.delivery.id for one in self.waiting(sink) if one.next_s <= self.now}
        taken = self.store.claim(sink, after(self.now), self.LEASE_S, limit)
        assert len(taken) == len({one.id for one in taken}) == min(limit, len(due))
        assert {one.id for one in taken} <= due
        for one in taken:
            known = self.held[one.id]
            assert (one.status, one.next_at, one.tries) == (SENDING, after(self.now + self.LEASE_S), known.tries)
            known.status, known.next_s = SENDING, self.now + self.LEASE_S
        self.claimed += taken

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), status=st.sampled_from([PENDING, DELIVERED, DEAD]))
    def record(self, data: st.DataObject, status: DeliveryStatus) -> None:
        mine = data.draw(st.sampled_from(self.claimed))
        self.claimed.remove(mine)
        self.now += 0.001  # no two tries begin at one moment
        tried = attempt(mine, status, after(self.now), next_at=after(self.now + 3) if status is PENDING else None)
        known = self.held[mine.id]
        for _ in range(2):  # a second record of one attempt changes nothing
            self.store.record(tried)
        known.tries += 1
        if status is DELIVERED or known.status in (PENDING, SENDING):
            known.status, known.next_s = status, self.now + 3

    @rule(sink=st.sampled_from(["ops", "log"]))
    def disable(self, sink: str) -> None:
        self.store.disable(sink, "there", after(self.now), "gone")
        self.disabled.add(sink)
        for one in self.held.values():
            lapsed = one.status is SENDING and one.next_s <= self.now
            if one.delivery.sink == sink and (one.status is PENDING or lapsed):
                one.status = DEAD

    @rule(sink=st.sampled_from(["ops", "log"]))
    def enable(self, sink: str) -> None:
        self.store.enable(sink)
        self.disabled.discard(sink)

    @rule(sink=st.sampled_from(["ops", "log"]), status=st.sampled_from([DELIVERED, DEAD]))
    def replay(self, sink: str, status: DeliveryStatus) -> None:
        matching = [one for one in self.held.values() if one.delivery.sink == sink and one.status is status]
        where = DeliveryFilter(sinks=(sink,), statuses=(status,))
        assert self.store.replay(where, after(self.now)) == len(matching)
        for one in matching:
            one.status, one.next_s, one.tries = PENDING, self.now, 0

    @invariant()
    def agrees(self) -> None:
        rows = {row.id: (row.status, row.tries) for row in self.store.read(Deliveries())}
        assert rows == {id_: (one.status, one.tries) for id_, one in self.held.items()}
        dues = [one.next_s for sink in ("ops", "log") for one in self.waiting(sink)]
        assert self.store.next_due(["ops", "log"]) == (after(min(dues)) if dues else None)


TestInterleaved = Interleaved.TestCase
TestInterleaved.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
