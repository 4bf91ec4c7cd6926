"""What is wanted of streams: asked for, begun, begun again, stopped, over; kept by Redis alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sources import SourceSpec
from tests.redis_server import emptied, free_port
from vidette.errors import StoreError
from workers.jobs import Watch
from workers.shared.broker import Broker
from workers.shared.registry import Registry


@pytest.fixture
def broker():
    with emptied() as server:
        one = Broker(server.url)
        yield one
        one.close()


@pytest.fixture
def registry(broker):
    return Registry(broker)


def job_of(name: str = "yard", **said) -> Watch:
    spec = SourceSpec(
        name=name,
        stream_id=f"id of {name}",
        paths=(Path("/clips/a.mp4"), Path("/clips/ü b.mp4")),
        offsets_s=(0.0, 12.5),
        start=datetime(2026, 5, 1, tzinfo=UTC),
        start_from="metadata",
        duration_s=20.0,
        url=said.pop("url", ""),
    )
    return Watch(spec=spec, **said)


def test_what_is_wanted_is_found_as_it_was_asked_for(registry, broker):
    job = job_of(again=True, span_s=30.0)
    registry.want(job)
    registry.want(job_of("gate", url="rtsp://camera/1"))
    one = registry.get("id of yard")
    assert (one.name, one.job, one.state, one.tries, one.sequence, one.error) == ("yard", job, "wanted", 0, -1, "")
    assert [one.name for one in registry.all()] == ["gate", "yard"]
    assert registry.get("nobody's") is None
    seconds, _ = broker.client.time()
    assert abs(one.at - datetime.fromtimestamp(seconds, UTC)) < timedelta(seconds=60)


def test_beginnings_are_counted_until_memory_gets_on(registry):
    registry.want(job_of())
    assert [registry.begun("id of yard", -1) for _ in range(3)] == [1, 2, 3]
    assert [registry.begun("id of yard", at) for at in (4, 4, 5)] == [1, 2, 1]
    assert registry.begun("id of yard", 0) == 1, "another run of it: something was committed in between"
    one = registry.get("id of yard")
    assert (one.tries, one.sequence) == (1, 0)
    registry.want(job_of())
    assert registry.get("id of yard").tries == 0
    assert registry.begun("nobody's", 3) == 0
    assert registry.get("nobody's") is None


def test_who_leaves_it_to_others_has_not_failed(registry):
    registry.want(job_of())
    registry.begun("id of yard", 7)
    registry.let_go("id of yard")
    assert registry.begun("id of yard", 7) == 1
    registry.let_go("nobody's")
    assert registry.get("nobody's") is None


def test_whoever_goes_on_does_not_begin_again(registry):
    registry.want(job_of(again=True))
    registry.begun("id of yard", -1)
    assert registry.get("id of yard").job.again
    registry.on_its_way("id of yard")
    assert registry.get("id of yard").job == replace(job_of(again=True), again=False)
    registry.want(job_of(again=True))
    assert registry.get("id of yard").job.again
    registry.on_its_way("nobody's")
    assert len(registry.all()) == 1


def test_a_stop_is_for_what_is_wanted(registry):
    registry.want(job_of())
    registry.stop("id of yard")
    assert registry.get("id of yard").state == "stopping"
    registry.want(job_of())
    assert registry.get("id of yard").state == "wanted"
    registry.end("id of yard", "done")
    registry.stop("id of yard")
    registry.stop("nobody's")
    assert [one.state for one in registry.all()] == ["done"]


@pytest.mark.parametrize("state", ["done", "failed", "dead"])
def test_what_is_over_says_why_and_is_forgotten_after_a_week(registry, broker, state):
    registry.want(job_of())
    registry.end("id of yard", state, "cannot open '\udcff'" + "x" * 1000)
    one = registry.get("id of yard")
    assert one.state == state
    assert one.error.startswith("cannot open '?'")
    assert len(one.error) == 500
    assert 0 < broker.client.ttl(broker.key("watch", "id of yard")) <= 7 * 86_400
    registry.want(job_of())
    assert broker.client.ttl(broker.key("watch", "id of yard")) == -1
    registry.end("nobody's", state)
    assert len(registry.all()) == 1


def test_what_redis_has_forgotten_is_wanted_no_more(registry, broker):
    registry.want(job_of())
    broker.client.delete(broker.key("watch", "id of yard"))  # as after a week
    assert registry.all() == []
    assert broker.client.smembers(broker.key("watches")) == set()


def test_one_that_cannot_be_read_hides_no_other(registry, broker, caplog):
    registry.want(job_of())
    registry.want(job_of("gate"))
    for field, value in (("job", "{}"), ("state", "hoped for"), ("at", "soon"), ("tries", "\xff")):
        kept = broker.client.hget(broker.key("watch", "id of yard"), field)
        broker.client.hset(broker.key("watch", "id of yard"), field, value)
        assert [one.name for one in registry.all()] == ["gate"]
        assert "'id of yard' cannot be read" in caplog.text
        with pytest.raises(StoreError, match="another version"):
            registry.get("id of yard")
        broker.client.hset(broker.key("watch", "id of yard"), field, kept)
    assert len(registry.all()) == 2


def test_more_than_are_asked_for_at_once(registry):
    for number in range(1203):
        registry.want(job_of(f"camera {number:04d}"))
    assert [one.name for one in registry.all()] == [f"camera {number:04d}" for number in range(1203)]


def test_without_a_server_everything_is_an_error_that_may_pass():
    registry = Registry(Broker(f"redis://127.0.0.1:{free_port()}/0"))
    calls = [
        lambda: registry.want(job_of()),
        lambda: registry.get("x"),
        registry.all,
        lambda: registry.begun("x", 1),
        lambda: registry.on_its_way("x"),
        lambda: registry.end("x", "done"),
        lambda: registry.stop("x"),
    ]
    for call in calls:
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.retryable


@settings(max_examples=50)
@given(st.lists(st.integers(-1, 3), max_size=12))
def test_tries_are_the_beginnings_since_the_last_commit(sequences):
    with emptied() as server:
        registry = Registry(Broker(server.url))
    registry.want(job_of())
    for at, sequence in enumerate(sequences):
        same = 0
        while same <= at and sequences[at - same] == sequence:
            same += 1
        assert registry.begun("id of yard", sequence) == same
