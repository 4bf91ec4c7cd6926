"""The bench of back-tests makes what it says, and finds by both ways the same."""

import json

from benchmarks.backtest import CAMERAS, compared, rules, told
from ingest.captions import parse_captions

SENTENCES = (
    "A man with a gun entered the shop",
    "Two men fight beside a white car",
    "The woman left with a bag and ran",
    "A dog crossed while smoke rose from the truck",
    "He took the money of the cashier",
)
VIDEOS = {
    f"clip{number}": {
        "duration": 60.0,
        "timestamps": [[9.0 * at, 9.0 * at + 7] for at in range(5)],
        "sentences": [SENTENCES[(at + number) % 5] for at in range(5)],
    }
    for number in range(6)
}
CAPTIONS = parse_captions(json.dumps(VIDEOS).encode(), "made.json")


def test_there_are_fifty_rules_of_every_kind():
    made = rules()
    assert len({rule.id for rule in made}) == 50
    assert {"count", "rate", "in_order", "absence", "all", "any"} <= {
        key for rule in made for key in rule.when.model_fields_set
    }


def test_captions_are_repeated_in_another_order_on_each_camera():
    first, second = (list(told(CAPTIONS, number, 3600.0)) for number in (0, CAMERAS - 1))
    assert all(0 <= one.start_s <= one.end_s <= 3600.0 for one in first)
    assert len(first) > 200
    assert [one.text for one in first] != [one.text for one in second]
    assert first == list(told(CAPTIONS, 0, 3600.0))


def test_a_watch_and_a_back_test_of_it_find_the_same(tmp_path, capsys):
    assert compared(CAPTIONS, rules(), tmp_path, days=1200 / 86_400) == 0
    said = capsys.readouterr().out
    assert "only watched 0, only back-tested 0" in said
    assert "watched 0 alerts" not in said
