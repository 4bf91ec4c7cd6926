"""Spans that are decoded ahead, in a real Redis."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.machines import until
from tests.redis_server import emptied
from vidette.errors import StoreError
from workers.shared import decoded as module
from workers.shared.broker import Broker
from workers.shared.decoded import Decoded

MOST = 3


@pytest.fixture
def broker():
    with emptied() as server, closing(Broker(server.url)) as made:
        yield made


@pytest.fixture
def watched(broker):
    """The spans of a watch that goes on."""
    made = Decoded(broker, Decoded.new_run())
    made.alive()
    return made


def test_of_several_who_would_decode_a_span_one_does(watched):
    assert watched.take(0) is None
    assert watched.ask(0, MOST)
    assert watched.state(0) == "asked"
    with ThreadPoolExecutor(8) as pool:
        claims = [one for one in pool.map(lambda _: watched.take(0), range(40)) if one]
    assert len(claims) == 1
    assert watched.state(0) == "taken"


def test_all_watches_together_ask_for_so_many(broker, watched):
    other = Decoded(broker, Decoded.new_run())
    assert [watched.ask(0, MOST), other.ask(0, MOST), watched.ask(1, MOST), other.ask(1, MOST)] == [1, 1, 1, 0]
    watched.drop(0)
    assert other.ask(1, MOST)


def test_a_span_is_done_once_who_has_it_says_so(watched):
    watched.ask(0, MOST)
    claim = watched.take(0)
    assert claim.keep()
    assert watched.state(0) == "taken"
    assert claim.done()
    assert watched.state(0) == "done"
    watched.drop(0)
    assert watched.state(0) == "free"


def test_a_span_that_is_left_is_the_watchs_again(watched):
    watched.ask(0, MOST)
    claim = watched.take(0)
    claim.leave()
    assert watched.state(0) == "free"
    assert watched.take(0) is None
    assert not claim.keep()
    assert not claim.done()


def test_whoever_is_silent_has_it_no_more(watched, monkeypatch):
    monkeypatch.setattr(module, "AT_IT_S", 0.05)
    watched.ask(0, MOST)
    claim = watched.take(0)
    until(lambda: watched.state(0) == "free")
    assert not claim.keep()
    assert not claim.done()
    claim.leave()


def test_nothing_is_decoded_for_a_watch_that_is_over(watched):
    for number in range(2):
        watched.ask(number, MOST)
    claim = watched.take(0)
    watched.end()
    assert watched.take(1) is None
    assert not claim.keep()
    assert not claim.done()


def test_one_watch_takes_nothing_of_another(broker, watched):
    other = Decoded(broker, Decoded.new_run())
    other.alive()
    for one in (watched, other):
        one.ask(0, MOST)
    watched.take(0).done()
    assert other.state(0) == "asked"


def test_nothing_stays_for_ever(broker, watched):
    watched.ask(0, MOST)
    watched.take(0).done()
    assert all(broker.client.pttl(key) > 0 for key in broker.client.scan_iter("vidette:decoded:*"))


def test_a_broker_that_is_away_is_one_line():
    away = Decoded(Broker("redis://127.0.0.1:1/0"), "run")
    for ask in (away.alive, lambda: away.ask(0, 1), lambda: away.take(0), lambda: away.state(0)):
        with pytest.raises(StoreError, match="broker") as caught:
            ask()
        assert caught.value.retryable
