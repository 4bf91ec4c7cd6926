from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import answer_id, answered, candidate, findings, is_asked, matches, says_yes
from rules.rule import condition_of
from rules.tree import Ask, Leaf
from tests.conditions import LEAVES
from vidette.models import EventType, Label, Run, State
from vidette.rows import EntityRow, EventRow, VerdictRow
from vidette.rule_settings import WhenSettings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def leaf(**said) -> Leaf:
    found = condition_of(WhenSettings.model_validate(said), UTC)
    assert isinstance(found, Leaf)
    return found


def thing(label="vehicle", role="subject", **attributes) -> EntityRow:
    return EntityRow(id=f"{label} {attributes}", label=Label(label), role=role, attributes=attributes)


def event(type_="zone_entered", *things, **more) -> EventRow:
    said = {"stream": "yard", "confidence": 0.8, "caption": "A red van came in.", "state": State.CLOSED, **more}
    return EventRow(id="e", type=EventType(type_), start=START, start_s=0.0, entities=things, **said)


def zones(one: EventRow) -> frozenset[str]:
    return frozenset({one.zone} if one.zone else ())


def said_of(asked: Leaf, one: EventRow) -> list[str]:
    return [found.said for found in findings(asked, one, zones) if not found.holds]


@pytest.mark.parametrize(
    ("asked", "one", "lacks"),
    [
        ({"kind": "van"}, event("loitering", thing(kind="Van")), []),
        ({"Kind": ["car", "VAN"]}, event("loitering", thing(kind="van")), []),
        ({"kind": "van"}, event("loitering", thing(kind="car")), ["kind was “car”, not van"]),
        ({"kind": "van"}, event("loitering", thing()), ["no kind, not van"]),
        ({"kind": "van"}, event("loitering"), ["no kind, not van"]),
        ({"colour": "weiß"}, event("loitering", thing(colour="WEISS")), []),
        ({"colour": "dark  blue"}, event("loitering", thing(colour="dark blue")), []),
        ({"count": "12"}, event("crowd_formed", attributes={"count": 12}), []),
        ({"speed": "0.5"}, event("running", thing(speed=0.5)), []),
        ({"still": "true"}, event("object_left", thing(still=True)), []),
        ({"colour": "white"}, event("loitering", thing(colour=["black", "White"])), []),
        (
            {"kind": "van", "direction": "forward"},
            event("line_crossed", thing(kind="van"), attributes={"direction": "forward"}),
            [],
        ),
        (
            {"kind": "van", "colour": "red"},
            event("loitering", thing(kind="van", colour="white"), thing(kind="bike", colour="red")),
            ["no one thing has all these attributes"],
        ),
        (
            {"kind": {"a": 1}.__class__.__name__},
            event("loitering", thing(kind={"a": None})),
            ["kind was “{'a': none}”, not dict"],
        ),
    ],
)
def test_attributes(asked, one, lacks):
    asked = leaf(attributes=asked)
    assert said_of(asked, one) == lacks
    assert matches(asked, one, zones) == (not lacks)


def test_a_red_bag_is_no_red_vehicle():
    asked = leaf(label="vehicle", attributes={"colour": "red"})
    assert not matches(asked, event("loitering", thing(colour="white"), thing("bag", "carried", colour="red")), zones)
    assert matches(asked, event("loitering", thing(colour="red"), thing("bag", "carried", colour="white")), zones)


def test_the_way_in_which_a_line_is_crossed():
    asked = leaf(event="line_crossed", line="door", direction="forward")
    crossing = event("line_crossed", thing("person"), line="door", attributes={"direction": "forward"})
    assert matches(asked, crossing, zones)
    back = replace(crossing, attributes={"direction": "backward"})
    assert said_of(asked, back) == ["direction was backward, not forward"]
    assert said_of(asked, replace(crossing, attributes={})) == ["no direction, not forward"]


def test_the_stream():
    assert said_of(leaf(event="zone_entered", stream=["roof", "hall"]), event()) == [
        "stream was yard, not hall or roof"
    ]


EVENTS = st.builds(
    event,
    st.sampled_from(["zone_entered", "line_crossed", "loitering", "fire", "too_dark"]),
    st.builds(thing, st.sampled_from(["person", "vehicle"]), kind=st.sampled_from(["gate", "Yard", 3, True])),
    stream=st.sampled_from(["yard", "gate"]),
    zone=st.sampled_from([None, "gate", "Größe"]),
    line=st.sampled_from([None, "door"]),
    confidence=st.floats(0, 1),
    attributes=st.sampled_from([{}, {"direction": "forward"}, {"gate": "door"}]),
)


@given(LEAVES, EVENTS)
def test_an_event_matches_where_nothing_that_was_found_speaks_against_it(said, one):
    asked = leaf(**said)
    assert matches(asked, one, zones) == all(found.holds for found in findings(asked, one, zones))
    if matches(asked, one, zones) and asked.types:
        assert candidate(asked, one, zones)


def answer(said="yes", confidence=0.8, stream="yard", question="Is the gate open?") -> VerdictRow:
    return VerdictRow(
        stream=stream,
        segment="s1",
        start=START,
        end=START + timedelta(seconds=10),
        start_s=0.0,
        end_s=10.0,
        question=question,
        answer=said,
        confidence=confidence,
        run=Run(id="run", model="m", revision="1"),
    )


@pytest.mark.parametrize(
    ("one", "holds", "said"),
    [
        (answer(), True, "“Is the gate open?” was answered yes, 80% sure"),
        (answer("no"), False, "“Is the gate open?” was answered no, 80% sure"),
        (answer("unknown", 0.0), False, "“Is the gate open?” was answered unknown, 0% sure"),
        (answer("yes", 0.5), False, "“Is the gate open?” was answered yes, 50% sure, 60% asked"),
    ],
)
def test_answers(one, holds, said):
    asked = Ask(number=0, question="Is the gate open?", confidence=0.6)
    assert says_yes(asked, one) == holds
    found = answered(asked, one)
    assert (found.holds, found.said) == (holds, said)


def test_answers_to_other_questions_and_of_other_streams():
    asked = Ask(number=0, question="Is the gate open?", streams=frozenset({"yard"}))
    assert is_asked(asked, answer("no"))
    assert is_asked(asked, answer(question=" Is the  gate open?"))
    assert not says_yes(asked, answer(stream="hall"))
    assert not says_yes(asked, answer(question="Is the gate closed?"))


def test_an_answer_told_again_is_the_same_and_that_of_another_model_is_not():
    assert answer_id(answer()) == answer_id(answer("no", 0.1))
    assert answer_id(answer()) != answer_id(replace(answer(), run=Run(id="other", model="m", revision="1")))
    assert answer_id(answer()) != answer_id(answer(question="Is it dark?"))
