"""Spans go to a real receiver; where none is named nothing is done; whatever the receiver does, the work goes on."""

import logging
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from ingest.sources import camera
from tests.collector import collecting
from vidette.errors import ConfigError, StoreError
from vidette.models import Observation, Run, Segment
from vidette.settings import Settings
from vidette.traces import HERE, place_in, place_of
from workers.jobs import LookAt, Settle, Watch
from workers.tracing.spans import Spans, endpoint_of
from workers.tracing.tracing import Tracing, tracing_of

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
RUN = Run(id="r", model="m", revision="1")


def observation(number=0, look="fast"):
    return Observation(
        id=f"o{number}", stream_id="s", look=look, run=RUN, start_s=5.0, end_s=10.0, sequence=number, watermark_s=10.0
    )


@pytest.fixture
def collector():
    with collecting() as here:
        yield here


@pytest.fixture
def tracing(collector):
    with closing(Tracing(Spans(collector.url))) as made:
        yield made


def named(spans):
    return {one.name: one for one in spans}


def test_a_trace_goes_on_wherever_its_message_is_taken(collector, tracing):
    tracing.watched("yard", observation(), AT - timedelta(seconds=5))
    message = tracing.goes_with(Settle(observation=observation()))
    with tracing.span("settle", {"vidette.sequence": 0}, trace=message, kind="consumer"):
        look = tracing.goes_with(LookAt(segment=Segment(id="g", stream_id="s", start_s=0, end_s=1)))
    with tracing.span("look", trace=look) as span:
        span.note({"n": 2, "x": 0.5, "yes": True})
        deep = tracing.goes_with(Settle(observation=observation(look="deep")))
    assert place_in(deep).trace_id == place_of("o0").trace_id
    spans = named(collector.wait(lambda spans: len(spans) == 3))
    watch, settle, look = spans["watch"], spans["settle"], spans["look"]
    assert watch.trace == settle.trace == look.trace == f"{place_of('o0').trace_id:032x}"
    assert (watch.parent, settle.parent, look.parent) == ("", watch.id, settle.id)
    assert watch.said["vidette.stream"] == "yard"
    assert (watch.said["vidette.start_s"], watch.said["vidette.end_s"]) == (5.0, 10.0)
    assert watch.start_ns == int((AT - timedelta(seconds=5)).timestamp()) * 10**9
    assert look.said == {"n": 2, "x": 0.5, "yes": True}
    assert watch.resource["service.name"] == "vidette"
    assert watch.resource["service.instance.id"].endswith(f":{os.getpid()}")
    assert set(collector.paths) == {"/v1/traces"}
    assert HERE.get() == ""


def test_spans_within_others_and_errors_that_leave_them(collector, tracing):
    def work():
        with tracing.span("settle"):
            outside = HERE.get()
            with tracing.span("webhook", kind="client"):
                assert place_in(HERE.get()).trace_id == place_in(outside).trace_id
            assert HERE.get() == outside
            raise StoreError("bolt://user:secret@host is away")

    with pytest.raises(StoreError):
        work()
    spans = named(collector.wait(lambda spans: len(spans) == 2))
    assert spans["webhook"].parent == spans["settle"].id
    assert spans["settle"].parent == ""
    assert (spans["settle"].failed, spans["webhook"].failed) == (True, False)
    assert "secret" not in spans["settle"].reason
    assert "is away" in spans["settle"].reason
    assert (spans["settle"].kind, spans["webhook"].kind) == (1, 3)


@pytest.mark.parametrize("text", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 10_000])
def test_a_message_from_nowhere_begins_a_trace(collector, tracing, text):
    with tracing.span("settle", trace=text):
        assert place_in(HERE.get())
    (span,) = collector.wait(lambda spans: len(spans) == 1)
    assert span.parent == ""


def test_threads_are_in_traces_of_their_own(collector, tracing):
    inside, over = threading.Event(), threading.Event()

    def other():
        with tracing.span("other"):
            inside.set()
            over.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(20)
    with tracing.span("mine"):
        pass
    over.set()
    thread.join()
    spans = named(collector.wait(lambda spans: len(spans) == 2))
    assert spans["mine"].parent == spans["other"].parent == ""
    assert spans["mine"].trace != spans["other"].trace


def test_what_a_watch_sends_is_of_no_trace():
    tracing = Tracing()
    assert tracing.goes_with(Watch(spec=camera("yard", "rtsp://127.0.0.1/1"))) == ""


def test_where_nobody_is_told_nothing_is_done_or_imported():
    code = (
        "import sys\n"
        "from vidette.settings import Settings\n"
        "from workers.tracing.tracing import tracing_of\n"
        "tracing = tracing_of(Settings())\n"
        "assert not tracing.on\n"
        "with tracing.span('settle', trace='00-' + '1' * 32 + '-' + '2' * 16 + '-01') as span:\n"
        "    span.note({'a': 1}); span.fail('x')\n"
        "tracing.close()\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_one_tracing_a_process(collector):
    settings = Settings(cluster={"trace": collector.url})
    tracing = tracing_of(settings)
    assert tracing.on
    assert tracing_of(settings) is tracing
    tracing.close()


def test_a_collector_that_is_away_is_said_once_and_holds_up_nothing(collector, caplog):
    spans = Spans(collector.url)
    tracing = Tracing(spans)
    collector.code = 400
    with caplog.at_level(logging.WARNING):
        for number in range(2):
            with tracing.span("settle"):
                pass
            with collector.arrived:
                assert collector.arrived.wait_for(lambda n=number: len(collector.paths) > n, 60)
        collector.code = 200
        with tracing.span("look"):
            pass
        assert [one.name for one in collector.wait(lambda found: found)] == ["look"]
        tracing.close()
    said = [record.getMessage() for record in caplog.records]
    assert len([one for one in said if "takes no spans" in one]) == 1
    assert len([one for one in said if "takes spans again" in one]) == 1


def test_a_collector_that_says_nothing_holds_up_neither_the_work_nor_the_end():
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing = Tracing(Spans(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        for number in range(5000):  # more than wait
            tracing.watched("yard", observation(number), AT)
        closing_ = threading.Thread(target=tracing.close)
        closing_.start()
        closing_.join(30)
        assert not closing_.is_alive()


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("http://host:4318", "http://host:4318/v1/traces"),
        ("http://host:4318/", "http://host:4318/v1/traces"),
        ("https://[::1]:4318", "https://[::1]:4318/v1/traces"),
        ("https://host/otlp/v1/traces", "https://host/otlp/v1/traces"),
    ],
)
def test_where_spans_are_posted_to(address, endpoint):
    assert endpoint_of(address) == endpoint


@pytest.mark.parametrize("address", ["host:4318", "http://", "ftp://host", "http://host:99999", "x", "http://a\nb"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(ConfigError, match="write `http://host:4318`"):
        endpoint_of(address)
    with pytest.raises(ConfigError):
        tracing_of(Settings(cluster={"trace": address}))
