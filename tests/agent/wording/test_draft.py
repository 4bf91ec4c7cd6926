"""What sentences become: a table of them, and what holds for every text."""

import json

from agent.wording.draft import draft
from tests.agent.wording.sentences import SENTENCES
from vidette.errors import ConfigError
from vidette.settings import Settings

HERE = [[0, 0], [1, 0], [1, 1]]
SETTINGS = Settings.model_validate(
    {
        "streams": [
            {
                "name": "yard",
                "zones": [
                    {"name": name, "polygon": HERE}
                    for name in ("dock", "gate", "parking", "front door", "till", "yard zone")
                ],
                "lines": [{"name": "barrier", "points": [[0, 0], [1, 1]]}],
            },
            {"name": "camera 2"},
        ],
        "sinks": [{"id": "ops", "kind": "console"}, {"id": "night-guard", "kind": "console"}],
    }
)


def said(rule):
    found = json.loads(rule.model_dump_json(by_alias=True, exclude_defaults=True, exclude={"id"}))
    return single(found)


def single(value):
    """Lists of one as that one, as they are written."""
    if isinstance(value, dict):
        return {key: single(one) for key, one in value.items()}
    if isinstance(value, list):
        return (
            single(value[0]) if len(value) == 1 and not isinstance(value[0], dict) else [single(one) for one in value]
        )
    return value


def test_sentences():
    wrong = []
    for sentence, expected in SENTENCES:
        try:
            found = said(draft(sentence, SETTINGS).rule)
        except ConfigError as error:
            found = repr(error)
        if found != single(expected):
            wrong.append((sentence, single(expected), found))
    for sentence, expected, found in wrong:
        print(f"{sentence}\n  want {json.dumps(expected)}\n  have {json.dumps(found)}")
    print(f"{len(SENTENCES) - len(wrong)} of {len(SENTENCES)} sentences")
    assert not wrong
