import os
from pathlib import Path

import pytest

from vidette.configuration import examine, load, problems
from vidette.errors import ConfigError


def test_variables_that_are_no_settings_are_left_alone():
    environ = {"VIDETTE_ALERT_ID": "1a2b", "VIDETTE_ALERT_TEXT": "x", "VIDETTE_RECEIVE_SECRET": "whsec_x"}
    assert load(None, environ) == load(None, {})


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "vidette.yml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file_beside_the_settings(tmp_path, end):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "redis").write_bytes(f"s3{end}".encode())
    file = settings_file(tmp_path, "broker: 'redis://:${file:secrets/redis}@h:6379/0'\n")
    loaded = examine(file, {})
    assert loaded.settings.broker == "redis://:s3@h:6379/0"
    assert "broker" in loaded.secret


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    (tmp_path / "pw").write_text("x é y")
    (tmp_path / "deploy").mkdir()
    file = settings_file(tmp_path / "deploy", f"neo4j: {{password: '${{file:{tmp_path}/pw}}'}}\n")
    assert load(file, {}).neo4j.password == "x é y"


def test_a_plain_dollar_brace_reads_no_file(tmp_path):
    assert (
        load(settings_file(tmp_path, "neo4j: {password: '$${file:nowhere}'}\n"), {}).neo4j.password == "${file:nowhere}"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent", None, "No such file"),
        ("", None, "is no file"),
        ("empty", b"", "one line of text"),
        ("newline", b"\n", "one line of text"),
        ("lines", b"s3cret\ns3cret\n", "one line of text"),
        ("nul", b"s3cret\0", "one line of text"),
        ("latin", b"s3cret\xe9", "one line of text"),
        ("long", b"s3cret" * 1000, "one line of text"),
        ("n" * 300, None, "File name too long"),
        ("/dev/zero", None, "is no file"),
    ],
)
def test_what_is_no_secret_is_one_line_that_says_where_and_never_what(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    file = settings_file(tmp_path, f"neo4j:\n  password: '${{file:{name}}}'\n")
    (problem,) = problems(file, {})
    assert problem.startswith(f"{file}:2: ")
    assert said in problem
    assert "s3cret" not in problem
    assert len(problem) < 500


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is no file"):
        load(settings_file(tmp_path, "neo4j: {password: '${file:pipe}'}\n"), {})
