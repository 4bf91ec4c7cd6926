from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import ValidationError

from rules.active import Active
from rules.rule import condition_of, question_of, questions_of, rule_of
from rules.tree import Absence, All, AnyOf, Ask, Count, InOrder, Leaf, Rate, horizon_s, leaves, nodes, parts_of
from tests.conditions import CONDITIONS
from vidette import settings
from vidette.models import EventType, Label
from vidette.rule_settings import RuleSettings, WhenSettings, branches

CROSSED, ENTERED = EventType.LINE_CROSSED, EventType.ZONE_ENTERED


def when(said) -> WhenSettings:
    return WhenSettings.model_validate(said)


def compiled(**said):
    return condition_of(when(said), UTC)


def rule(said, **more) -> RuleSettings:
    return RuleSettings.model_validate({"id": "r", "when": said, **more})


def test_one_event():
    assert compiled(
        event="line_crossed",
        label=["vehicle"],
        attributes={"Kind": "VAN", "colour": ["Weiß", "grey"]},
        caption="Red Ván",
        line=["door", "gate"],
        direction="backward",
        stream="yard",
        confidence=0.5,
    ) == Leaf(
        number=0,
        types=frozenset({CROSSED}),
        labels=frozenset({Label.VEHICLE}),
        attributes=(("colour", frozenset({"weiss", "grey"})), ("kind", frozenset({"van"}))),
        words=frozenset({"red", "van"}),
        lines=frozenset({"door", "gate"}),
        direction="backward",
        streams=frozenset({"yard"}),
        confidence=0.5,
    )


def test_kinds_over_time():
    crossed = {"event": "line_crossed"}
    leaf = Leaf(number=0, types=frozenset({CROSSED}))
    assert compiled(count=crossed, at_least=3, within_s=60) == Count(part=leaf, at_least=3, at_most=None, within_s=60)
    assert compiled(rate=crossed, at_most=2, within_s=60, per_s=10) == Rate(
        part=leaf, per_s=10, at_least=None, at_most=2, within_s=60
    )
    assert compiled(absence=crossed, for_s=9) == Absence(part=leaf, for_s=9)
    hours = Active(days=frozenset(range(8)), begin=480, end=540, tz=UTC)
    assert compiled(absence=crossed, between={"from": "08:00", "to": "09:00"}) == Absence(
        part=leaf, for_s=0, between=hours
    )
    assert compiled(ask=" Is it\n open? ", confidence=0.7) == Ask(number=0, question="Is it open?", confidence=0.7)


def test_leaves_are_numbered_as_they_are_written():
    said = compiled(
        all=[
            {"any": [{"event": "fire"}, {"ask": "Is it burning?"}]},
            {"not": {"event": "zone_entered"}},
            {"in_order": [{"event": "line_crossed"}, {"event": "loitering"}], "within_s": 5, "same": "thing"},
        ],
        within_s=30,
    )
    assert isinstance(said, All)
    assert said.none == (Leaf(number=2, types=frozenset({ENTERED})),)
    first, second = said.parts
    assert isinstance(first, AnyOf)
    assert first.parts[1] == Ask(number=1, question="Is it burning?")
    assert isinstance(second, InOrder)
    assert second.same == "thing"
    assert [leaf.number for leaf in leaves(said)] == [0, 1, 2, 3, 4]


@given(CONDITIONS)
def test_all_that_the_settings_accept_is_compiled(said):
    asked = when(said)
    made = condition_of(asked, ZoneInfo("Europe/Paris"))
    written = [one for _, one in branches(asked) if not (one.not_ or one.any or one.all or one.in_order)]
    written = [one for one in written if not (one.count or one.rate or one.absence)]
    assert [leaf.number for leaf in leaves(made)] == list(range(len(written)))
    for leaf, one in zip(leaves(made), written, strict=True):
        assert leaf.streams == frozenset(one.stream)
        assert (leaf.question if isinstance(leaf, Ask) else "") == question_of(one.ask)
    for node in nodes(made):
        assert horizon_s(node) >= max(map(horizon_s, parts_of(node)), default=0)


def test_how_far_back_it_matters():
    crossing = {"event": "line_crossed"}
    chain = {"in_order": [crossing, {"event": "loitering", "for_s": 10}], "within_s": 60}
    assert horizon_s(compiled(**crossing)) == 0
    assert horizon_s(compiled(**chain)) == 70
    assert horizon_s(compiled(count=chain, at_least=2, within_s=100, for_s=5)) == 175
    assert horizon_s(compiled(absence=chain, for_s=7)) == 77
    assert horizon_s(compiled(absence=crossing, between={"from": "08:00", "to": "09:00"})) == 25 * 3600


def test_what_a_rule_names():
    fire, gate = {"event": "fire", "stream": "yard", "zone": "gate"}, {"event": "spill", "stream": "hall"}
    one = rule_of(rule({"any": [fire, gate]}), UTC)
    assert (one.streams, one.zones) == ({"yard", "hall"}, {"gate"})
    assert one.types == {EventType.FIRE, EventType.SPILL}
    every = rule_of(rule({"any": [fire, {"label": "person"}]}), UTC)
    assert (every.streams, every.types) == (frozenset(), frozenset())
    assert rule_of(rule(fire), UTC).leaf == Leaf(
        number=0,
        types=frozenset({EventType.FIRE}),
        zones=frozenset({"gate"}),
        streams=frozenset({"yard"}),
    )


def test_questions_are_asked_once_of_those_streams_that_are_meant():
    rules = [
        rule({"ask": "Is it open?"}),
        rule({"any": [{"ask": "Is it  open? "}, {"ask": "Who goes there?", "stream": ["yard", "hall"]}]}),
        rule({"absence": {"ask": "Is it clean?", "stream": "hall"}, "for_s": 9}),
    ]
    assert questions_of(rules, "yard") == ("Is it open?", "Who goes there?")
    assert questions_of(rules, "hall") == ("Is it open?", "Who goes there?", "Is it clean?")
    assert questions_of(rules, "roof") == ("Is it open?",)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"not": {"event": "fire"}}, "`not` stands under `all`"),
        ({"ask": "  "}, "`ask` is empty"),
        ({"ask": "\u202e?"}, "`ask` is empty"),
        ({"any": [{"any": [{"event": "fire"}] * 16}] * 16}, "at most 64 conditions"),
    ],
)
def test_what_no_rule_can_be(said, why):
    with pytest.raises(ValidationError, match=why):
        rule(said)


def test_what_is_too_deep():
    said = {"event": "fire"}
    for _ in range(9):
        said = {"any": [said]}
    with pytest.raises(ValidationError, match="8 inside each other"):
        rule(said)
    assert rule(said["any"][0]).when.any


def test_a_look_may_be_asked_all_that_a_stream_may_ask():
    from agent.perception.vlm import schema

    assert schema.MAX_QUESTIONS == settings.MAX_QUESTIONS
