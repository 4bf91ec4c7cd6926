"""Any mix of answers: everything ends delivered or dead, one message of an alert at a time, no more at once than asked."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.embedded import EmbeddedStore
from rules.outbox import DELAYS_S
from tests.telling import delivery
from vidette.alerting import Attempts, Deliveries, SinkStates
from vidette.alerts import DeliveryStatus, Judgement, Sent
from workers.delivery.delivering import Lane, Pump

PATIENCE_S = 60.0
ANSWERS = st.sampled_from(
    [
        Sent(ok=True),
        Sent(ok=True),
        Sent(ok=False, error="busy"),
        Sent(ok=False, error="slow down", after_s=100.0),
        Sent(ok=False, again=False, error="never"),
        RuntimeError("a fault of ours"),
    ]
)


class Picky:
    """A sink that answers as it is told, and watches how it is asked."""

    id, address = "ops", "nowhere"

    def __init__(self, answers) -> None:
        self.answers, self.lock = list(answers), threading.Lock()
        self.flying: Counter[str] = Counter()
        self.most, self.most_of_one, self.taken = 0, 0, []

    def send(self, one) -> Sent:
        with self.lock:
            self.flying[one.message.id] += 1
            self.most_of_one = max(self.most_of_one, self.flying[one.message.id])
            self.most = max(self.most, self.flying.total())
            answer = self.answers.pop() if self.answers else Sent(ok=True)
        time.sleep(0)  # others may run
        with self.lock:
            self.flying[one.message.id] -= 1
            if isinstance(answer, Exception):
                raise answer
            self.taken.append((one.message.id, one.message.sequence, answer))
        return answer

    def close(self) -> None:
        """Nothing is held."""


class Clock:
    """Wall time that the test moves on."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@settings(max_examples=25, deadline=None)
@given(st.lists(ANSWERS, max_size=60), st.integers(1, 6), st.integers(1, 8), st.integers(1, 3))
def test_whatever_a_sink_answers_every_message_ends_and_order_holds(answers, at_once, alerts, messages):
    store, clock, sink = EmbeddedStore(":memory:"), Clock(), Picky(answers)
    told = [delivery(number, sequence=sequence) for number in range(alerts) for sequence in range(1, messages + 1)]
    store.amend(lambda read: Judgement(alerts=tuple(one.message for one in told), deliveries=tuple(told)))
    deadline = time.monotonic() + PATIENCE_S
    with Pump(store, [Lane(sink=sink, lease_s=30, at_once=at_once)], now=clock, share=lambda: 0.5) as pump:
        while pump.remaining():
            assert time.monotonic() < deadline
            pump.drain(0.5)
            clock.ahead += timedelta(seconds=DELAYS_S[-1] + 1)  # a lease ends too, of what a fault of ours left claimed
            pump.nudge()
    rows = store.read(Deliveries(limit=1000))
    assert {one.status for one in rows} <= {DeliveryStatus.DELIVERED, DeliveryStatus.DEAD}
    assert sink.most <= at_once
    assert sink.most_of_one == 1
    for number in range(alerts):
        mine = [(sequence, answer) for alert, sequence, answer in sink.taken if alert == delivery(number).message.id]
        assert [sequence for sequence, _ in mine] == sorted(sequence for sequence, _ in mine)
        done = [sequence for sequence, answer in mine if answer.ok]
        assert len(done) == len(set(done))  # what was delivered is not sent again
    for one in rows:
        tries = store.read(Attempts(deliveries=(one.id,)))
        assert len(tries) == one.tries <= len(DELAYS_S)
        assert [tried.status for tried in tries].count(DeliveryStatus.DELIVERED) == (
            one.status is DeliveryStatus.DELIVERED
        )
    assert store.read(SinkStates()) == []
    store.close()


def test_messages_of_different_alerts_are_on_their_way_together():
    store, sink, both = EmbeddedStore(":memory:"), Picky(()), threading.Barrier(3)
    take = sink.send

    def send(one) -> Sent:
        both.wait(20)
        return take(one)

    sink.send = send
    told = [delivery(number) for number in range(6)]
    store.amend(lambda read: Judgement(alerts=tuple(one.message for one in told), deliveries=tuple(told)))
    with Pump(store, [Lane(sink=sink, lease_s=30, at_once=3)]) as pump:
        pump.drain(20)
        assert pump.remaining() == {}
    assert len(sink.taken) == 6
    store.close()
