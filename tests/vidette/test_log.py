import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette.log import configure, redact


@pytest.fixture(autouse=True)
def _handlers_back():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = before, level


@pytest.mark.parametrize(
    ("text", "secret", "kept"),
    [
        ("open rtsp://admin:hunter2@cam.local:554/ch1", "hunter2", "cam.local:554/ch1"),
        ("open rtsp://admin:hun@ter2@cam/ch1", "ter2", "cam/ch1"),
        ("open rtsp://admin:hun/ter2@cam/ch1", "ter2", "cam/ch1"),
        ("http://token42@host/x", "token42", "host/x"),
        ("a rtsp://u:one1@h/1 b rtsp://u:two2@h/2", "one1", "h/2"),
        ("a rtsp://u:one1@h/1 b rtsp://u:two2@h/2", "two2", "h/1"),
        ("GET /x?token=abc123&y=1", "abc123", "y=1"),
        ("GET /x?api_key=abc123&y=1", "abc123", "y=1"),
        ("password=hunter2 user=bob", "hunter2", "user=bob"),
        ("PASSWORD: 'hun ter2' ok", "ter2", "ok"),
        ('{"password": "hun ter2", "a": 1}', "ter2", '"a": 1'),
        ("db_password=hunter2", "hunter2", "db_password"),
        ("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "MfKQ", "secret"),
        ("Authorization: Bearer eyJhbGciOi.J9", "eyJ", "Authorization"),
        ("used bearer eyJhbGciOi.J9 here", "eyJ", "here"),
    ],
)
def test_secrets_are_taken_out(text, secret, kept):
    assert secret not in redact(text)
    assert kept in redact(text)


@pytest.mark.parametrize(
    "text", ["watching a.mp4 at 3x", "http://host:8443/a/b?x=1", "mail bob@example.org", "passed 4"]
)
def test_plain_text_stays(text):
    assert redact(text) == text


@given(st.text(st.sampled_from("pas:/@= token'\"\n&xy"), max_size=60))
def test_redacting_twice_changes_nothing(text):
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(("level", "heard"), [("info", False), ("warning", False), ("debug", True)])
def test_a_library_that_warns_of_what_we_say_ourselves_is_heard_only_when_asked_for(level, heard):
    out = io.StringIO()
    configure(level, "text", out)
    logging.getLogger("neo4j.pool").warning("cannot connect")
    logging.getLogger("neo4j.pool").error("broken")
    assert ("cannot connect" in out.getvalue(), "broken" in out.getvalue()) == (heard, True)


@pytest.mark.parametrize("form", ["text", "json"])
def test_messages_and_tracebacks_are_redacted(form):
    out = io.StringIO()
    configure("info", form, out)
    try:
        raise ValueError("no rtsp://u:hunter2@h")
    except ValueError:
        logging.getLogger("t").exception("cannot open %s", "rtsp://u:hunter3@h")
    said = out.getvalue()
    assert "ValueError" in said
    assert "hunter" not in said


def test_json_lines_have_their_fields():
    out = io.StringIO()
    configure("info", "json", out)
    logging.getLogger("a.b").info("seen %d", 3)
    logging.getLogger("a.b").debug("not said")
    row = json.loads(out.getvalue())
    assert row["at"].endswith("Z")
    assert (row["level"], row["logger"], row["message"]) == ("info", "a.b", "seen 3")


def test_a_second_call_replaces_the_first():
    first, second = io.StringIO(), io.StringIO()
    configure("info", "text", first)
    configure("warning", "text", second)
    logging.getLogger("t").info("quiet")
    logging.getLogger("t").warning("loud")
    assert first.getvalue() == ""
    assert second.getvalue().strip().endswith("WARNING t: loud")
