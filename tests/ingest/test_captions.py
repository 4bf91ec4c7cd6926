import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import captions
from ingest.captions import TimedCaption, parse_captions, read_captions
from vidette.errors import SourceError, VidetteError
from vidette.models import EventType, Label


def parsed(text: str) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.end_s, one.text) for one in parse_captions(text.encode(), "file")]


def test_videos_with_timestamps_and_sentences() -> None:
    videos = {
        "a": {"duration": 9.5, "timestamps": [[1.5, 3], [2, 4.25]], "sentences": ["One.", "Two."]},
        "b": {"timestamps": [[0, 1]], "sentences": ["Three."]},
    }
    assert parse_captions(json.dumps(videos).encode(), "x.json") == [
        TimedCaption(stream="a", start_s=1.5, end_s=3.0, text="One.", duration_s=9.5),
        TimedCaption(stream="a", start_s=2.0, end_s=4.25, text="Two.", duration_s=9.5),
        TimedCaption(stream="b", start_s=0.0, end_s=1.0, text="Three."),
    ]


def test_rows_may_name_type_label_and_stream() -> None:
    rows = [
        {"start": 1, "end": 2, "text": "a bag", "type": "object_left", "label": "bag", "stream": "hall"},
        {"start": 1, "end": 2, "text": "plain"},
    ]
    first, second = parse_captions(json.dumps(rows).encode(), "x.json")
    assert (first.type, first.label, first.stream) == (EventType.OBJECT_LEFT, Label.BAG, "hall")
    assert (second.type, second.label, second.stream) == (None, None, "")


SRT = "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>A man</i> {\\an8}waits\r\nby the door\r\n\r\n2\r\n01:02:03,004 --> 01:02:05,000\r\nTom &amp; Ann\r\n"


def test_srt() -> None:
    assert parsed("\ufeff" + SRT) == [(1.5, 3.0, "A man waits by the door"), (3723.004, 3725.0, "Tom & Ann")]


VTT = """WEBVTT - of a yard

STYLE
::cue { color: papayawhip }

NOTE 00:00:00.000 --> 00:00:09.000
is not a cue

intro
00:01.000 --> 00:02.5 align:start line:0%
<v Ann>Hello <b>there</b></v>

00:03.000 --> 00:04.000

1:00:00.000 --> 1:00:01.000
last"""


def test_webvtt() -> None:
    assert parsed(VTT) == [(1.0, 2.5, "Hello there"), (3600.0, 3601.0, "last")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": \n{"timestamps": [[0, 1]], "sentences": ["x"]},}', "line 2"),
        ("[1]", "row 1"),
        ('[{"start": 0, "end": 1, "text": "x"}, {"start": 2, "end": 1, "text": "x"}]', "row 2: ends at 1.0 s"),
        ('[{"start": "0", "end": 1, "text": "x"}]', "row 1: `start` is '0'"),
        ('[{"start": true, "end": 1, "text": "x"}]', "row 1: `start` is True"),
        ('[{"start": -1, "end": 1, "text": "x"}]', "row 1: `start` is -1"),
        ('[{"start": NaN, "end": 1, "text": "x"}]', "line 1"),
        ('[{"start": 1e999, "end": 1, "text": "x"}]', "row 1: `start` is inf"),
        ('[{"start": 0, "end": 1e12, "text": "x"}]', "row 1: `end`"),
        ('[{"start": 0, "end": 1}]', "row 1: `text` is None"),
        ('[{"start": 0, "end": 1, "text": " \\u0007 "}]', "row 1: `text` is empty"),
        (
            '[{"start": 0, "end": 1, "text": "x", "type": "murder"}]',
            "row 1: `type` is 'murder'; choices: object_entered",
        ),
        ('[{"start": 0, "end": 1, "text": "x", "label": ["bag"]}]', "row 1: `label`"),
        ('[{"start": 0, "end": 1, "text": "x", "stream": ""}]', "row 1: `stream`"),
        ('{"a": []}', "video 'a'"),
        ('{"a": {"timestamps": [[0, 1]], "sentences": []}}', "video 'a'"),
        ('{"a": {"timestamps": [[0]], "sentences": ["x"]}}', "video 'a' row 1"),
        ("1\n00:00:01,000 --> 00:00:02,000\nok\n\n2\n00:00:03,000 --> never\nx\n", "line 6"),
        ("1\n00:00:05,000 --> 00:00:02,000\nok\n", "line 2: ends"),
        ("[" * 100_000, "line 1"),
        ("", "holds no captions"),
        ("just words\nand more", "holds no captions"),
        ("[]", "holds no captions"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, place: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_captions(text.encode(), "x.json")
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "'x.json'" in str(caught.value)


def test_other_encodings_are_said_with_their_line() -> None:
    with pytest.raises(SourceError, match="line 3: not UTF-8"):
        parse_captions(b"1\n\ncaf\xe9", "x.srt")


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    row = '{"start": 0, "end": 1, "text": "x"}'
    monkeypatch.setattr(captions, "MAX_CAPTIONS", 3)
    assert len(parsed(f"[{','.join([row] * 3)}]")) == 3
    with pytest.raises(SourceError, match="row 4: more than 3"):
        parsed(f"[{','.join([row] * 4)}]")
    with pytest.raises(SourceError, match="4001 characters"):
        parsed(json.dumps([{"start": 0, "end": 1, "text": "x" * 4001}]))
    monkeypatch.setattr(captions, "MAX_BYTES", 10)
    with pytest.raises(SourceError, match="larger"):
        parsed(f"[{row}]")


def test_control_characters_and_halves_of_pairs_are_dropped() -> None:
    assert parsed('[{"start": 0, "end": 1, "text": "a\\u0000b\\ud800c"}]') == [(0.0, 1.0, "a b c")]


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.srt"
    path.write_text(SRT)
    assert len(read_captions(path)) == 2
    with pytest.raises(SourceError, match=r"cannot read .*No such file"):
        read_captions(tmp_path / "none.srt")
    with pytest.raises(SourceError, match="cannot read"):
        read_captions(tmp_path)


def fuzz(data: bytes) -> None:
    """Either captions within their bounds, or an error of ours of one line."""
    try:
        found = parse_captions(data, "x")
    except VidetteError as error:
        assert "\n" not in str(error)
        return
    for one in found:
        assert 0 <= one.start_s <= one.end_s <= captions.MAX_S
        assert 0 < len(one.text.encode()) <= 4 * captions.MAX_TEXT


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes(data: bytes) -> None:
    fuzz(data)


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from([*EventType, *Label]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROW = st.fixed_dictionaries({}, optional=dict.fromkeys(("start", "end", "text", "type", "label", "stream"), VALUE))
VIDEO = st.fixed_dictionaries({}, optional=dict.fromkeys(("duration", "timestamps", "sentences"), VALUE))


@given(st.lists(ROW | VALUE, max_size=3) | st.dictionaries(st.text(max_size=5), VIDEO | VALUE, max_size=3))
def test_any_json(value: object) -> None:
    fuzz(json.dumps(value).encode())


LINE = st.sampled_from(["1", "", "NOTE", "WEBVTT", "00:00:01,000 --> 00:00:02,000", "9:9.9-->9:9.9", "-->"]) | st.text(
    max_size=9
)


@given(st.lists(LINE, max_size=12).map("\n".join))
def test_any_cues(text: str) -> None:
    fuzz(text.encode(errors="replace"))


SAID = st.tuples(
    st.integers(0, 10**7), st.integers(0, 10**5), st.from_regex(r"[a-z]{1,9}( [a-z]{1,9}){0,3}", fullmatch=True)
)


@given(st.lists(SAID, min_size=1, max_size=9), st.sampled_from([",", "."]))
def test_what_is_written_is_read(rows: list[tuple[int, int, str]], point: str) -> None:
    def clock(ms: int) -> str:
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"

    text = "\n\n".join(f"{clock(start)} --> {clock(start + length)}\n{words}" for start, length, words in rows)
    expected = [(start / 1000, (start + length) / 1000, words) for start, length, words in rows]
    assert [(round(a, 3), round(b, 3), words) for a, b, words in parsed(text)] == expected
