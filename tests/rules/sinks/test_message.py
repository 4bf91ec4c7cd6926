import json

from hypothesis import given
from hypothesis import strategies as st

from rules.sinks.message import MAX_BYTES, MAX_THUMBNAIL, body, payload, sentence, shortened
from tests.telling import alert, check_body
from vidette.alerts import AlertState, Change
from vidette.models import Evidence
from vidette.text import plain

TEXT = st.text(max_size=3000)
EVIDENCE = st.builds(
    Evidence,
    kind=st.sampled_from(["snapshot", "clip"]),
    sha256=st.just("ab" * 32),
    uri=st.just("media:x.jpg"),
    pts_s=st.floats(0, 9),
)
ALERTS = st.builds(
    alert,
    text=TEXT,
    why=st.lists(TEXT, max_size=40).map(tuple),
    streams=st.lists(st.text(max_size=120), max_size=40).map(tuple),
    events=st.lists(st.uuids().map(str), max_size=900).map(tuple),
    evidence=st.lists(EVIDENCE, max_size=60).map(tuple),
    late_s=st.none() | st.floats(0, 1e6),
    zones=st.none() | st.lists(st.text(max_size=120), max_size=400).map(tuple),
    labels=st.none() | st.lists(st.sampled_from(["person", "vehicle"]), max_size=20).map(tuple),
)


@given(ALERTS, st.none() | st.binary(min_size=1, max_size=20_000), st.lists(st.text(max_size=700), max_size=9))
def test_a_body_is_json_below_the_bound_and_always_the_same(told, picture, links):
    text = body(told, links=links, thumbnail=picture)
    assert len(text) < MAX_BYTES
    assert body(told, links=links, thumbnail=picture) == text
    message = json.loads(text)
    check_body(message)
    assert message["data"]["alert"]["id"] == told.id
    if "thumbnail" in message["data"]:
        assert picture is not None
        assert len(picture) <= MAX_THUMBNAIL


def test_a_small_alert_is_told_whole_with_its_picture():
    message = json.loads(body(alert(), links=["https://x.test/a"], thumbnail=b"jpeg"))
    row = message["data"]["alert"]
    assert message["type"] == "alert.raised"
    assert message["timestamp"] == "2026-05-01T12:00:06Z"
    assert row["links"] == ["https://x.test/a"]
    assert row["why"] == list(alert().why)
    assert row["evidence"][0]["sha256"] == "ab" * 32
    assert "late_s" not in row
    assert message["data"]["thumbnail"]["base64"] == "anBlZw=="


def test_the_largest_allowed_picture_fits_beside_a_usual_alert():
    assert "thumbnail" in json.loads(body(alert(), thumbnail=b"x" * MAX_THUMBNAIL))["data"]
    assert "thumbnail" not in json.loads(body(alert(), thumbnail=b"x" * (MAX_THUMBNAIL + 1)))["data"]


@given(ALERTS, st.integers(0, 40))
def test_shortening_keeps_who_and_what(told, keep):
    short = shortened(told, keep)
    assert (short.id, short.rule, short.sequence, short.severity) == (told.id, told.rule, told.sequence, told.severity)
    assert max(map(len, (short.why, short.events, short.streams, short.evidence))) <= keep
    assert payload(short)["type"] == payload(told)["type"]


@given(TEXT)
def test_a_sentence_is_one_safe_line_of_bounded_length(text):
    line = sentence(alert(text=text))
    assert line.isprintable()
    assert len(line) < 700
    assert plain(line) == line


def test_a_sentence_says_how_much_it_matters_and_what_changed():
    assert sentence(alert()) == "HIGH a bag was left at the gate (1) (rule bag-left, alert 00000000)"
    over = alert(sequence=2, state=AlertState.RESOLVED, change=Change.RESOLVED, text="Over")
    assert sentence(over).startswith("HIGH resolved: Over")
