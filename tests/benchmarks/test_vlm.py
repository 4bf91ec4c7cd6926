"""The bench of deep looks asks what it says it asks, and counts it right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.slots import QUIET, Counted, serving
from benchmarks.vlm_clips import Truth, _covered, measured, truths
from benchmarks.vlm_long import _longest_idle, repeated
from benchmarks.vlm_queue import STREAMS, after, beside, left, queued
from tests.agent.perception.vlm.conftest import picture


@pytest.mark.parametrize("way", [beside, after])
def test_each_queued_segment_is_asked_about_once_with_its_pictures(way):
    pictures = [picture(place) for place in (20, 120, 220)]
    with serving(16, 0.01) as server, queued(server.url, pictures, 2, 3) as (pipeline, jobs):
        assert len(jobs) == 2 * STREAMS
        assert left(pipeline)
        way(pipeline, jobs)
        counted = server.counted()
        assert not left(pipeline)
        assert server.counted().questions == 0  # it began anew
    assert (counted.questions, counted.images) == (2 * STREAMS, 6 * STREAMS)
    assert 4000 < counted.text / counted.questions < 20_000
    assert 0 < counted.busy(16) <= 1


def test_what_it_answers_is_taken():
    assert json.loads(QUIET)["caption"]


def test_busy_is_the_share_of_slots_in_use_until_the_last_question():
    counted = Counted(questions=4, busy_s=9.0, busy_last_s=6.0, began=10.0, last=14.0, ended=16.0)
    assert counted.busy(2) == 6.0 / (2 * 4.0)
    assert counted.a_second() == 4 / 6.0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted)))
def test_time_within_any_stretch_is_counted_once(stretches):
    seconds = {at for start, end in stretches for at in range(start, end)}
    assert _covered([(float(start), float(end)) for start, end in stretches]) == len(seconds)


@pytest.mark.real_clips
def test_everything_that_happens_in_a_clip_is_within_an_examined_segment(videos, tmp_path):
    for suffix in ("events.json", "mp4"):
        (tmp_path / f"night_ir_cat.{suffix}").symlink_to(videos / f"night_ir_cat.{suffix}")
    (clip,) = measured(truths(tmp_path))
    assert clip.seen == clip.events > 0
    assert 0 < clip.ours.calls <= clip.chunks.calls
    assert clip.ours.images * 5 <= clip.chunks.images
    assert clip.ours.tokens < clip.chunks.tokens


@pytest.mark.real_clips
def test_a_clip_over_and_over_has_its_events_as_often(videos, tmp_path):
    (one,) = (one for one in truths(videos) if one.video.stem == "crossing_cyclist")
    many = repeated(one, tmp_path, 3)
    assert many.video.is_file()
    assert many.seconds == pytest.approx(3 * one.seconds, rel=0.05)
    assert len(many.events) == 3 * len(one.events)
    assert many.idle == pytest.approx(one.idle, abs=0.01)
    (clip,) = measured([many])
    assert clip.seen == clip.events


def test_the_longest_time_of_nothing_is_found(tmp_path):
    truth = Truth(video=tmp_path / "v.mp4", seconds=40.0, events=((10.0, 12.0), (5.0, 11.0), (20.0, 21.0)))
    assert _longest_idle(truth) == pytest.approx((21.3, 39.7))
