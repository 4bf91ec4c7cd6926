"""What the settings may say that models are asked, through the real command line: too much is refused before anything begins."""

import json

import numpy as np
import pytest

from app import cli
from ingest.jpeg import encode
from tests.answering import ModelServer

QUESTION, EXAMPLE = '"Is it?"', "{picture: a.jpg, says: x}"
REFUSED = {
    f"questions: [{', '.join([QUESTION] * 17)}]": "questions",
    f'questions: ["{"x" * 301}"]': "questions",
    'questions: [""]': "questions",
    "questions: Is it?": "questions",
    f"examples: [{', '.join([EXAMPLE] * 5)}]": "examples",
    f"examples: [{{picture: a.jpg, says: {'x' * 301}}}]": "says",
    "examples: [{picture: a.jpg}]": "says",
    "boxes: painted": "boxes",
    "describe: never": "describe",
    "normal: no-such-file.jpg": "stream 'gate': cannot use the picture 'no-such-file.jpg'",
    f"examples: [{EXAMPLE}]": "stream 'gate': cannot use the picture 'a.jpg'",
}


def watch(capsys, tmp_path, clip, said, url, code):
    (tmp_path / "v.yml").write_text(f"streams:\n- name: gate\n  {said}\n")
    db = tmp_path / "v.db"
    options = ("--name", "gate", "--db", db, "--config", tmp_path / "v.yml", "--vlm", f"openai:{url}#m", "-q")
    assert cli.main([str(one) for one in ("watch", clip, *options)]) == code
    return capsys.readouterr().err, db


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_asked_is_refused_in_one_line(said, street, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error, db = watch(capsys, tmp_path, street, said, "http://127.0.0.1:9/v1", 2)
    assert REFUSED[said] in error
    assert len(error.splitlines()) == 1
    assert not db.exists()


def test_as_much_as_may_be_is_asked(street, tmp_path, capsys):
    picture = tmp_path / "yard.jpg"
    picture.write_bytes(encode(np.full((90, 160, 3), 90, np.uint8)))
    many = [f"Is it {i}? {'x' * 280}"[:300] for i in range(16)]
    examples = [{"picture": str(picture), "says": "y" * 300}] * 4
    said = f"{{questions: {json.dumps(many)}, normal: auto, examples: {json.dumps(examples)}, describe: asked, boxes: both}}"
    (tmp_path / "v.yml").write_text(f"streams:\n- {{name: gate, {said[1:]}\n")
    answer = {"answers": ["no"] * 16, "confidence": [1] * 16}
    with ModelServer(answer=lambda _: answer) as server:
        options = [
            "--db",
            str(tmp_path / "v.db"),
            "--config",
            str(tmp_path / "v.yml"),
            "--vlm",
            f"openai:{server.url}#m",
        ]
        assert cli.main(["watch", str(street), "--name", "gate", *options, "-q"]) == 0
    assert capsys.readouterr().err == ""
    for question in server.questions:
        parts = question["messages"][1]["content"]
        assert len([part for part in parts if part["type"] == "image_url"]) <= 8
        assert [one in "".join(part.get("text", "") for part in parts) for one in many] == [True] * 16
        assert parts[1]["text"] == "The place when nothing is wrong:"
