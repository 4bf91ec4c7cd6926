"""What holds for telling of every alert: windows, streams near by, known things, quiet hours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.policy import near_of, policy_of
from rules.silence import covering, covers, matchers
from tests.telling import AT, alert
from vidette.alerts import Change, Severity, Silence
from vidette.rule_settings import AlertSettings, SinkSettings
from vidette.settings import StreamSettings

DESK = SinkSettings.model_validate({"id": "desk", "kind": "console", "min_severity": "medium"})
DEAF = SinkSettings.model_validate({"id": "deaf", "kind": "console", "resolved": False, "described": False})


def policy(sinks=(DESK, DEAF), **said):
    return policy_of(sinks, max_age_s=60, tz=UTC, alerts=AlertSettings.model_validate(said))


@given(st.datetimes(timezones=st.just(UTC)), st.floats(0.5, 86_400))
def test_a_window_holds_the_instant_and_begins_where_the_one_before_ends(at, window_s):
    made = policy(storm={"window_s": window_s})
    start, width = made.window(at), timedelta(seconds=window_s)
    assert start <= at < start + width
    assert made.window(start) == start
    if at.year > 1971:
        assert made.window(start - timedelta(microseconds=1)) == start - width


def test_streams_are_near_each_other_whichever_says_it_and_never_themselves():
    said = [
        StreamSettings(name="porch", near=["drive", "porch"]),
        StreamSettings(name="drive"),
        StreamSettings(name="yard", near=["drive"]),
    ]
    near = near_of(said)
    assert near == {"porch": {"drive"}, "drive": {"porch", "yard"}, "yard": {"drive"}}
    made = policy_of([], max_age_s=1, tz=UTC, alerts=AlertSettings(), near=near)
    assert made.beside(("drive",)) == ("porch", "yard")
    assert made.beside(("drive", "porch")) == ("yard",)
    assert made.beside(("nowhere",)) == ()


@pytest.mark.parametrize(
    ("attributes", "known"),
    [
        ({"name": "REX", "kind": "dog"}, "name REX"),
        ({"name": "Max"}, ""),
        ({"kind": "van", "colour": "grey"}, "kind van and colour grey"),
        ({"kind": "van", "colour": "red"}, ""),
        ({"kind": "van"}, ""),
        ({}, ""),
    ],
)
def test_a_known_thing_has_every_attribute_of_one_of_the_lines(attributes, known):
    assert policy(known=[{"name": "Rex"}, {"kind": "van", "colour": ["white", "grey"]}]).knows(attributes) == known


def test_a_new_alert_is_for_the_sinks_that_the_rule_names_and_that_take_its_severity():
    made = policy()
    assert made.listening(alert(1, severity=Severity.LOW), ()) == ["deaf"]
    assert made.listening(alert(1, severity=Severity.MEDIUM), ()) == ["desk", "deaf"]
    assert made.listening(alert(1), ("desk",)) == ["desk"]
    assert made.following(alert(1, change=Change.RESOLVED, severity=Severity.LOW), ("desk", "deaf", "gone")) == ["desk"]
    assert made.following(alert(1, change=Change.ESCALATED), ("deaf",)) == ["deaf"]


@pytest.mark.parametrize(
    ("sink", "severity", "hour", "quiet"),
    [("phone", "low", 23, True), ("phone", "high", 23, False), ("phone", "low", 12, False), ("desk", "low", 23, False)],
)
def test_quiet_hours_are_of_sinks_and_severities(sink, severity, hour, quiet):
    (made,) = policy(quiet=[{"below": "high", "sinks": ["phone"], "active": {"from": "22:00", "to": "06:00"}}]).quiet
    assert made.holds(sink, Severity(severity), datetime(2026, 3, 2, hour, tzinfo=UTC)) is quiet


def test_of_several_silences_the_one_that_ends_last_is_named():
    def silence(key, minutes, **asked):
        return Silence(id=key, start=AT, end=AT + timedelta(minutes=minutes), author=key, **asked)

    found = [
        silence("a", 5, rules=("bag-left",)),
        silence("b", 9, streams=("yard",)),
        silence("c", 99, zones=("gate",)),
    ]
    assert covering(found, alert(1), AT).id == "b"
    assert covering(found, alert(1), AT + timedelta(minutes=9)) is None
    assert not covers(silence("d", 1), alert(1))
    assert matchers(silence("e", 1, rules=("x",), zones=("gate", "dock"))) == "rule x, zone gate or dock"
