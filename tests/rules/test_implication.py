"""What implies what, held against what conditions over time really find."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from rules.active import Active
from rules.holidays import Holidays
from rules.implication import begins_with, hours_imply, implies, unnumbered
from rules.known import Known
from rules.pattern import Weighing
from rules.rule import condition_of
from rules.tree import leaves
from tests.conditions import CONDITIONS
from vidette.matches import Match
from vidette.rule_settings import WhenSettings

KINDS, ZONES = ["loitering", "running", "object_stopped"], ["gate", "yard"]
SPANS = st.sampled_from([1, 3, 8])
SAME = st.sampled_from(["", "thing", "zone"])


def compiled(said):
    return condition_of(WhenSettings.model_validate(said), UTC)


LEAVES = st.fixed_dictionaries(
    {"event": st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)},
    optional={"zone": st.lists(st.sampled_from(ZONES), max_size=2, unique=True), "for_s": SPANS},
)
BOUNDS = st.one_of(
    st.builds(lambda n: {"at_least": n}, st.sampled_from([1, 2, 3])),
    st.builds(lambda n: {"at_most": n}, st.sampled_from([0, 1, 2])),
)


def inside(part):
    def made(required, **optional):
        return st.fixed_dictionaries(required, optional=optional)

    parts = st.lists(part, min_size=2, max_size=3)
    return st.one_of(
        st.builds(lambda a, b: {**a, **b}, made({"count": part}, within_s=SPANS, for_s=SPANS), BOUNDS),
        st.builds(lambda a, b: {**a, **b}, made({"rate": part, "within_s": SPANS, "per_s": SPANS}), BOUNDS),
        made({"in_order": parts, "within_s": SPANS}, same=SAME),
        made({"absence": part, "for_s": SPANS}),
        made({"all": parts}, within_s=SPANS, same=SAME, for_s=SPANS),
        st.builds(lambda parts, none, within: {"all": [*parts, {"not": none}], "within_s": within}, parts, part, SPANS),
        made({"any": parts}, for_s=SPANS),
    )


TREES = st.recursive(LEAVES, inside, max_leaves=4)


@st.composite
def changed(draw, said):
    """The condition with something else in it here and there, which may make it ask for less, or more, or another."""
    out = dict(said)
    for key, value in said.items():
        change = draw(st.integers(0, 5))
        if key in ("count", "rate", "absence", "not"):
            out[key] = draw(changed(value))
        elif key in ("all", "any", "in_order"):
            out[key] = [draw(changed(one)) for one in value]
            if change == 0 and len(value) > 2:
                del out[key][draw(st.integers(0, 1))]
        elif key == "event" and change < 2:
            out[key] = sorted({*value, draw(st.sampled_from(KINDS))})
        elif key in ("within_s", "for_s", "per_s") and change == 0:
            out[key] = draw(SPANS)
        elif key in ("at_least", "at_most") and change == 0:
            out[key] = draw(st.sampled_from([1, 2]))
        elif key in ("zone", "same") and change == 0:
            del out[key]
    return out


@st.composite
def pairs(draw):
    said = draw(TREES)
    other = draw(changed(said))
    how = draw(st.integers(0, 9))
    if how == 0:
        other = {"any": [other, draw(TREES)]}
    elif how == 1:
        said = {"all": [said, draw(LEAVES)], "within_s": 3}
    elif how == 2:
        said = {"in_order": [draw(LEAVES), said], "within_s": 3}
    return compiled(said), compiled(other)


HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.integers(0, 8),
        st.sampled_from(KINDS),
        st.sampled_from(["", *ZONES]),
        st.sampled_from("ab"),
    ),
    max_size=7,
)
ALWAYS = Known(runs=((-10_000, 60_000),))


def told(condition, happenings):
    """When it comes true."""
    given_ = {}
    for leaf in leaves(condition):
        given_[leaf.number] = [
            Match(
                id=f"e{i}",
                start=start * 1000,
                end=(start + length) * 1000,
                subject=subject,
                streams=("yard",),
                zones=(zone,) if zone else (),
                events=(f"e{i}",),
            )
            for i, (start, length, type_, zone, subject) in enumerate(happenings)
            if type_ in leaf.types and (not leaf.zones or zone in leaf.zones)
        ]
    return [one.start for one in Weighing(given_, lambda *_: ALWAYS).of(condition)]


@given(pairs(), HAPPENINGS)
def test_what_is_implied_has_come_true(pair, happenings):
    one, other = pair
    if not implies(one, other):
        event("not implied")
        return
    event("implied")
    before = told(other, happenings)
    assert all(any(at <= start for at in before) for start in told(one, happenings))


@given(pairs(), HAPPENINGS)
def test_what_begins_with_it_comes_true_with_it(pair, happenings):
    one, other = pair
    if begins_with(one, other):
        assert set(told(one, happenings)) <= set(told(other, happenings))


@given(CONDITIONS)
def test_everything_implies_itself(said):
    one = compiled(said)
    assert begins_with(one, one)
    assert implies(one, one)
    assert unnumbered(one) == unnumbered(unnumbered(one))


PERSON_AT_GATE = {"event": "loitering", "label": "person", "zone": "gate"}
CROSSED, CROSSED_BY_VAN = {"event": "line_crossed"}, {"event": "line_crossed", "attributes": {"kind": "van"}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PERSON_AT_GATE, {"event": "loitering"}),
        (PERSON_AT_GATE, {"label": ["person", "animal"], "zone": ["gate", "yard"]}),
        ({"caption": "a red van"}, {"caption": "van"}),
        ({"event": "loitering", "for_s": 60}, {"event": "loitering", "for_s": 5, "confidence": 0}),
        (CROSSED_BY_VAN, {"event": "line_crossed", "attributes": {"kind": ["van", "car"]}}),
        ({**CROSSED, "direction": "forward"}, CROSSED),
        ({"ask": "Is it open?", "confidence": 0.9}, {"ask": " Is it open?", "confidence": 0.5}),
        ({"count": CROSSED_BY_VAN, "at_least": 3, "within_s": 60}, {"count": CROSSED, "at_least": 2, "within_s": 60}),
        ({"count": CROSSED, "at_most": 1, "within_s": 60}, {"count": CROSSED_BY_VAN, "at_most": 2, "within_s": 60}),
        ({"absence": CROSSED, "for_s": 600}, {"absence": CROSSED_BY_VAN, "for_s": 60}),
        ({"in_order": [CROSSED_BY_VAN, CROSSED], "within_s": 3}, {"in_order": [CROSSED, CROSSED], "within_s": 9}),
        ({"in_order": [CROSSED_BY_VAN, PERSON_AT_GATE], "within_s": 3}, CROSSED),
        ({"all": [CROSSED, PERSON_AT_GATE, {"not": {"event": "fire"}}]}, {"label": "person"}),
        ({"any": [CROSSED_BY_VAN, {**CROSSED, "label": "person"}]}, CROSSED),
        (CROSSED, {"any": [{"event": "fire"}, CROSSED]}),
    ],
)
def test_implied_and_not_the_other_way_round(one, other):
    assert implies(compiled(one), compiled(other))
    assert not implies(compiled(other), compiled(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CROSSED, {"event": "line_crossed", "stream": "yard"}),
        (
            {"event": "loitering", "attributes": {"kind": "van"}},
            {"event": "loitering", "attributes": {"colour": "red"}},
        ),
        ({"ask": "Is it open?"}, {"ask": "Is it closed?"}),
        ({"count": CROSSED, "at_least": 3, "within_s": 60}, {"count": CROSSED, "at_least": 3, "within_s": 30}),
        ({"absence": CROSSED_BY_VAN, "for_s": 60}, {"absence": CROSSED, "for_s": 60}),
        (
            {"in_order": [CROSSED, CROSSED], "within_s": 3},
            {"in_order": [CROSSED, CROSSED], "within_s": 3, "same": "thing"},
        ),
    ],
)
def test_not_implied(one, other):
    assert not implies(compiled(one), compiled(other))


PARIS = ZoneInfo("Europe/Paris")
WORK = Active(days=frozenset(range(5)), begin=480, end=1080, tz=PARIS)


@pytest.mark.parametrize(
    ("one", "other", "so"),
    [
        (WORK, None, True),
        (None, WORK, False),
        (WORK, WORK, True),
        (Active(days=frozenset({1}), begin=540, end=600, tz=PARIS), WORK, True),
        (Active(days=frozenset({5}), begin=540, end=600, tz=PARIS), WORK, False),
        (Active(days=frozenset({1}), begin=540, end=1081, tz=PARIS), WORK, False),
        (Active(days=frozenset({1}), begin=540, end=600, tz=UTC), WORK, False),
        (Active(days=frozenset({1}), begin=540, end=500, tz=PARIS), WORK, False),
        (
            Active(days=frozenset({1}), begin=540, end=600, tz=PARIS, holidays=Holidays(yearly=frozenset({(1, 1)}))),
            WORK,
            False,
        ),
    ],
)
def test_hours(one, other, so):
    assert hours_imply(one, other) == so
