"""Messages between workers, whatever arrives: a job, or one error."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sources import SourceSpec
from vidette.errors import StoreError
from vidette.models import Segment
from workers.jobs import Decode, LookAt, Settle, Watch, decode, encode

SPEC = SourceSpec(
    name="gate",
    stream_id="id",
    paths=(Path("a.mp4"),),
    offsets_s=(0.0,),
    start=datetime(2026, 1, 1, tzinfo=UTC),
    start_from="name",
    duration_s=9.5,
)
JOBS = [
    encode(Watch(spec=SPEC, span_s=20.0)),
    encode(Decode(spec=SPEC, run="0" * 32, number=3, start_s=180.0, end_s=240.0, depends="a b")),
    encode(LookAt(segment=Segment(id="s", stream_id="id", start_s=0.0, end_s=9.0))),
]
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def fuzz(text: str) -> None:
    try:
        job = decode(text)
    except StoreError as error:
        assert str(error).splitlines() == [str(error)]
        return
    assert isinstance(job, Watch | Decode | Settle | LookAt)
    assert decode(encode(job)) == job


@pytest.mark.parametrize("kind", ["\r", "\n\n", "\u2028", "x" * 100_000])
def test_what_is_quoted_from_it_is_one_short_line(kind: str) -> None:
    said = json.loads(JOBS[0])
    said["job"]["kind"] = kind
    with pytest.raises(StoreError) as caught:
        decode(json.dumps(said))
    assert str(caught.value).splitlines() == [str(caught.value)]
    assert len(str(caught.value)) < 1000


@given(st.text(max_size=200) | st.text('{}[]":,0123456789.eE+-nultrfase \\', max_size=60))
def test_any_text(text: str) -> None:
    fuzz(text)


@given(VALUE | st.floats())
def test_any_json(value: object) -> None:
    fuzz(json.dumps(value))
    fuzz(json.dumps({"job": value, "version": 1}))


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Where in a JSON value something can be exchanged."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@settings(max_examples=300)
@given(st.sampled_from(JOBS), st.data())
def test_a_job_with_one_thing_exchanged(text: str, data: st.DataObject) -> None:
    message = {"": json.loads(text)}
    *path, last = ("", *data.draw(st.sampled_from(places(message[""]))))
    holder = message
    for key in path:
        holder = holder[key]
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(VALUE)
    fuzz(json.dumps(message.get("")))


@given(st.sampled_from(JOBS), st.data())
def test_a_job_cut_or_with_letters_exchanged(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    fuzz(text[:at])
    fuzz(text[:at] + data.draw(st.text(max_size=3)) + text[at + 1 :])
