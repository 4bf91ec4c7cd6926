import pytest
from hypothesis import given

from rules.doubt import doubts, overasked
from rules.leaf_doubt import PLACELESS
from rules.occurrence import INSTANTS, STILL
from tests.conditions import CONDITIONS
from vidette.families import MEANING
from vidette.models import EventType
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.settings import Settings
from vidette.vision_settings import DetectorSettings

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
        ({"when": {}}, "it names no event, label, attribute, caption, zone or line: every event fits"),
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


CROSSED, LOITERS, FIRE = {"event": "line_crossed"}, {"event": "loitering"}, {"event": "fire"}
NO_FIRE = "nothing here tells fire: that needs a vision-language model"
NO_MODEL = "nothing here answers questions: that needs a vision-language model (`vlm.backend`)"
NO_VISION = "without a vision-language model things have colour, heading, size and speed"


@pytest.mark.parametrize(
    ("when", "doubts"),
    [
        ({"event": "loitering", "direction": "forward"}, ["loitering has no direction: only line_crossed has"]),
        ({"direction": "forward", "for_s": 5}, ["a line is crossed in an instant: `for_s` 5 never holds"]),
        (
            {"event": "running", "attributes": {"Kind": "van", "colour": "red"}},
            [f"nothing here tells kind: {NO_VISION}"],
        ),
        ({"event": "storage_low", "stream": "yard"}, ["storage_low is told of the stream 'system' only"]),
        ({"event": "loitering", "stream": "system"}, ["loitering is never told of the stream 'system'"]),
        ({"event": "storage_low", "stream": "system"}, []),
        ({"event": ["signal_lost", "host_offline"]}, []),
        ({"ask": "Is it open?"}, [NO_MODEL]),
        ({"ask": "Is it open?", "stream": "system"}, [NO_MODEL, "the stream 'system' has no pictures"]),
        ({"ask": "Is it open?", "stream": "roo"}, [NO_MODEL, "no stream 'roo' in the settings; did you mean 'roof'?"]),
        ({"ask": "How many are there?"}, [NO_MODEL, "“How many are there?” is not answered by yes or no"]),
        (
            {"any": [LOITERS, {"event": "zone_entered", "zone": "gaet"}]},
            ["when.any[1]: no zone 'gaet' in the settings; did you mean 'gate'?"],
        ),
        ({"absence": CROSSED, "for_s": 60}, []),
        (
            {"absence": {"any": [FIRE, {"event": "spill", "stream": "yard"}]}, "for_s": 60},
            [
                "what is awaited never comes: its absence always holds",
                f"when.absence.any[0]: {NO_FIRE}",
                "when.absence.any[1]: nothing here tells spill: that needs a vision-language model",
            ],
        ),
        ({"absence": {"any": [FIRE, LOITERS]}, "for_s": 60}, [f"when.absence.any[0]: {NO_FIRE}"]),
        (
            {"all": [LOITERS, {"not": {"all": [CROSSED, FIRE], "within_s": 3}}]},
            [
                "what is under `not` never holds: `not` is always true",
                f"when.all[1].not.all[1]: {NO_FIRE}",
            ],
        ),
        (
            {"all": [{"event": "loitering", "zone": "gate"}, {"not": {"event": ["loitering", "running"]}}]},
            ["what must happen is what `not` forbids: it never holds"],
        ),
        ({"all": [LOITERS, {"not": {"event": "loitering", "zone": "gate"}}]}, []),
        (
            {"all": [CROSSED, {"event": "zone_entered"}]},
            ["two of its parts are over at once, and hardly ever at one moment: give `within_s`"],
        ),
        ({"all": [CROSSED, {"event": "zone_entered"}], "within_s": 3}, []),
        ({"all": [CROSSED, LOITERS], "for_s": 3}, ["it is over at once: `for_s` 3 never holds"]),
        ({"all": [LOITERS, {"event": "running"}], "for_s": 3}, []),
        ({"any": [LOITERS, CROSSED, dict(LOITERS)]}, ["its parts 1 and 3 are the same"]),
        (
            {
                "in_order": [{**LOITERS, "stream": "yard"}, {**CROSSED, "stream": "roof"}],
                "within_s": 9,
                "same": "stream",
            },
            ["`same: stream`, and its parts name no stream that they share: it never holds"],
        ),
        ({"in_order": [{**LOITERS, "stream": ["yard", "roof"]}, CROSSED], "within_s": 9, "same": "stream"}, []),
        (
            {"in_order": [LOITERS, {"event": "signal_lost"}], "within_s": 9, "same": "thing"},
            ["`same: thing`, and a part of it is about no thing: it never holds"],
        ),
        ({"in_order": [CROSSED, CROSSED], "within_s": 3}, []),
        ({"count": CROSSED, "at_least": 2}, ["it is over at once, and no two are at one time: give `within_s`"]),
        ({"count": CROSSED, "at_least": 2, "within_s": 9}, []),
        (
            {"count": {"event": "signal_lost"}, "at_least": 3},
            ["signal_lost is told once a stream, and there are 2: never 3"],
        ),
        ({"count": {"event": "signal_lost"}, "at_least": 2}, []),
        (
            {"count": FIRE, "at_most": 0, "within_s": 9},
            ["what is counted never comes: there are always so few", f"when.count: {NO_FIRE}"],
        ),
        ({"rate": CROSSED, "at_least": 1, "within_s": 60}, ["one in 60 s is enough for so high a rate"]),
        ({"rate": CROSSED, "at_least": 2, "within_s": 60}, []),
        (
            {"absence": LOITERS, "between": {"days": ["holiday"], "from": "09:00", "to": "09:00"}},
            [
                "when.between from 09:00 to 09:00 is never",
                "when.between names `holiday` and no file of `holidays`: that is never",
            ],
        ),
    ],
)
def test_doubts_of_what_is_inside(when, doubts):
    assert said(when=when) == doubts


@pytest.mark.parametrize(
    ("rule", "doubt"),
    [
        ({"active": {"days": ["mon", "holiday"]}}, "active names `holiday` and no file of `holidays`: no day is one"),
        (
            {"active": {"from": "22:00", "to": "06:00"}, "when": {"absence": LOITERS, "for_s": 36_000}},
            "`for_s` is 10 h, active are 8 h a day: what it waits for begins before them",
        ),
        ({"escalate_to": ["desk"]}, "`escalate_to` without `escalate_s`: nobody is ever told louder"),
        (
            {"shadow": True, "repeat_s": 60, "severity": "low"},
            "it is judged only (`shadow`): nobody is told, and so not again or louder",
        ),
    ],
)
def test_doubts_of_hours_and_of_who_is_told(rule, doubt):
    assert said(**{"when": LOITERS, **rule}) == [doubt]


def test_doubts_of_files_of_holidays(tmp_path):
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.write_text("12-25\n")
    empty.write_text("# none yet\n")
    assert said(when=LOITERS, active={"days": ["mon-fri"], "holidays": str(full)}) == []
    assert said(when=LOITERS, active={"holidays": str(full)}) == [
        "active names a file of `holidays` and no `days`: it holds on them as on any day"
    ]
    assert said(when=LOITERS, active={"days": ["holiday"], "holidays": str(empty)}) == [
        f"active: there is no date in the file of holidays {str(empty)!r}"
    ]


def test_a_detector_tells_what_things_are_and_answers_nothing():
    settings = SETTINGS.model_copy(update={"detector": DetectorSettings(backend="transformers", path="x")})
    assert said(settings, when={"label": "vehicle", "attributes": {"kind": "van"}}) == []
    assert said(settings, when=FIRE) == [NO_FIRE]
    assert said(settings, when={"ask": "Is it open?"}) == [NO_MODEL]


@given(CONDITIONS)
def test_every_condition_can_be_doubted(when):
    for settings in (SETTINGS, Settings()):
        for doubt in said(settings, when=when):
            assert doubt
            assert "\n" not in doubt


def test_more_questions_than_a_look_can_answer():
    rules = [RuleSettings.model_validate({"id": f"r{i}", "when": {"ask": f"Is it {i}?"}}) for i in range(16)]
    settings = Settings.model_validate({"streams": [{"name": "yard", "questions": ["Is it 3?"]}, {"name": "roof"}]})
    assert list(overasked(rules, settings)) == []
    settings.streams[0].questions.append("Is it dark?")
    assert list(overasked(rules, settings)) == [
        "stream 'yard': 17 questions, 16 can be asked; never asked: “Is it dark?”"
    ]


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
