"""From the fact that raised an alert to what its receiver is told: one trace, over Redis, whoever delivers."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rules.addresses import networks_of
from rules.sinks.webhook import WebhookSink
from tests.collector import collecting
from tests.redis_server import emptied
from tests.telling import KEY, LOOPBACK, alert, delivery, endpoint
from vidette.alerts import Judgement, Sent
from vidette.models import Observation, Run
from vidette.settings import Settings
from vidette.traces import HERE, place_in
from workers.delivery.sender import Lane
from workers.jobs import Settle
from workers.shared.broker import Broker
from workers.tracing.spans import Spans
from workers.tracing.traced import heeding, traced
from workers.tracing.tracing import Tracing
from workers.watches.emitters import Emitters
from workers.wiring import pipeline_of

RUN = Run(id="r", model="m", revision="1")
AWAY = "redis://127.0.0.1:1/0"


class Judge:
    """Raises what it is told to."""

    def __init__(self, *deliveries):
        self.deliveries = deliveries

    def judge(self, case, read):
        return Judgement(deliveries=self.deliveries)

    def new_rules(self, read, stream_id):
        return ()


class Kept:
    """A sink that keeps what it was sent and where in a trace that was."""

    id, address = "ops", "file"

    def __init__(self):
        self.places = []

    def send(self, delivery):
        self.places.append(place_in(HERE.get()))
        return Sent(ok=True)

    def close(self):
        self.closed = True


@pytest.fixture
def broker():
    with emptied() as server, closing(Broker(server.url)) as made:
        yield made


@pytest.fixture
def collector():
    with collecting() as here:
        yield here


@pytest.fixture
def tracing(collector):
    with closing(Tracing(Spans(collector.url))) as made:
        yield made


@pytest.fixture
def pipeline(tmp_path):
    with closing(pipeline_of(Settings(db=str(tmp_path / "v.db")))) as made:
        yield made


def raise_(pipeline, tracing, broker, *deliveries):
    """As a worker settles; -> the place in the trace."""
    with tracing.span("settle"):
        place = place_in(HERE.get())
        with heeding(replace(pipeline, judge=Judge(*deliveries)), tracing, broker) as heeded:
            heeded.judge.judge(None, None)
    return place


def lane(sink):
    return Lane(sink=sink, lease_s=10)


def test_a_delivery_goes_on_where_its_alert_was_raised(pipeline, tracing, broker, collector):
    first, later = delivery(1), delivery(1, sequence=2)
    begun = raise_(pipeline, tracing, broker, first)
    other = raise_(pipeline, tracing, broker, later)
    sink = Kept()
    (made,) = traced([lane(sink)], tracing, broker)
    assert made.sink.id == "ops"
    for one in (first, first, later, delivery(9)):
        assert made.sink.send(one).ok
    assert [place.trace_id for place in sink.places[:3]] == [begun.trace_id, begun.trace_id, other.trace_id]
    assert sink.places[3].trace_id not in (begun.trace_id, other.trace_id)
    spans = collector.wait(lambda spans: len([one for one in spans if one.name == "deliver"]) == 4)
    told = [one for one in spans if one.name == "deliver"]
    assert [one.parent for one in told] == [
        f"{begun.span_id:016x}",
        f"{begun.span_id:016x}",
        f"{other.span_id:016x}",
        "",
    ]
    assert told[0].said["vidette.delivery"] == first.id
    made.sink.close()
    assert sink.closed


@pytest.mark.parametrize("code", [204, 500])
def test_a_webhook_is_told_the_trace_and_its_answer_ends_it(pipeline, tracing, broker, collector, code):
    one = delivery(1, at=datetime.now(UTC))
    begun = raise_(pipeline, tracing, broker, one)
    with endpoint(code) as there:
        sink = WebhookSink("ops", there.url, [KEY], timeout_s=10, allow=networks_of(LOOPBACK))
        (made,) = traced([lane(sink)], tracing, broker)
        assert made.sink.send(one).ok is (code == 204)
        made.sink.close()
    told = place_in(there.requests[0].headers["traceparent"])
    spans = {span.name: span for span in collector.wait(lambda spans: len(spans) == 3)}
    assert {span.trace for span in spans.values()} == {f"{begun.trace_id:032x}"}
    assert (spans["deliver"].parent, spans["webhook"].parent) == (spans["settle"].id, spans["deliver"].id)
    assert f"{told.span_id:016x}" == spans["webhook"].id
    assert spans["webhook"].said["http.response.status_code"] == code
    assert spans["webhook"].said["server.address"] == "127.0.0.1"
    assert spans["webhook"].failed is spans["deliver"].failed is (code == 500)


def test_without_a_trace_a_webhook_is_told_of_none():
    with endpoint(200) as there:
        sink = WebhookSink("ops", there.url, [KEY], timeout_s=10, allow=networks_of(LOOPBACK))
        assert sink.send(delivery(1)).ok
        sink.close()
    assert "traceparent" not in there.requests[0].headers


def test_a_transaction_that_is_judged_again_counts_as_it_ended(pipeline, tracing, broker, collector):
    judge = Judge(delivery(1))
    with tracing.span("settle"), heeding(replace(pipeline, judge=judge), tracing, broker) as heeded:
        heeded.judge.judge(None, None)
        judge.deliveries = (delivery(2),)
        assert heeded.judge.judge(None, None).deliveries == judge.deliveries
        assert heeded.judge.new_rules(None, "s") == ()
    keys = broker.client.keys("vidette:trace:*")
    assert [key.decode() for key in keys] == [f"vidette:trace:{alert(2).id}:1"]
    assert 0 < broker.client.ttl(keys[0]) <= 24 * 3600


def test_a_broker_that_is_away_fails_neither_settling_nor_delivery(pipeline, tracing, collector):
    away = Broker(AWAY)
    raise_(pipeline, tracing, away, delivery(1))
    (made,) = traced([lane(Kept())], tracing, away)
    assert made.sink.send(delivery(1)).ok


def test_a_settling_that_fails_leaves_nothing(pipeline, tracing, broker):
    def work():
        with tracing.span("settle"), heeding(replace(pipeline, judge=Judge(delivery(1))), tracing, broker) as heeded:
            heeded.judge.judge(None, None)
            raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        work()
    assert broker.client.keys("vidette:trace:*") == []


def test_where_nobody_is_told_nothing_is_wrapped(pipeline):
    off, away, sink = Tracing(), Broker(AWAY), Kept()
    assert traced([lane(sink)], off, away)[0].sink is sink
    with heeding(replace(pipeline, judge=Judge()), off, away) as heeded:
        assert isinstance(heeded.judge, Judge)


def test_each_observation_that_is_put_begins_a_trace_with_the_look_at_its_frames(tmp_path, tracing, collector):
    def seen(number):
        said = {"stream_id": "s", "look": "fast", "run": RUN, "watermark_s": 5.0 * number + 5}
        return Observation(id=f"o{number}", start_s=5.0 * number, end_s=5.0 * number + 5, sequence=number, **said)

    emitters = Emitters(None, lambda job: None, spool=tmp_path, settings=Settings().cluster, seen=tracing.watched)
    emitter = emitters.open("s", name="yard")
    emitter.begin(1)
    for number in range(2):
        emitter.put(seen(number))
    emitters.close(emitter)
    first, second = collector.wait(lambda spans: len(spans) == 2)
    assert (first.name, first.said["vidette.stream"], first.said["vidette.sequence"]) == ("watch", "yard", 0)
    assert first.trace != second.trace
    assert tracing.goes_with(Settle(observation=seen(1))) == f"00-{second.trace}-{second.id}-01"
