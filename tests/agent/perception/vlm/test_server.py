"""Asking a server: how long it is waited for, how often it is tried, and when it is left alone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from agent.perception.vlm.breaker import Breaker
from agent.perception.vlm.server import Patience, Server
from tests.answering import QUIET, ModelServer, completion, dropped, status
from vidette.errors import ModelError

QUESTION = b'{"messages": []}'


class Time:
    """A clock that only waiting moves."""

    def __init__(self):
        self.now, self.waits = 100.0, []

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def asked(time):
    """Asks a server of ours through a Server made for it."""
    made = []

    def ask(server, *, patience=None, breaker=None):
        patience = patience or Patience(timeout_s=10, deadline_s=60, retries=3)
        made.append(
            Server(server.url, patience=patience, breaker=breaker or Breaker(clock=time), wait=time.wait, clock=time)
        )
        return made[-1].ask(QUESTION, made[-1].until())

    yield ask
    for one in made:
        one.close()


def test_waits_double_and_vary(asked, time):
    with ModelServer([status(500)] * 3) as server:
        answer, tries = asked(server)
    assert (answer["choices"][0]["finish_reason"], tries) == ("stop", 4)
    assert [least <= wait <= 2 * least for least, wait in zip((0.25, 0.5, 1.0), time.waits, strict=True)] == [True] * 3


def test_retry_after_is_honoured_in_seconds_and_as_a_date(asked, time):
    with ModelServer([status(429, Retry_After="7"), status(503, Retry_After="nonsense")]) as server:
        asked(server)
    assert time.waits[0] == 7.0
    assert 0.5 <= time.waits[1] <= 1.0


def test_a_date_that_is_over_means_at_once(asked, time):
    past = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    with ModelServer([status(429, Retry_After=past)]) as server:
        asked(server)
    assert time.waits == [0.0]


def test_a_wait_beyond_the_deadline_ends_it_at_once(asked, time):
    with ModelServer([status(429, Retry_After="3600")]) as server, pytest.raises(ModelError, match="HTTP 429"):
        asked(server)
    assert time.waits == []


def test_tries_end_with_the_deadline(asked, time):
    with ModelServer([status(503, Retry_After="4")] * 99) as server:
        with pytest.raises(ModelError, match="after 3 tries"):
            asked(server, patience=Patience(timeout_s=5, deadline_s=10, retries=50))
        assert len(server.questions) == 3
    assert time.waits == [4.0, 4.0]


def test_a_server_that_failed_often_is_left_alone_and_then_tried_with_one_question(time, caplog):
    breaker = Breaker(failures=2, open_s=30, clock=time)
    with ModelServer([dropped] * 3) as server:
        ours = Server(server.url, patience=Patience(retries=0), breaker=breaker, wait=time.wait, clock=time)

        def ask():
            return ours.ask(QUESTION, ours.until())

        for _ in range(2):
            with pytest.raises(ModelError):
                ask()
        with pytest.raises(ModelError, match="left alone"):
            ask()
        assert len(server.questions) == 2
        time.now += 30
        with pytest.raises(ModelError):
            ask()  # tried, and failed again
        with pytest.raises(ModelError, match="left alone"):
            ask()
        assert len(server.questions) == 3
        time.now += 30
        assert ask()[1] == 1
        assert ask()[1] == 1
    assert caplog.text.count("does not answer") == 1


def test_a_refusal_does_not_open_the_breaker(time):
    breaker = Breaker(failures=1, open_s=30, clock=time)
    with ModelServer([status(400)]) as server:
        ours = Server(server.url, patience=Patience(retries=0), breaker=breaker, wait=time.wait, clock=time)
        with pytest.raises(ModelError, match="HTTP 400"):
            ours.ask(QUESTION, ours.until())
        assert ours.ask(QUESTION, ours.until())[1] == 1


def test_only_so_many_questions_are_asked_at_the_same_time():
    together, release = threading.Barrier(3), threading.Event()

    def answer(_):
        if not release.is_set():
            together.wait(20)  # two of them, and the test
            release.wait(20)
        return QUIET

    with ModelServer(answer=answer) as server, ThreadPoolExecutor(6) as pool:
        ours = Server(server.url, patience=Patience(concurrency=2))
        answers = [pool.submit(ours.ask, QUESTION, ours.until()) for _ in range(6)]
        together.wait(20)
        release.set()
        assert {one.result()[1] for one in answers} == {1}
    assert server.most == 2


def test_one_that_gets_no_slot_before_its_deadline_says_so():
    with ModelServer() as server, ThreadPoolExecutor(1) as pool:
        server.faults = [server.hang]
        ours = Server(server.url, patience=Patience(concurrency=1, timeout_s=30, retries=0))
        first = pool.submit(ours.ask, QUESTION, ours.until())
        assert server.asked.wait(20)
        with pytest.raises(ModelError, match="busy with earlier questions"):
            ours.ask(QUESTION, 0.0)
        ours.close()  # and what hangs is cut
        with pytest.raises(ModelError):
            first.result(20)


def test_a_reply_may_be_large_but_not_without_end(asked):
    large = json.dumps({**completion(QUIET), "padding": "x" * 2**20}).encode()
    with ModelServer([status(200, large)]) as server:
        assert asked(server)[1] == 1
    with ModelServer([status(200, large * 5)]) as server, pytest.raises(ModelError, match="more than 4194304 bytes"):
        asked(server, patience=Patience(retries=0))


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "224.0.0.1"])
def test_where_a_cloud_keeps_its_keys_is_never_asked_whatever_the_settings_say(host, time):
    server = Server(f"http://{host}/v1", wait=time.wait, clock=time)
    with pytest.raises(ModelError, match="address") as caught:
        server.ask(QUESTION, server.until())
    assert time.waits == []  # it would be the same again
    assert not caught.value.retryable
