"""Rules over time and over several streams: a back-test finds what was found while it was watched, alert by alert."""

from datetime import UTC

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rules.backtest import backtest
from vidette.alerting import Deliveries
from vidette.alerts import AlertState
from vidette.models import EventType, Label
from vidette.rule_settings import RuleSettings

STEP_S = 5.0
END_S = 240.0
CROSS, ENTER, STOP = ({"event": one} for one in ("line_crossed", "zone_entered", "object_stopped"))
RULES = [
    {"id": "in-order", "when": {"in_order": [CROSS, ENTER], "within_s": 20}},
    {"id": "of-one-thing", "when": {"in_order": [CROSS, ENTER, CROSS], "within_s": 60, "same": "thing"}},
    {"id": "both", "when": {"all": [STOP, CROSS], "within_s": 5}},
    {"id": "one-without", "when": {"all": [ENTER, {"not": CROSS}], "within_s": 10}},
    {"id": "three", "when": {"count": CROSS, "at_least": 3, "within_s": 30}},
    {"id": "two-at-once", "when": {"count": STOP, "at_least": 2, "for_s": 5}},
    {"id": "rate", "when": {"rate": {"any": [CROSS, ENTER]}, "per_s": 60, "at_least": 6, "within_s": 20}},
    {"id": "nobody", "when": {"absence": {"any": [CROSS, ENTER]}, "for_s": 45}},
    {"id": "nobody-here", "when": {"absence": {**ENTER, "stream": "yard"}, "for_s": 60}},
    {"id": "expected", "when": {"absence": CROSS, "between": {"from": "08:01", "to": "08:02", "tz": "UTC"}}},
    {"id": "either", "when": {"any": [{**STOP, "for_s": 15}, {"event": "fire"}]}},
    {"id": "plain", "when": {**STOP, "for_s": 10}},
]
KINDS = (EventType.LINE_CROSSED, EventType.ZONE_ENTERED, EventType.OBJECT_STOPPED, EventType.FIRE)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 1),  # which camera
        st.integers(0, 2),  # which thing
        st.integers(0, 2200).map(lambda tenths: tenths / 10),
        st.none() | st.integers(1, 900).map(lambda tenths: tenths / 10),
    ),
    min_size=1,
    max_size=16,
)


def play(cameras, happened):
    """Each camera tells in its turn what began and ended in each step; the clock on the wall is that of them all."""
    told = [
        [kind, cameras[number], f"{number}-{thing}", at_s, length_s, None]
        for kind, number, thing, at_s, length_s in happened
    ]
    for w in cameras:
        for thing in range(3):
            w.thing(f"{cameras.index(w)}-{thing}", Label.PERSON, box=(0.3 * thing, 0.1, 0.3 * thing + 0.2, 0.3))
    at_s = 0.0
    while at_s < END_S:
        at_s += STEP_S
        for w in cameras:
            w.now = w.stream.at(at_s)
            for one in told:
                if one[1] is w:
                    tell(w, one, at_s)
            w.commit(at_s, final=at_s >= END_S)
        cameras[0].tick()


def tell(w, one, at_s):
    kind, _, thing, start_s, length_s, key = one
    track = None if kind is EventType.FIRE else w.thing(thing, Label.PERSON)
    instant = kind in (EventType.LINE_CROSSED, EventType.ZONE_ENTERED)
    if at_s - STEP_S <= start_s < at_s:
        if instant:
            place = {"line": "door"} if kind is EventType.LINE_CROSSED else {"zone": "gate"}
            w.happens(kind, track, start_s, start_s, **place)
        else:
            one[5] = key = w.opens(kind, track, start_s)
    if key and not instant and length_s is not None and at_s - STEP_S <= start_s + length_s < at_s:
        w.ends(key, start_s + length_s)


def told(alerts):
    """What stood in the end. A watch says a thing as soon as one camera told it, and takes it back if the other, a
    little later, tells that it began before: that alert then has another id. In history nobody is late."""
    return {(one.rule, one.id, one.at, one.subject, one.state) for one in standing(alerts)}


def standing(alerts):
    return [one for one in alerts if not one.text.startswith("Taken back")]


def events(alerts):
    """Which events made it true: of several that would do, the one that was known first, and later the others too."""
    return {one.id: set(one.events) for one in alerts}


@pytest.mark.parametrize("step_s", [30.0, 1800.0])
def test_finds_what_was_found_while_it_was_watched(watch, monkeypatch, step_s):
    monkeypatch.setattr("rules.backtest.STEP_S", step_s)

    @settings(
        max_examples=8,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(happened=HAPPENINGS)
    def run(happened):
        yard = watch(*RULES)
        cameras = [yard, watch(*RULES, store=yard.store, name="roof")]
        play(cameras, happened)
        found = list(backtest([RuleSettings.model_validate(one) for one in RULES], yard.store.read, tz=UTC))
        assert told(one.alert for one in found) ^ told(yard.alerts()) == set()
        assert all(not one.alert.text.startswith("Taken back") for one in found)
        watched = events(yard.alerts())
        assert all(made <= watched[key] for key, made in events(one.alert for one in found).items())
        told_then = {one.message.id for one in yard.store.read(Deliveries(limit=10_000))}
        assert {one.alert.id for one in found if one.told} == told_then & {one.alert.id for one in found}

    run()


def test_an_instant_that_a_silent_camera_left_open_is_over_as_in_history(watch):
    """While the other camera says nothing, nobody knows whether what it saw still goes on; then it tells that it did."""
    rule = {"id": "both", "when": {"all": [STOP, CROSS], "within_s": 5}}
    yard = watch(rule)
    roof = watch(rule, store=yard.store, name="roof")
    roof.opens(EventType.OBJECT_STOPPED, roof.thing("car", Label.VEHICLE), 3.0)
    yard.now = roof.now = yard.stream.at(10.0)
    roof.commit(10.0)
    yard.commit(10.0)
    yard.happens(EventType.LINE_CROSSED, yard.thing("man", Label.PERSON), 12.0, 12.0, line="door")
    yard.now = yard.stream.at(60.0)
    yard.commit(60.0)
    assert [(one.state, one.text.startswith("Over")) for one in yard.alerts()] == [(AlertState.OPEN, False)]
    for w in (roof, yard):
        w.now = w.stream.at(END_S)
        w.commit(END_S, final=True)
    yard.tick()
    found = [one.alert for one in backtest([RuleSettings.model_validate(rule)], yard.store.read, tz=UTC)]
    assert told(found) == told(yard.alerts())
    assert [one.state for one in found] == [AlertState.OPEN]


def test_answers_of_a_model_are_played_too(watch):
    question = "Is someone smoking?"
    rule = {"id": "smoking", "when": {"ask": question, "confidence": 0.6}}
    w = watch(rule)
    w.commit(60.0)
    for start_s, answer, confidence in (
        (0.0, "no", 0.9),
        (10.0, "yes", 0.9),
        (20.0, "yes", 0.5),
        (50.0, "unknown", 0.9),
    ):
        w.answers(question, start_s, start_s + 10, answer, confidence)
    w.commit(120.0, final=True)
    assert len(w.alerts()) == 1
    found = [one.alert for one in backtest([RuleSettings.model_validate(rule)], w.store.read, tz=UTC)]
    assert told(found) == told(w.alerts())
