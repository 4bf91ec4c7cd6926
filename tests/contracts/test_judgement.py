"""What every store does with judgement: written with its observation, and read as it was written."""

from dataclasses import replace

import pytest

from tests.judged import (
    DEAD,
    DEEP,
    FAST,
    NOW,
    YARD,
    Scripted,
    Store,
    after,
    alert,
    deep,
    delivery,
    fast,
    judged,
    said,
    thing,
)
from vidette import ids
from vidette.alerting import Alerts, Decisions, Deliveries, MediaHeld, RuleStates
from vidette.alerts import (
    AlertFilter,
    AlertState,
    Case,
    Change,
    Decision,
    DeliveryFilter,
    Judgement,
    RuleState,
    Severity,
    Verdict,
)
from vidette.errors import StoreError
from vidette.models import Evidence, Label, Role, State
from vidette.ports import Reader
from vidette.queries import Count, Events, Filter, LastCommit, Neighbours


@pytest.fixture
def store(opened: Store) -> Store:
    opened.open_stream(YARD)
    return opened


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

    def test_a_rule_is_of_the_version_that_its_newest_alert_names(self, store: Store) -> None:
        old, new = alert("b", rule_version="f00"), alert("a", rule_version="a00", at=after(90))
        tied = alert("c", rule_version="b00", at=after(90))
        found = []
        for one in (new, old, tied):
            judged(store, alerts=(one,))
            nodes = store.read(Neighbours(id=one.id)).nodes
            found += [node.properties for node in nodes if node.label == "Rule"]
        assert found == [{"version": "a00"}, {"version": "a00"}, {"version": "b00"}]
