from datetime import UTC

import pytest
from hypothesis import given

from rules.reading import reading
from tests.conditions import CONDITIONS
from vidette.models import EventType
from vidette.rule_settings import RuleSettings


def said(**rule) -> str:
    return reading(RuleSettings.model_validate({"id": "r", **rule}), UTC)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {
                "when": {"event": "object_left", "zone": "entrance", "for_s": 60},
                "severity": "high",
                "active": {"days": ["mon-fri"], "from": "08:00", "to": "18:00", "tz": "Europe/Paris"},
            },
            "alert (high) when a thing is left in zone entrance and stays so for 60 s, Mon-Fri 08:00-18:00 Europe/Paris",
        ),
        (
            {"when": {"event": "line_crossed", "line": ["b", "a"], "label": ["person", "animal"]}, "cooldown_s": 300},
            "alert (medium) when a person or an animal crosses line a or b, at most one message every 5 min",
        ),
        (
            {"when": {"event": ["zone_entered", "loitering"], "zone": "gate", "confidence": 0.6, "stream": "yard"}},
            "alert (medium) when a thing enters zone gate or a thing loiters in zone gate on yard, at least 60% sure",
        ),
        (
            {"when": {"caption": "red van"}, "sinks": ["ops", "desk"]},
            "alert (medium) when anything happens with “red van” in the caption, telling desk and ops",
        ),
        ({"when": {"label": "person"}}, "alert (medium) when anything happens to a person"),
        ({"when": {"event": "fire"}}, "alert (medium) when fire is seen"),
    ],
)
def test_readings(rule, words):
    assert said(**rule) == words


DOOR = {"event": "line_crossed", "line": "door"}
TAMPERED = {"in_order": [{"event": "camera_moved"}, {"event": "too_dark"}], "within_s": 60, "same": "stream"}


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (
            {"event": "zone_entered", "label": "vehicle", "attributes": {"kind": "van", "colour": ["white", "grey"]}},
            "a vehicle (colour grey or white, kind van) enters a zone",
        ),
        ({**DOOR, "direction": "backward", "label": "person"}, "a person crosses line door backward"),
        ({"event": "fire", "label": "person"}, "fire is seen with a person"),
        ({"event": "host_offline", "stream": "system"}, "a host goes offline on system"),
        ({"ask": " Is it\n open?", "stream": "yard"}, "a model answers yes to “Is it open?” on yard"),
        (
            {"ask": "Is it open?", "confidence": 0.8, "for_s": 600},
            "a model answers yes to “Is it open?”, at least 80% sure, and stays so for 10 min",
        ),
        ({"count": DOOR, "at_least": 3, "within_s": 60}, "a thing crosses line door at least 3 times within 60 s"),
        ({"count": DOOR, "at_least": 1, "within_s": 60}, "a thing crosses line door at least 1 time within 60 s"),
        ({"count": DOOR, "at_most": 0, "within_s": 3600}, "a thing crosses line door not once within 1 h"),
        (
            {"count": {"event": "loitering", "zone": "gate"}, "at_least": 8, "for_s": 10},
            "for at least 8 different things at one time a thing loiters in zone gate, and that lasts 10 s",
        ),
        (
            {"count": TAMPERED, "at_least": 2, "within_s": 3600},
            "(the camera is moved, then it is too dark, within 60 s, all on one stream) comes true at least 2 times"
            " within 1 h",
        ),
        (
            {"rate": DOOR, "at_least": 20, "within_s": 600},
            "a thing crosses line door at least 20 times a minute, on average over 10 min",
        ),
        (
            {"rate": DOOR, "at_most": 2.5, "within_s": 600, "per_s": 3600},
            "a thing crosses line door at most 2.5 times an hour, on average over 10 min",
        ),
        (
            {"rate": DOOR, "at_least": 2, "within_s": 600, "per_s": 90},
            "a thing crosses line door at least 2 times per 90 s, on average over 10 min",
        ),
        (
            {"in_order": [DOOR, {**DOOR, "label": "person"}], "within_s": 3, "same": "thing"},
            "a thing crosses line door, then a person crosses line door, within 3 s, each time of the same thing",
        ),
        (
            {"absence": {"event": "zone_entered", "zone": "dock"}, "for_s": 600},
            "for 10 min it does not happen that a thing enters zone dock",
        ),
        (
            {
                "absence": {"event": "parcel_delivered"},
                "between": {"days": ["mon-fri"], "from": "08:00", "to": "09:00"},
            },
            "on a day between 08:00 and 09:00 (Mon-Fri, UTC) it did not happen that a parcel is delivered",
        ),
        (
            {"all": [{"event": "signal_lost", "stream": "a"}, {"event": "signal_lost", "stream": "b"}]},
            "the signal is lost on a and the signal is lost on b at one time",
        ),
        (
            {
                "all": [{"event": "zone_entered"}, {"not": {"event": "line_crossed"}}, DOOR],
                "within_s": 30,
                "same": "zone",
            },
            "a thing enters a zone and a thing crosses line door, no more than 30 s apart, all in one zone,"
            " unless within 30 s of it a thing crosses a line",
        ),
        (
            {"all": [{"event": "fire"}, {"not": {"event": "host_offline"}}]},
            "fire is seen, unless at that time a host goes offline",
        ),
        (
            {"any": [{"event": ["signal_lost", "view_blocked"]}, TAMPERED], "for_s": 5},
            "the signal is lost or the view is blocked, or (the camera is moved, then it is too dark, within 60 s,"
            " all on one stream), and that lasts 5 s",
        ),
        ({"any": [DOOR]}, "a thing crosses line door"),
        (
            {"absence": {"any": [DOOR, {"event": "loitering", "for_s": 3}]}, "for_s": 60},
            "for 60 s it does not happen that (a thing crosses line door, or a thing loiters and stays so for 3 s)",
        ),
    ],
)
def test_conditions_of_every_kind(when, words):
    assert said(when=when) == f"alert (medium) when {words}"


def test_what_follows_an_alert():
    assert said(when=DOOR, escalate_s=300, escalate_to=["boss"], repeat_s=600, shadow=True) == (
        "alert (medium) when a thing crosses line door, told louder and to boss when nobody acknowledges it for 5 min,"
        " told again every 10 min while it is open, judged only, nobody is told"
    )


@given(CONDITIONS)
def test_every_condition_can_be_read_and_no_text_of_it_breaks_the_line(when):
    words = said(when=when)
    assert words.startswith("alert (medium) when ")
    assert words.isprintable()
    assert "  " not in words
    assert not words.endswith(",")


@pytest.mark.parametrize("type_", list(EventType))
def test_every_type_can_be_read(type_):
    words = said(when={"event": str(type_), "label": "person", "zone": "z", "line": "l"})
    assert "{" not in words
    assert "_" not in words
