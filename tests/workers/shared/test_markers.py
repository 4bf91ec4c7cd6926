"""Marks that something was sent, in a real Redis."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.redis_server import emptied
from vidette.errors import StoreError
from workers.shared.broker import Broker
from workers.shared.markers import Markers


@pytest.fixture
def markers():
    with emptied() as server, closing(Broker(server.url)) as made:
        yield Markers(made)


def test_of_several_who_make_one_at_once_one_may_send(markers):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: markers.make("watch:one", 60), range(40)))
    assert sum(made) == 1


def test_it_is_there_until_it_is_taken_or_its_time_is_over(markers):
    assert markers.make("watch:one", 60)
    assert markers.make("deliver:ops", 60)
    assert markers.among(["watch:one", "watch:two", "deliver:ops"]) == {"watch:one", "deliver:ops"}
    markers.clear("watch:one")
    assert markers.among(["watch:one", "deliver:ops"]) == {"deliver:ops"}
    assert markers.make("watch:one", 0.05)
    deadline = time.monotonic() + 20
    while markers.among(["watch:one"]):
        assert time.monotonic() < deadline
    assert markers.make("watch:one", 60)


def test_of_none_nothing_is_asked():
    assert Markers(Broker("redis://127.0.0.1:1/0")).among([]) == frozenset()


def test_a_broker_that_is_away_is_one_line():
    markers = Markers(Broker("redis://127.0.0.1:1/0"))
    for ask in (lambda: markers.make("a", 1), lambda: markers.clear("a"), lambda: markers.among(["a"])):
        with pytest.raises(StoreError, match="broker") as caught:
            ask()
        assert caught.value.retryable
