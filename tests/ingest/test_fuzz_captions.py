"""Captions of others with bytes flipped, lines shuffled, and shapes that make slow parsers slow."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import captions
from ingest.captions import parse_captions
from vidette.errors import SourceError

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>one</i>\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo {\\an8}lines\nof it\n"
VTT = "WEBVTT\n\nNOTE a note\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.500 align:start\n<v Bob>one &amp; two\n\n"
ROWS = json.dumps([{"start": 1, "end": 2.5, "text": "one", "type": "object_entered", "label": "person"}])
VIDEOS = json.dumps({"v": {"duration": 9, "timestamps": [[0, 1], [2, 3]], "sentences": ["one", "two"]}})
WHOLE = [text.encode() for text in (SRT, VTT, ROWS, VIDEOS)]


def fuzz(data: bytes) -> None:
    try:
        found = parse_captions(data, "x")
    except SourceError as error:
        assert str(error).splitlines() == [str(error)]
        assert len(str(error)) < 1000
        return
    assert 0 < len(found) <= captions.MAX_CAPTIONS
    for one in found:
        assert 0 <= one.start_s <= one.end_s <= captions.MAX_S
        assert 0 < len(one.text) <= captions.MAX_TEXT
        one.text.encode()


@pytest.mark.parametrize("data", WHOLE, ids=["srt", "vtt", "rows", "videos"])
def test_they_are_good_before_they_are_spoiled(data: bytes) -> None:
    assert parse_captions(data, "x")


@settings(max_examples=300)
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 200),
)
def test_flipped_and_cut_bytes(data: bytes, flips: list[tuple[int, int]], length: int) -> None:
    spoiled = bytearray(data)
    for at, value in flips:
        spoiled[at % len(spoiled)] = value
    fuzz(bytes(spoiled))
    fuzz(bytes(spoiled[:length]))


@given(st.sampled_from([SRT, VTT]), st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n", "\r", "\u2028"]))
def test_shuffled_lines(text: str, random, end: str) -> None:
    lines = text.split("\n") * 2
    random.shuffle(lines)
    fuzz(end.join(lines).encode())


MANY = 200_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * MANY,
        '{"a":' * MANY,
        "[" + "1," * MANY + "1]",
        '[{"start": 1' + "0" * MANY + "}]",
        "1" * MANY,
        "00:00:01,000 --> 00:00:02,000\n" + "<" * MANY,
        "00:00:01,000 --> 00:00:02,000\n" + "<b" * MANY,
        "00:00:01,000 --> 00:00:02,000\n" + "{\\" * MANY,
        "00:00:01,000 --> 00:00:02,000\n" + "&" * MANY,
        "00:00:01,000 --> 00:00:02,000\n" + "&#9999999999;" * 20_000,
        " " * MANY + "00:00:01,000 --> ",
        "-->" * MANY,
        "-->\n" * 60_000,
        "NOTE\n" * MANY,
        "\n" * MANY,
        "00:00:01,000 -->" + " " * MANY + "x",
        "9" * MANY + ":00:01,000 --> 00:00:02,000\nx",
    ],
    ids=str.split(
        "arrays objects list number digits tags openings braces entities numbers spaces arrows cues notes lines gap hours"
    ),
)
def test_what_makes_slow_parsers_slow_is_over_at_once(text: str) -> None:
    """Were one of them not linear, this test would not end."""
    fuzz(text.encode())
