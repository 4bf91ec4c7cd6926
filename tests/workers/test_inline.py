"""The inline runner: outcomes, resuming, failures that stay where they are, and the lock."""

import os
import signal
import subprocess
import sys
from threading import Event

import pytest

from agent.perception.scripted import ScriptedVision
from vidette.errors import SourceError
from vidette.models import DeepState, FastState
from vidette.queries import CoverageIn, Segments
from vidette.vision import LookReply
from workers import flow
from workers.inline import InlineRunner, watch_sources


class BreaksAt:
    """A source whose disk goes away at a moment of the clip."""

    def __init__(self, source, at_s):
        self._source, self._at_s = source, at_s
        self.close = source.close

    @property
    def duration_s(self):
        return self._source.duration_s

    @property
    def damage(self):
        return self._source.damage

    def frames(self, start_s=0.0, end_s=None):
        for frame in self._source.frames(start_s, end_s):
            if frame.pts_s >= self._at_s:
                raise SourceError("read error: the disk is gone")
            yield frame


def breaks(monkeypatch, at_s):
    whole = flow.open_source
    monkeypatch.setattr(flow, "open_source", lambda *paths, **how: BreaksAt(whole(*paths, **how), at_s))


def coverage(pipeline):
    return pipeline.store.read(CoverageIn())


def test_a_clip_is_watched_to_its_end_and_told_of_on_the_way(memory, clip, spec_of, held):
    pipeline, told = memory(), []
    (outcome,) = watch_sources(pipeline, [spec_of(clip)], on_progress=told.append)
    assert (outcome.status, outcome.error, outcome.damage) == ("watched", None, ())
    assert outcome.watched_s == pytest.approx(14, abs=0.3)
    assert outcome.events == len(held(pipeline)["events"]) > 0
    assert outcome.tracks == len(held(pipeline)["tracks"]) >= 2
    assert [one.done for one in told] == [False] * (len(told) - 1) + [True]
    assert [one.pts_s for one in told] == sorted(one.pts_s for one in told)
    assert told[-1].caption


def test_what_was_watched_is_not_watched_again_unless_asked(memory, clip, whole, monkeypatch, spec_of, held):
    pipeline = memory()
    watch_sources(pipeline, [spec_of(clip)])
    with monkeypatch.context() as patch:
        patch.setattr(flow, "fast_look", None)
        (outcome,) = watch_sources(pipeline, [spec_of(clip)])
    assert (outcome.status, outcome.events) == ("already", len(whole["events"]))
    (outcome,) = watch_sources(pipeline, [spec_of(clip)], again=True)
    assert outcome.status == "watched"
    assert held(pipeline) == whole


def test_one_bad_file_does_not_stop_the_others(memory, clip, other_clip, tmp_path, spec_of):
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(clip.read_bytes())
    specs = [spec_of(gone, "gone"), spec_of(other_clip, "gate")]
    gone.unlink()
    pipeline = memory()
    bad, good = watch_sources(pipeline, specs)
    assert (bad.status, good.status) == ("failed", "watched")
    assert "gone.mp4" in bad.error
    assert {row.stream for row in coverage(pipeline)} == {good.stream}


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_stopped_watch_goes_on_exactly_where_it_was(memory, clip, whole, after, spec_of, held):
    pipeline, stop, told = memory(), Event(), []

    def listen(progress):
        told.append(progress)
        if len(told) == after:
            stop.set()

    (outcome,) = watch_sources(pipeline, [spec_of(clip)], on_progress=listen, stop=stop)
    assert outcome.status == "stopped"
    assert 0 < outcome.watched_s < 14
    (outcome,) = watch_sources(pipeline, [spec_of(clip)])
    assert outcome.status == "watched"
    assert held(pipeline) == whole


def test_those_not_begun_when_it_was_stopped_are_left_out(memory, clip, other_clip, spec_of):
    stop = Event()
    specs = [spec_of(clip), spec_of(other_clip, "gate")]
    outcomes = watch_sources(memory(), specs, on_progress=lambda _: stop.set(), stop=stop)
    assert [outcome.status for outcome in outcomes] == ["stopped"]


def test_a_watch_that_fell_over_goes_on_exactly_where_it_was(memory, clip, whole, caplog, spec_of, held):
    pipeline, told = memory(), []

    def falls(progress):
        told.append(progress)
        if len(told) == 2:
            raise ZeroDivisionError("a bug")

    (outcome,) = watch_sources(pipeline, [spec_of(clip)], on_progress=falls)
    assert (outcome.status, outcome.error) == ("failed", "ZeroDivisionError: a bug; please report this")
    assert "Traceback" in caplog.text
    watch_sources(pipeline, [spec_of(clip)])
    assert held(pipeline) == whole


def test_a_source_that_breaks_keeps_what_was_seen_and_the_rest_is_failed(memory, clip, monkeypatch, spec_of, held):
    breaks(monkeypatch, 6.0)
    pipeline = memory()
    (outcome,) = watch_sources(pipeline, [spec_of(clip)])
    assert (outcome.status, outcome.error) == ("failed", "read error: the disk is gone")
    (row,) = outcome.damage
    assert (row.state, row.reason) == (FastState.FAILED, "read error: the disk is gone")
    assert row.start_s == pytest.approx(6, abs=0.5)
    assert row.end_s == pytest.approx(14, abs=0.1)
    seen = held(pipeline)
    assert any(track.end_s is not None and track.end_s < 6.5 for track in seen["tracks"])
    assert not any(event.end_s is None for event in seen["events"])
    assert (seen["coverage"][0].start_s, seen["coverage"][0].state) == (0.0, FastState.WATCHED)


def test_a_source_that_breaks_at_once_is_failed_from_its_start(memory, clip, monkeypatch, spec_of):
    breaks(monkeypatch, 0.0)
    pipeline = memory()
    (outcome,) = watch_sources(pipeline, [spec_of(clip)])
    assert outcome.status == "failed"
    assert [(row.start_s, row.state) for row in coverage(pipeline)] == [(0.0, FastState.FAILED)]


def test_a_broken_source_can_be_watched_again(memory, clip, whole, monkeypatch, spec_of, held):
    pipeline = memory()
    with monkeypatch.context() as patch:
        breaks(patch, 6.0)
        watch_sources(pipeline, [spec_of(clip)])
    assert watch_sources(pipeline, [spec_of(clip)])[0].status == "already"
    assert watch_sources(pipeline, [spec_of(clip)], again=True)[0].status == "watched"
    again = held(pipeline)
    assert {name: again[name] for name in ("tracks", "coverage")} == {
        name: whole[name] for name in ("tracks", "coverage")
    }


def test_spans_change_nothing(memory, clip, whole, spec_of, held):
    for span_s in (3.0, 5.3, 1000.0):
        pipeline = memory(f"span {span_s}")
        (outcome,) = watch_sources(pipeline, [spec_of(clip)], span_s=span_s)
        assert outcome.status == "watched"
        seen = held(pipeline)
        assert [seen[name] for name in ("events", "tracks", "coverage")] == [
            whole[name] for name in ("events", "tracks", "coverage")
        ]


def test_a_stopped_watch_in_spans_goes_on_without(memory, clip, whole, spec_of, held):
    pipeline, stop = memory(), Event()
    watch_sources(
        pipeline, [spec_of(clip)], span_s=4.0, on_progress=lambda told: told.pts_s > 5 and stop.set(), stop=stop
    )
    watch_sources(pipeline, [spec_of(clip)])
    assert held(pipeline)["events"] == whole["events"]


def test_with_a_model_added_later_only_the_deep_looks_run(memory, clip, whole, monkeypatch, spec_of, held):
    vision = ScriptedVision(otherwise=LookReply(caption="a quiet yard"))
    watch_sources(memory(), [spec_of(clip)])
    pipeline = memory(vision=vision)
    with monkeypatch.context() as patch:
        patch.setattr(flow, "fast_look", None)
        assert watch_sources(pipeline, [spec_of(clip)])[0].status == "already"
        segments = pipeline.store.read(Segments(limit=1000))
        assert {one.caption for one in segments if one.keyframes} == {"a quiet yard"}
        patch.setattr(ScriptedVision, "look", None)  # a third time there is nothing left to look at
        assert watch_sources(pipeline, [spec_of(clip)])[0].error is None
    assert held(pipeline)["tracks"] == whole["tracks"]


def test_a_failed_deep_look_holds_nothing_back(memory, clip, whole, spec_of, held):
    pipeline = memory(vision=ScriptedVision())
    (outcome,) = watch_sources(pipeline, [spec_of(clip)])
    assert outcome.status == "watched"
    rows = coverage(pipeline)
    assert {row.deep for row in rows} >= {DeepState.FAILED}
    assert DeepState.PENDING not in {row.deep for row in rows}
    assert any("no scripted reply" in (row.reason or "") for row in rows)
    assert held(pipeline)["events"] == whole["events"]


def test_deep_looks_left_over_by_a_stop_are_done_next_time(memory, clip, spec_of):
    stop, vision = Event(), ScriptedVision(otherwise=LookReply(caption="looked"))
    pipeline = memory(vision=vision)
    watch_sources(pipeline, [spec_of(clip)], on_progress=lambda told: told.pts_s > 10 and stop.set(), stop=stop)
    assert DeepState.PENDING in {row.deep for row in coverage(pipeline)}
    watch_sources(pipeline, [spec_of(clip)])
    assert DeepState.PENDING not in {row.deep for row in coverage(pipeline)}


def test_a_second_watch_of_the_same_stream_is_refused(memory, clip, spec_of, held):
    pipeline, spec = memory(), spec_of(clip)
    with memory().lock(spec.stream_id):
        (outcome,) = InlineRunner(pipeline).watch([spec])
    assert outcome.status == "failed"
    assert "already being watched" in outcome.error
    assert held(pipeline)["events"] == []


def test_a_killed_watch_gives_the_stream_back_and_is_gone_on_with(memory, clip, whole, spec_of, held):
    pipeline, spec = memory(), spec_of(clip)
    code = """if True:
        import sys
        from ingest.sources import expand
        from vidette.settings import Settings
        from workers.inline import watch_sources
        from workers.wiring import pipeline_of

        def listen(progress):
            print(progress.pts_s, flush=True)
            sys.stdin.readline()

        db, media, path = sys.argv[1:]
        specs = expand([path], name="yard").specs
        watch_sources(pipeline_of(Settings(db=db, media=media)), specs, on_progress=listen)
    """
    command = [sys.executable, "-c", code, pipeline.settings.db, pipeline.settings.media, str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert 0 < float(other.stdout.readline()) < 14
        assert "already being watched" in watch_sources(pipeline, [spec])[0].error
        os.kill(other.pid, signal.SIGKILL)
    assert watch_sources(pipeline, [spec])[0].status == "watched"
    assert held(pipeline) == whole


def test_what_a_file_promises_and_does_not_hold_is_failed(memory, tmp_path, spec_of, held, film):
    whole = film(tmp_path / "whole.mkv", 14).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    seen = []
    for span_s in (None, 5.0):
        pipeline = memory(f"cut {span_s}")
        (outcome,) = watch_sources(pipeline, [spec_of(cut, "cut")], span_s=span_s)
        assert outcome.status == "watched"
        assert outcome.damage[0].start_s == pytest.approx(outcome.watched_s)
        assert "ends early" in outcome.damage[-1].reason
        assert outcome.damage[-1].end_s == pytest.approx(14, abs=0.2)
        seen.append(held(pipeline))
    assert [seen[0][name] for name in ("events", "tracks", "coverage")] == [
        seen[1][name] for name in ("events", "tracks", "coverage")
    ]


def test_the_default_runner_needs_no_celery():
    code = "import sys, workers.inline; assert not {'celery', 'kombu'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
