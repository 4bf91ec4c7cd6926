"""Dead jobs: kept with why, once each, bounded, sent again or dropped by a person."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workers.shared.dead
from tests.redis_server import emptied
from vidette.errors import ConfigError, StoreError
from workers.shared.broker import Broker
from workers.shared.dead import Dead


@pytest.fixture
def broker():
    with emptied() as server:
        one = Broker(server.url)
        yield one
        one.close()


@pytest.fixture
def dead(broker):
    return Dead(broker)


def add(dead: Dead, text: str = "{}", error: str = "it broke", queue: str = "settle", tries: int = 5) -> str:
    return dead.add(queue=queue, text=text, error=error, tries=tries)


def size(broker: Broker) -> tuple[int, int]:
    """Bytes as counted, and as they are."""
    counted = int(broker.client.get(broker.key("dead", "bytes")) or 0)
    return counted, sum(map(len, broker.client.hvals(broker.key("dead"))))


def test_a_job_that_was_sent_twice_and_given_up_twice_is_one(dead):
    sent = [json.dumps({"sent_at": at, "job": {"kind": "deliver", "sink": "ops"}}) for at in ("10:00", "10:01")]
    assert add(dead, sent[0]) == add(dead, sent[1])
    (row,) = dead.rows()
    assert row.text == sent[1]
    assert add(dead, sent[0].replace("ops", "desk")) != row.id
    for odd in ("[]", "7", "{", '{"job": ' + "[" * 100_000):
        add(dead, odd)


def test_jobs_are_listed_the_newest_first(dead, broker):
    one, two = add(dead, "one", error="x" * 5000), add(dead, "two", queue="vision", error="no '\udcff'", tries=1)
    newest, oldest = dead.rows()
    assert (newest.id, newest.queue, newest.text, newest.error, newest.tries) == (two, "vision", "two", "no '?'", 1)
    assert (oldest.id, len(oldest.error)) == (one, 1000)
    assert dead.count() == 2
    assert [row.id for row in dead.rows(limit=1)] == [two]
    seconds, _ = broker.client.time()
    assert abs(newest.at - datetime.fromtimestamp(seconds, UTC)) < timedelta(seconds=60)


def test_a_job_that_is_given_up_twice_is_one_dead_job_with_the_later_reason(dead, broker):
    one = add(dead, "one", "first")
    add(dead, "two")
    assert add(dead, "one", "second, and longer") == one
    assert [row.error for row in dead.rows()] == ["it broke", "second, and longer"]
    assert add(dead, "one", queue="vision") != one
    counted, real = size(broker)
    assert counted == real


def test_all_are_sent_again_the_oldest_first_and_kept_no_longer(dead, broker):
    for number in range(5):
        add(dead, str(number))
    sent: list[str] = []
    assert dead.replay(lambda job: sent.append(job.text) is None) == 5
    assert sent == list("01234")
    assert dead.rows() == []
    assert size(broker) == (0, 0)


def test_one_is_sent_again_by_the_start_of_its_id(dead):
    one, two = add(dead, "one"), add(dead, "two")
    assert dead.replay(lambda job: job.text == "one", one[:6]) == 1
    assert [row.id for row in dead.rows()] == [two]


def test_what_was_not_sent_is_kept(dead):
    add(dead, "one")
    add(dead, "two")
    assert dead.replay(lambda job: job.text == "two") == 1

    def fails(_job: object) -> bool:
        raise StoreError("the broker went away", retryable=True)

    with pytest.raises(StoreError):
        dead.replay(fails)
    assert [row.text for row in dead.rows()] == ["one"]


def test_jobs_are_dropped(dead, broker):
    one = add(dead, "one")
    for number in range(3):
        add(dead, str(number))
    assert dead.drop(one) == 1
    assert dead.drop() == 3
    assert dead.drop() == 0
    assert size(broker) == (0, 0)


@pytest.mark.parametrize("identity", ["", "ab", "ffffffff", "*", "zz[", "x" * 10_000])
def test_an_id_that_is_nobodys_is_said_to_be_so(dead, identity):
    add(dead)
    with pytest.raises(ConfigError, match="no dead job"):
        dead.find(identity)


def test_an_id_that_may_be_two_is_refused(dead, broker):
    first = add(dead)
    job = json.loads(broker.client.hget(broker.key("dead"), first))
    for other in ("abcdef01", "abcdef02"):
        broker.client.hset(broker.key("dead"), other, json.dumps({**job, "id": other}))
        broker.client.zadd(broker.key("dead", "order"), {other: 99})
    with pytest.raises(ConfigError, match="the start of 2 dead jobs"):
        dead.replay(lambda _: True, "abcd")
    assert dead.drop("abcdef01") == 1


def test_the_oldest_go_when_there_are_too_many_and_are_counted(dead, broker, monkeypatch):
    monkeypatch.setattr(workers.shared.dead, "MOST", 3)
    for number in range(5):
        add(dead, str(number))
    assert [row.text for row in dead.rows()] == ["4", "3", "2"]
    assert (dead.count(), dead.lost()) == (3, 2)
    counted, real = size(broker)
    assert counted == real
    assert dead.drop() == 3
    assert dead.lost() == 0


def test_the_oldest_go_when_they_are_too_large_but_never_the_newest(dead, broker, monkeypatch):
    monkeypatch.setattr(workers.shared.dead, "MOST_BYTES", 3000)
    for number in range(4):
        add(dead, str(number) * 1000)
    assert [row.text[0] for row in dead.rows()] == ["3", "2"]
    add(dead, "x" * 10_000)
    assert [row.text[0] for row in dead.rows()] == ["x"]
    assert dead.lost() == 4
    counted, real = size(broker)
    assert counted == real


def test_one_that_cannot_be_read_hides_no_other(dead, broker, caplog):
    bad = add(dead, "bad")
    add(dead, "good")
    broker.client.hset(broker.key("dead"), bad, b"\xff{")
    assert [row.text for row in dead.rows()] == ["good"]
    assert "cannot be read" in caplog.text
    with pytest.raises(StoreError, match="cannot be read"):
        dead.find(bad)
    assert dead.drop(bad) == 1


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.text(max_size=20), st.booleans()), max_size=15))
def test_whatever_is_added_and_dropped_the_size_is_counted(steps):
    with emptied() as server:
        broker = Broker(server.url)
    dead = Dead(broker)
    kept: dict[str, str] = {}
    for text, error, drop in steps:
        kept[add(dead, text, error)] = text
        if drop:
            identity = next(iter(kept))
            assert dead.drop(identity) == 1
            del kept[identity]
    assert {row.id: row.text for row in dead.rows()} == kept
    counted, real = size(broker)
    assert counted == real
    broker.close()
