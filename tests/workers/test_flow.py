"""Steps by hand: what follows from what, and that doing a step twice changes nothing."""

import random
from dataclasses import replace

import numpy as np
import pytest

from agent.perception.scripted import ScriptedVision
from ingest.jpeg import encode
from ingest.sources import camera
from vidette.errors import ConfigError, StoreError
from vidette.models import PathPoint
from vidette.settings import LineSettings, Settings, StreamSettings, ZoneSettings
from vidette.vision import LookReply
from workers.deep.asking import _thinned
from workers.flow import step
from workers.jobs import LookAt, Settle, Watch
from workers.streams import questions, stream_of

VISION = ScriptedVision(otherwise=LookReply(caption="looked"))


def test_a_watch_gives_observations_in_order_and_the_last_is_final(memory, clip, spec_of):
    jobs = list(step(memory(), Watch(spec=spec_of(clip))))
    seen = [job.observation for job in jobs if isinstance(job, Settle)]
    assert len(seen) == len(jobs)
    assert [one.sequence for one in seen] == list(range(len(seen)))
    assert [one.final for one in seen] == [False] * (len(seen) - 1) + [True]


def test_deep_looks_follow_the_settling_of_their_segment(memory, clip, spec_of):
    pipeline = memory(vision=VISION)
    for job in step(pipeline, Watch(spec=spec_of(clip))):
        looks = list(step(pipeline, job))
        assert [look.segment for look in looks] == [one for one in job.observation.segments if one.keyframes]


def test_without_a_model_nothing_follows_a_settling(memory, clip, spec_of):
    pipeline = memory()
    for job in step(pipeline, Watch(spec=spec_of(clip))):
        assert list(step(pipeline, job)) == []


def test_a_span_is_followed_by_the_next_which_waits_for_it_to_be_settled(memory, clip, spec_of):
    pipeline = memory()
    *settles, then = step(pipeline, Watch(spec=spec_of(clip), span_s=5.0))
    assert isinstance(then, Watch)
    assert (then.end_s, then.after, then.again) == (10.0, settles[-1].observation.sequence, False)
    with pytest.raises(StoreError, match="not settled yet") as early:
        list(step(pipeline, then))
    assert early.value.retryable
    for job in settles:
        list(step(pipeline, job))
    assert all(job.observation.start_s >= 4 for job in step(pipeline, then) if isinstance(job, Settle))


def test_a_span_delivered_again_says_nothing_and_goes_on_as_before(memory, clip, spec_of):
    pipeline, job = memory(), Watch(spec=spec_of(clip), span_s=5.0)
    *settles, then = step(pipeline, job)
    for settle in settles:
        list(step(pipeline, settle))
    assert list(step(pipeline, replace(job, end_s=5.0))) == [then]
    assert list(step(pipeline, replace(then, end_s=1.0))) == [replace(then, end_s=6.0)]


def test_an_observation_too_early_is_refused_for_now(memory, clip, spec_of):
    pipeline = memory()
    first, second, *_ = step(pipeline, Watch(spec=spec_of(clip)))
    with pytest.raises(StoreError) as early:
        list(step(pipeline, second))
    assert early.value.retryable
    list(step(pipeline, first))
    list(step(pipeline, second))


def test_every_step_twice_and_deep_looks_in_any_order_leave_the_same_memory(memory, clip, spec_of, held, reply_to):
    once, many = (memory(name, ScriptedVision(otherwise=None)) for name in ("once", "many"))
    spec = spec_of(clip)
    watched = list(step(once, Watch(spec=spec)))
    looks = [look for job in watched for look in step(once, job)]
    vision = ScriptedVision(replies={look.segment.id: reply_to(look.segment) for look in looks})
    once, many = replace(once, vision=vision), replace(many, vision=vision)
    said = [settle for look in looks for settle in step(once, look)]
    for settle in said:
        list(step(once, settle))
    list(step(many, Watch(spec=spec)))
    for job in watched:
        list(step(many, job))
        list(step(many, job))
    shuffled = said * 2
    random.Random(3).shuffle(shuffled)
    for settle in shuffled:
        list(step(many, settle))
    assert looks
    assert held(many) == held(once)


def test_a_look_that_was_settled_is_not_asked_for_again(memory, clip, spec_of):
    pipeline = memory(vision=VISION)
    looks = [look for job in step(pipeline, Watch(spec=spec_of(clip))) for look in step(pipeline, job)]
    for look in looks:
        for settle in step(pipeline, look):
            list(step(pipeline, settle))
    assert [list(step(pipeline, look)) for look in looks] == [[]] * len(looks)


def test_a_look_at_a_stream_that_is_gone_asks_nothing(memory, clip, spec_of):
    pipeline, other = memory(vision=VISION), memory("other", VISION)
    looks = [look for job in step(pipeline, Watch(spec=spec_of(clip))) for look in step(pipeline, job)]
    assert list(step(other, looks[0])) == []


@pytest.fixture
def asked():
    """What `curious` was asked."""
    return []


@pytest.fixture
def curious(asked):
    """A model that remembers what it was asked."""

    class Curious(ScriptedVision):
        def look(self, request):
            asked.append(request)
            return super().look(request)

    return Curious(otherwise=LookReply(caption="looked"))


def test_a_model_is_told_of_the_tracks_in_view(memory, clip, spec_of, asked, curious):
    pipeline = memory(vision=curious)
    looks = [look for job in step(pipeline, Watch(spec=spec_of(clip))) for look in step(pipeline, job)]
    for look in looks:
        list(step(pipeline, look))
    assert any(request.tracks for request in asked)
    for request in asked:
        assert isinstance(LookAt(segment=request.segment), LookAt)
        for track in request.tracks:
            assert len(track.path) <= 16
            assert all(request.segment.start_s <= point.pts_s < request.segment.end_s for point in track.path)


def test_a_model_is_asked_as_the_settings_of_the_stream_say(memory, clip, spec_of, asked, curious, tmp_path):
    picture = tmp_path / "yard.jpg"
    picture.write_bytes(encode(np.full((90, 160, 3), 90, np.uint8)))
    said = {"questions": ["Is the gate open?"], "context": "a yard", "normal": str(picture), "boxes": "both"}
    examples = [{"picture": str(picture), "says": "nobody is there"}]
    streams = [{"name": "yard", "describe": "asked", "examples": examples, **said}, {"name": "gate"}]
    for name in ("yard", "gate"):
        pipeline = memory(vision=curious, streams=streams)
        for job in step(pipeline, Watch(spec=spec_of(clip, name))):
            for look in step(pipeline, job):
                list(step(pipeline, look))
    yard, gate = asked[0], asked[-1]
    assert (yard.questions, yard.context, yard.boxes, yard.describe) == (
        ("Is the gate open?",),
        "a yard",
        "both",
        "asked",
    )
    assert pipeline.media.get(yard.normal)
    assert [(one.sha256, one.says) for one in yard.examples] == [(yard.normal, "nobody is there")]
    assert (gate.questions, gate.normal, gate.examples, gate.boxes, gate.describe) == ((), "", (), "listed", "always")


def test_questions_of_rules_are_asked_with_those_of_the_stream(memory, clip, spec_of, asked, curious):
    rules = [
        {"id": "open", "when": {"ask": "Is the gate open?"}},
        {"id": "both", "when": {"all": [{"ask": "Is it dark?"}, {"ask": "Is  the gate open? ", "stream": "yard"}]}},
        {"id": "roof", "when": {"ask": "Is the roof wet?", "stream": "roof"}},
    ]
    streams = [{"name": "yard", "questions": ["Who is there?", "Is it dark?"]}]
    pipeline = memory(vision=curious, streams=streams, rules=rules)
    for job in step(pipeline, Watch(spec=spec_of(clip))):
        for look in step(pipeline, job):
            list(step(pipeline, look))
    assert asked
    assert {one.questions for one in asked} == {("Is the gate open?", "Is it dark?", "Who is there?")}


def test_no_more_is_asked_than_a_look_can_answer():
    rules = [{"id": f"r{i}", "when": {"ask": f"Is it {i}?"}} for i in range(20)]
    said = Settings(streams=[{"name": "yard", "questions": ["Is it dark?"]}], rules=rules)
    assert questions(said, "yard") == tuple(f"Is it {i}?" for i in range(16))
    assert questions(Settings(), "yard") == ()


def test_the_empty_scene_is_shown_now_and_to_a_model_that_comes_later(memory, clip, spec_of, asked, curious):
    streams = [{"name": "yard", "normal": "auto"}]
    pipeline, late = memory(vision=curious, streams=streams), memory("late", streams=streams)
    for one in (pipeline, late):
        for job in step(one, Watch(spec=spec_of(clip))):
            for look in step(one, job):
                list(step(one, look))
    now = list(asked)
    assert all(pipeline.media.get(request.normal) for request in now)
    for look in step(replace(late, vision=curious), Watch(spec=spec_of(clip))):
        list(step(replace(late, vision=curious), look))
    later = asked[len(now) :]
    assert {one.segment.id: one.normal for one in later} == {one.segment.id: one.normal for one in now} != {}


def test_a_stream_has_the_zones_and_lines_of_its_settings(memory, clip, spec_of):
    said = StreamSettings(
        name="yard",
        zones=[ZoneSettings(name="gate", polygon=[(0, 0), (1, 0), (1, 1)])],
        lines=[LineSettings(name="door", points=((0, 0), (1, 1)))],
    )
    settings = memory(streams=[said]).settings
    stream = stream_of(spec_of(clip, "yard"), settings)
    assert [(zone.name, zone.polygon) for zone in stream.zones] == [("gate", ((0, 0), (1, 0), (1, 1)))]
    assert [(line.name, line.a, line.b) for line in stream.lines] == [("door", (0, 0), (1, 1))]
    assert stream_of(spec_of(clip, "other"), settings).zones == ()
    assert stream_of(spec_of(clip, "yard"), settings) == stream


def test_a_model_is_told_of_a_track_up_to_both_ends_of_what_the_segment_shows():
    path = [PathPoint(pts_s=i / 5, box=(0.0, 0.0, 0.1, 0.1)) for i in range(100)]
    for many in range(101):
        told = _thinned(path[:many])
        assert len(told) == min(many, 16)
        assert sorted(set(told), key=path.index) == list(told)
        assert told[:1] == tuple(path[:1])[:many]
        assert told[-1:] == tuple(path[:many][-1:])


def test_a_camera_is_no_job_of_the_flow(memory):
    pipeline = memory()
    with pytest.raises(ConfigError, match="'door' is a camera"):
        list(step(pipeline, Watch(spec=camera("door", "rtsp://camera/1"))))
