import pytest

from rules.doubt import MEANING, PLACELESS, doubts
from rules.occurrence import INSTANTS, STILL
from vidette.models import EventType
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "streams": [
            {"name": "yard", "zones": [{"name": "gate", "polygon": [(0, 0), (1, 0), (1, 1)]}]},
            {"name": "roof", "lines": [{"name": "edge", "points": [(0, 0), (1, 1)]}]},
        ]
    }
)
DESK = [SinkSettings.model_validate({"id": "desk", "kind": "console", "min_severity": "medium"})]


def said(settings=SETTINGS, sinks=DESK, **rule):
    return list(doubts(RuleSettings.model_validate({"id": "r", **rule}), settings, list(sinks)))


@pytest.mark.parametrize(
    ("rule", "doubt"),
    [
        ({"when": {"event": "zone_entered", "for_s": 5}}, "zone_entered is over at once: `for_s` 5 never holds"),
        ({"when": {"line": "edge", "for_s": 5}}, "a line is crossed in an instant: `for_s` 5 never holds"),
        ({"when": {"event": "loitering", "line": "edge"}}, "loitering is at no line: only line_crossed is"),
        ({"when": {"event": "too_dark", "zone": "gate"}}, "too_dark is about the whole picture and has no zone"),
        ({"when": {"event": "blurred", "label": "person"}}, "blurred is about the whole picture and has no label"),
        (
            {"when": {"label": ["vehicle", "person"]}},
            "nothing here tells vehicle: without a vision-language model things are object or person",
        ),
        ({"when": {"event": "fire"}}, "nothing here tells fire: that needs a vision-language model"),
        ({"when": {"event": "loitering", "zone": "gaet"}}, "no zone 'gaet' in the settings; did you mean 'gate'?"),
        (
            {"when": {"event": "loitering", "zone": "gate", "stream": "roof"}},
            "no zone 'gate' in the settings; none is set",
        ),
        ({"when": {"event": "loitering", "stream": "yrad"}}, "no stream 'yrad' in the settings; did you mean 'yard'?"),
        ({"when": {"event": "line_crossed", "line": "x"}}, "no line 'x' in the settings; there are edge"),
        ({"when": {}}, "it names no event, label, caption, zone or line: every event raises an alert"),
        ({"when": {"event": "loitering", "caption": "?!"}}, "caption '?!' holds no word and asks for nothing"),
        (
            {"when": {"event": "loitering"}, "active": {"from": "08:00", "to": "08:00"}},
            "active from 08:00 to 08:00 is never",
        ),
        (
            {"when": {"event": "loitering"}, "severity": "low"},
            "no sink takes severity low: its alerts are kept, nobody is told",
        ),
    ],
)
def test_doubts(rule, doubt):
    assert said(**rule) == [doubt]


@pytest.mark.parametrize(
    "when",
    [
        {"event": "object_left", "zone": "gate", "for_s": 60, "stream": "yard"},
        {"event": "line_crossed", "line": "edge", "label": "person"},
        {"label": "person", "for_s": 5},
        {"caption": "red van"},
    ],
)
def test_good_rules_are_not_doubted(when):
    assert said(when=when) == []


def test_without_streams_there_is_nothing_to_hold_names_against():
    assert said(Settings(), when={"event": "loitering", "zone": "x", "stream": "y"}) == []


def test_without_sinks_nobody_is_told():
    assert said(sinks=[], when={"event": "loitering"}) == ["no sink is set: its alerts are kept, nobody is told"]


def test_people_are_not_told_where_nobody_looks_for_them():
    settings = Settings.model_validate({"fast": {"people": False}})
    assert "nothing here tells person" in said(settings, when={"label": "person"})[0]


def test_the_kinds_of_types_do_not_meet():
    assert not MEANING & PLACELESS
    assert not MEANING & INSTANTS
    assert set(EventType) - PLACELESS > STILL
