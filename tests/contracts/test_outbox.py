"""What every store does with deliveries: told through an outbox, in order, once at a time."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graph.embedded import EmbeddedStore
from tests.judged import (
    DEAD,
    DELIVERED,
    NOW,
    PENDING,
    SENDING,
    YARD,
    Scripted,
    Store,
    after,
    alert,
    attempt,
    delivery,
    fast,
    judged,
    said,
)
from vidette.alerting import Attempts, Deliveries, SinkStates, SinkTroubles
from vidette.alerts import Delivery, DeliveryFilter, DeliveryStatus, Judgement, SinkState, SinkTrouble
from vidette.errors import StoreError
from vidette.queries import Neighbours, WholeGraph


@pytest.fixture
def store(opened: Store) -> Store:
    opened.open_stream(YARD)
    return opened


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
