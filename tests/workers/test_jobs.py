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
from workers.jobs import VERSION, Deliver, LookAt, Settle, Watch, decode, encode, read

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


@given(st.sampled_from(["ops", "ü", ""]), st.text(max_size=60))
def test_a_delivery_survives_the_wire_with_its_trace_and_when_it_was_sent(sink, trace):
    before = datetime.now(UTC)
    message = read(encode(Deliver(sink=sink), trace=trace))
    assert (message.job, message.trace, message.kind) == (Deliver(sink=sink), trace, "deliver")
    assert before <= message.sent_at <= datetime.now(UTC)


def test_messages_of_the_version_before_are_understood():
    segment = (
        '{"id":"s","stream_id":"i","start_s":0.0,"end_s":9.0,"caption":"","keyframes":[],"track_ids":[],"gated":false}'
    )
    old = f'{{"job":{{"segment":{segment},"beside":[],"waiting":3,"kind":"look"}},"version":2}}'
    message = read(old)
    assert message.job == LookAt(segment=Segment(id="s", stream_id="i", start_s=0.0, end_s=9.0), waiting=3)
    assert (message.version, message.sent_at, message.trace) == (2, None, "")


def test_a_job_of_a_version_that_is_too_old_is_refused():
    text = encode(Watch(spec=SPEC)).replace(f'"version":{VERSION}', '"version":1')
    with pytest.raises(StoreError, match="version 1") as error:
        decode(text)
    assert not error.value.retryable


@pytest.mark.parametrize(
    "job", ['{"kind":"dream"}', '{"kind":"deliver","sink":"a"}', '{"kind":"deliver","sink":"a","how":1}']
)
def test_a_job_of_a_later_version_is_left_to_workers_that_know_it(job):
    with pytest.raises(StoreError, match=f"version {VERSION + 1}") as error:
        decode(f'{{"version":{VERSION + 1},"new":true,"job":{job}}}')
    assert error.value.retryable


@pytest.mark.parametrize(
    "text",
    [
        '{"version":3,"new":1,"job":{"kind":"deliver","sink":"a"}}',
        '{"version":3,"job":{"kind":"deliver","sink":"a","new":1}}',
    ],
)
def test_what_this_version_does_not_know_in_its_own_messages_is_refused(text):
    with pytest.raises(StoreError, match="new"):
        decode(text)
