"""Jobs survive the wire, and nothing else passes for one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import SourceSpec
from vidette.errors import StoreError
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    EventType,
    FastState,
    Keyframe,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Segment,
    Track,
)
from workers.jobs import LookAt, Settle, Watch, decode, encode

SPEC = SourceSpec(
    name="gate",
    stream_id="cam",
    paths=(Path("/a b/ü.mp4"), Path("c.mp4")),
    offsets_s=(0.0, 4.5),
    start=datetime(2026, 5, 1, 8, 0, 0, 250_000, tzinfo=UTC),
    start_from="name",
    duration_s=9.0,
)
finite = st.floats(allow_nan=False, allow_infinity=False)
share = st.floats(0, 1)
boxes = st.tuples(share, share, share, share)
words = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def observations(draw):
    at = draw(finite)
    track = Track(
        id=draw(words),
        stream_id="cam",
        label=draw(st.sampled_from(Label)),
        start_s=at,
        end_s=draw(st.none() | finite),
        confidence=draw(share),
        path=(PathPoint(pts_s=at, box=draw(boxes)),),
        attributes=draw(st.dictionaries(words, words | st.booleans() | st.integers(-9, 9))),
    )
    said = Assertion(
        id=draw(words),
        stream_id="cam",
        look="fast",
        run_id="run",
        type=draw(st.sampled_from(EventType)),
        start_s=at,
        end_s=draw(st.none() | finite),
        confidence=draw(share),
        caption=draw(words),
        box=draw(st.none() | boxes),
        roles=(Role(role="subject", track_id=track.id),),
    )
    covered = Coverage(stream_id="cam", start_s=at, end_s=at, state=FastState.BLIND, deep=DeepState.PENDING)
    return Observation(
        id=draw(words),
        stream_id="cam",
        look=draw(st.sampled_from(["fast", "deep"])),
        run=Run(id="run", model="m", revision="1", params={"fps": 5}),
        start_s=at,
        end_s=at,
        sequence=draw(st.none() | st.integers(0, 2**40)),
        tracks=(track,),
        assertions=(said,),
        coverage=(covered,),
        carry=draw(st.binary(max_size=400)),
        final=draw(st.booleans()),
    )


@given(observations())
def test_an_observation_survives_the_wire(observation):
    assert decode(encode(Settle(observation=observation))) == Settle(observation=observation)


@given(st.booleans(), st.none() | st.floats(0.1, 1e6), st.none() | st.floats(0.1, 1e6), st.none() | st.integers(-1, 99))
def test_a_watch_survives_the_wire(again, span_s, end_s, after):
    job = Watch(spec=SPEC, again=again, span_s=span_s, end_s=end_s, after=after)
    assert decode(encode(job)) == job


def test_a_look_survives_the_wire_and_is_small():
    frames = tuple(
        Keyframe(id=f"{n}", segment_id="seg", pts_s=n / 3, sha256="f" * 64, uri="media/f.jpg") for n in range(32)
    )
    job = LookAt(segment=Segment(id="seg", stream_id="cam", start_s=0.1, end_s=30.0, keyframes=frames))
    assert decode(encode(job)) == job
    assert len(encode(job)) < 10_000


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"job": {"kind": "erase"}}', '{"job": {"kind": "settle"}}', '{"job": 3}', "\x00"],
)
def test_what_is_no_job_is_refused(text):
    with pytest.raises(StoreError, match="not a"):
        decode(text)


def test_a_job_of_another_version_is_refused():
    text = encode(Watch(spec=SPEC)).replace('"version":2', '"version":3')
    with pytest.raises(StoreError, match="version 3"):
        decode(text)
