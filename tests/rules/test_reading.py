from datetime import UTC

import pytest

from rules.reading import reading
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


@pytest.mark.parametrize("type_", list(EventType))
def test_every_type_can_be_read(type_):
    words = said(when={"event": str(type_), "label": "person", "zone": "z", "line": "l"})
    assert "{" not in words
    assert "_" not in words
