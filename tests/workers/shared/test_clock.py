"""The broker's time, as a process knows it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.redis_server import emptied
from vidette.errors import StoreError
from vidette.settings import Settings
from workers.shared.clock import Clock
from workers.shared.process import clock_of

AT = 1_800_000_000


class Broker:
    """Says the time, unless it is away."""

    def __init__(self) -> None:
        self.asked, self.away, self.at, self.passed = 0, False, AT, 0.0

    def __call__(self) -> tuple[int, int]:
        self.asked += 1
        if self.away:
            raise StoreError("away", retryable=True)
        return self.at, 250_000


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def clock(broker) -> Clock:
    return Clock(broker, monotonic=lambda: broker.passed)


def test_until_it_was_asked_it_is_this_machines(clock, broker):
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert broker.asked == 0


@given(passed=st.floats(0, 59))
def test_it_goes_on_by_itself_for_a_minute(passed):
    broker = Broker()
    clock = Clock(broker, monotonic=lambda: broker.passed)
    clock.look()
    broker.passed = passed
    clock.look()
    assert broker.asked == 1
    assert clock.now() == datetime.fromtimestamp(AT + 0.25, UTC) + timedelta(seconds=passed)


def test_it_is_asked_again_after_a_minute_and_not_at_once_where_it_is_away(clock, broker):
    clock.look()
    broker.passed, broker.away = 60.0, True
    clock.look()
    clock.look()
    assert broker.asked == 2
    assert clock.now() == datetime.fromtimestamp(AT + 60.25, UTC)
    broker.passed, broker.away, broker.at = 120.0, False, AT + 500
    clock.look()
    assert clock.now() == datetime.fromtimestamp(AT + 500.25, UTC)


def test_that_of_a_process_is_redis_own():
    with emptied() as server:
        settings = Settings(broker=server.url)
        clock_of(settings).look()
        assert clock_of(settings) is clock_of(settings)
        assert clock_of(settings)._known is not None
        assert clock_of(Settings()) is not clock_of(settings)
