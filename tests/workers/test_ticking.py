"""Time that passes, put to a real engine over real memory; the engine's clock is ours, the second is real."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from graph.embedded import EmbeddedStore
from rules.engine import Engine
from tests.telling import alert, delivery
from vidette.alerting import Alerts
from vidette.alerts import Change, Judgement, Timer
from vidette.errors import StoreError
from vidette.rule_settings import AlertSettings, RuleSettings, SinkSettings
from workers.ticking import Ticking

RULE = RuleSettings.model_validate({"id": "bag-left", "when": {"event": "object_left"}, "escalate_s": 60})
SINK = SinkSettings.model_validate({"id": "ops", "kind": "console"})
PATIENCE_S = 20.0


def engine(ahead_s: float) -> Engine:
    return Engine(
        [RULE],
        [SINK],
        tz=UTC,
        max_age_s=3600,
        now=lambda: alert(1).raised_at + timedelta(seconds=ahead_s),
        alerts=AlertSettings(),
    )


@pytest.fixture
def store():
    made = EmbeddedStore(":memory:")
    told = alert(1)
    timer = Timer(alert=told.id, rule="bag-left", kind="escalate", due_at=told.raised_at + timedelta(seconds=60))
    made.amend(lambda _: Judgement(alerts=(told,), deliveries=(delivery(1),), timers=(timer,)))
    yield made
    made.close()


def change(store) -> Change:
    return store.read(Alerts())[0].change


def test_what_is_due_comes_about_while_it_is_open_and_is_told(store):
    told = threading.Event()
    with Ticking(store, engine(61), told.set):
        assert told.wait(PATIENCE_S)
    assert change(store) is Change.ESCALATED


def test_before_its_time_nothing_comes_about(store):
    told = threading.Event()
    ticking = Ticking(store, engine(59), told.set)
    ticking.tick()
    assert not told.is_set()
    assert change(store) is Change.RAISED


def test_the_judge_may_be_changed_and_may_be_none(store):
    told = threading.Event()
    ticking = Ticking(store, None, told.set)
    ticking.tick(ending=True)
    assert not told.is_set()
    ticking.judge = engine(61)
    ticking.tick()
    assert told.is_set()


class Faulty:
    """A judge that fails twice, and then knows nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.asked = list(errors), threading.Event()

    def tick(self, read, *, ending=False):
        if self.errors:
            raise self.errors.pop(0)
        self.asked.set()
        return Judgement()


@pytest.mark.parametrize("error", [StoreError("busy"), ValueError("a fault")])
def test_a_fault_is_logged_and_time_goes_on(store, error, monkeypatch, caplog):
    monkeypatch.setattr("workers.ticking._FAULT_S", 0.01)
    monkeypatch.setattr("workers.ticking.PERIOD_S", 0.01)
    faulty = Faulty(error)
    with Ticking(store, faulty, lambda: None):
        assert faulty.asked.wait(PATIENCE_S)
    assert "what time brings about" in caplog.text


def test_it_ends_within_a_moment(store):
    began = datetime.now(UTC)
    with Ticking(store, engine(0), lambda: None) as ticking:
        pass
    assert not ticking._thread.is_alive()
    assert datetime.now(UTC) - began < timedelta(seconds=PATIENCE_S)
