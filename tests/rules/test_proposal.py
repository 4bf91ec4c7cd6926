"""What a rule might ask for besides, against trying every step by hand."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.proposal import FEWEST, Case, proposals
from tests.telling import AT, alert
from vidette.models import EventType, State
from vidette.rows import EventRow
from vidette.rule_settings import RuleSettings

RULE = RuleSettings.model_validate({"id": "r", "when": {"event": "loitering", "for_s": 2}})


def case(number, *, right, lasted_s=5.0, confidence=0.8, zones=(), type_=EventType.LOITERING):
    event = EventRow(
        id=f"event-{number}",
        type=type_,
        stream="yard",
        start=AT,
        start_s=0.0,
        confidence=confidence,
        caption="",
        state=State.CLOSED if lasted_s is not None else State.OPEN,
        end=None if lasted_s is None else AT + timedelta(seconds=lasted_s),
        end_s=lasted_s,
    )
    return Case(alert=alert(number, zones=zones or None, feedback="confirmed" if right else "dismissed"), event=event)


def found(*cases, rule=RULE):
    return {one.key: one for one in proposals(rule, cases)}


def test_short_ones_that_were_dismissed_propose_a_longer_time():
    wrong = [case(n, right=False, lasted_s=4.0 + n) for n in range(4)]
    right = [case(9, right=True, lasted_s=25.0)]
    one = found(*wrong, *right)["for_s"]
    assert one.rule.when.for_s == 8
    assert one.says == "ask that it stays so for 8 s (for_s: 8)"
    assert one.spares == tuple(c.alert.id for c in wrong)
    assert one.rule.when.event == RULE.when.event


def test_unsure_ones_that_were_dismissed_propose_to_be_surer():
    wrong = [case(n, right=False, confidence=0.52) for n in range(3)]
    one = found(*wrong, case(9, right=True, confidence=0.7))["confidence"]
    assert one.rule.when.confidence == pytest.approx(0.55)
    assert "at least 55% sure" in one.says


def test_dismissed_ones_elsewhere_propose_the_zone_of_those_that_were_right():
    wrong = [case(n, right=False, zones=("road",)) for n in range(3)]
    one = found(*wrong, case(9, right=True, zones=("gate", "yard")), case(8, right=True, zones=("gate",)))["zone"]
    assert one.rule.when.zone == ("gate", "yard")


def test_of_the_zones_that_a_rule_names_those_that_were_never_right_are_left_out():
    rule = RuleSettings.model_validate({"id": "r", "when": {"event": "loitering", "zone": ["gate", "road"]}})
    wrong = [case(n, right=False, zones=("road",)) for n in range(3)]
    one = found(*wrong, case(9, right=True, zones=("gate", "yard")), rule=rule)["zone"]
    assert one.rule.when.zone == ("gate",)


def test_what_cannot_be_told_apart_or_is_no_habit_proposes_nothing():
    same = [case(n, right=False) for n in range(5)]
    assert found(*same, case(9, right=True)) == {}
    assert (
        found(*(case(n, right=False, lasted_s=3.0) for n in range(FEWEST - 1)), case(9, right=True, lasted_s=60)) == {}
    )
    crossings = [case(n, right=False, lasted_s=0.0, type_=EventType.LINE_CROSSED) for n in range(5)]
    assert "for_s" not in found(*crossings, case(9, right=True, confidence=0.99))
    several = RuleSettings.model_validate(
        {"id": "r", "when": {"any": [{"event": "loitering"}, {"event": "object_left"}]}}
    )
    assert found(*(case(n, right=False, lasted_s=3.0) for n in range(5)), rule=several) == {}


CASES = st.lists(
    st.builds(
        case,
        st.integers(0, 10_000),
        right=st.booleans(),
        lasted_s=st.one_of(st.none(), st.floats(0, 200)),
        confidence=st.floats(0, 1),
        zones=st.sampled_from([(), ("gate",), ("road",), ("gate", "road")]),
    ),
    max_size=12,
    unique_by=lambda one: one.alert.id,
)


@given(CASES)
def test_a_proposal_spares_enough_dismissed_ones_and_nothing_that_was_confirmed(cases):
    for one in proposals(RULE, cases):
        when, spared = one.rule.when, set(one.spares)
        raised = {
            c.alert.id
            for c in cases
            if (c.lasted_s is None or c.lasted_s >= when.for_s or one.key != "for_s")
            and (c.event.confidence >= when.confidence)
            and (not when.zone or set(when.zone) & set(c.alert.zones or ()))
        }
        assert {c.alert.id for c in cases if c.confirmed} <= raised
        assert spared == {c.alert.id for c in cases if not c.confirmed} - raised
        assert len(spared) >= FEWEST
