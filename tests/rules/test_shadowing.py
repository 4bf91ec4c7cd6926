from datetime import UTC

import pytest

from rules.shadowing import shadowed
from vidette.rule_settings import RuleSettings, SinkSettings

DESK, OPS = ({"id": key, "kind": "console"} for key in ("desk", "ops"))
LOITERS, AT_GATE = {"event": "loitering"}, {"event": "loitering", "zone": "gate"}
WORK = {"days": ["mon-fri"], "from": "08:00", "to": "18:00"}
LESS = "whenever it comes true so does rule {!r}, which asks for less and tells the same sinks"
SAME = "it asks for the same as rule {!r}, which tells the same sinks; one of them is enough"


def found(*rules, sinks=(DESK, OPS)):
    said = [RuleSettings.model_validate({"id": "abcdef"[i], **rule}) for i, rule in enumerate(rules)]
    return list(shadowed(said, [SinkSettings.model_validate(one) for one in sinks], UTC))


def test_one_that_asks_for_more_tells_nothing_new():
    assert found({"when": AT_GATE}, {"when": {"event": "running"}}, {"when": LOITERS}) == [(0, LESS.format("c"))]


def test_of_two_that_are_the_same_the_later_one():
    assert found({"when": LOITERS}, {"when": dict(LOITERS), "cooldown_s": 0}) == [(1, SAME.format("a"))]
    assert found({"when": LOITERS}, {"when": LOITERS, "sinks": ["desk", "ops"]}) == [(1, SAME.format("a"))]


def test_each_is_told_once():
    assert found(*[{"when": LOITERS}] * 3) == [(1, SAME.format("a")), (2, SAME.format("a"))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"severity": "high"}, {}),
        ({"sinks": ["desk"]}, {"sinks": ["ops"]}),
        ({}, {"sinks": ["ops"]}),
        ({}, {"active": WORK}),
        ({}, {"cooldown_s": 60}),
        ({}, {"shadow": True}),
        ({"shadow": True}, {}),
    ],
)
def test_what_is_told_otherwise_or_elsewhere_is_not_the_same(one, other):
    assert found({"when": AT_GATE, **one}, {"when": LOITERS, **other}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [({"sinks": ["desk"]}, {}), ({"active": WORK}, {}), ({"cooldown_s": 60}, {}), ({"active": WORK}, {"active": WORK})],
)
def test_what_is_told_to_fewer_in_fewer_hours_and_less_often(one, other):
    assert found({"when": AT_GATE, **one}, {"when": LOITERS, **other}) == [(0, LESS.format("b"))]


def test_one_that_waits_longer_may_come_true_in_hours_in_which_the_other_did_not():
    slow = {"when": {**AT_GATE, "for_s": 60}, "active": WORK}
    assert found(slow, {"when": LOITERS, "active": WORK}) == []
    assert found(slow, {"when": LOITERS}) == [(0, LESS.format("b"))]
