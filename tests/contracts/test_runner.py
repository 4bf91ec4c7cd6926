"""What every Runner keeps, in this process and on workers."""

from threading import Event

import pytest

from vidette.ports import Runner
from workers.inline import InlineRunner


@pytest.fixture(params=["inline", "celery"])
def run_on(request):
    """Makes a runner for a pipeline."""
    return InlineRunner if request.param == "inline" else request.getfixturevalue("on_celery")


@pytest.fixture
def specs(clip, other_clip, spec_of):
    return [spec_of(clip, "yard"), spec_of(other_clip, "gate")]


def test_every_source_is_watched_to_its_end(run_on, memory, specs, held, both):
    pipeline = memory()
    runner: Runner = run_on(pipeline)
    outcomes = runner.watch(specs)
    assert [(one.stream, one.status, one.error) for one in outcomes] == [
        ("yard", "watched", None),
        ("gate", "watched", None),
    ]
    assert [one.watched_s for one in outcomes] == pytest.approx([14, 6], abs=0.3)
    assert sum(one.events for one in outcomes) == len(both["events"]) > 0
    assert held(pipeline) == both


def test_progress_rises_and_ends_with_done(run_on, memory, specs):
    told = []
    run_on(memory()).watch(specs, on_progress=told.append)
    for spec in specs:
        mine = [one for one in told if one.stream == spec.name]
        assert [one.pts_s for one in mine] == sorted(one.pts_s for one in mine)
        assert [one.done for one in mine] == [False] * (len(mine) - 1) + [True]


def test_a_second_time_nothing_changes(run_on, memory, specs, held):
    pipeline = memory()
    runner = run_on(pipeline)
    runner.watch(specs)
    before = held(pipeline)
    assert [one.status for one in runner.watch(specs)] == ["already", "already"]
    assert held(pipeline) == before


def test_again_watches_anew_and_sees_the_same(run_on, memory, specs, held, both):
    pipeline = memory()
    runner = run_on(pipeline)
    runner.watch(specs[:1])
    runner.watch(specs[1:])
    assert [one.status for one in runner.watch(specs, again=True)] == ["watched", "watched"]
    assert held(pipeline) == both


def test_a_failure_is_an_outcome_and_stays_where_it_is(run_on, memory, specs, clip, spec_of, tmp_path):
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(clip.read_bytes())
    bad = spec_of(gone, "gone")
    gone.unlink()
    outcomes = run_on(memory()).watch([bad, *specs])
    assert [one.status for one in outcomes] == ["failed", "watched", "watched"]
    assert "gone.mp4" in outcomes[0].error


def test_a_stopped_watch_goes_on_from_there(run_on, memory, specs, held, both):
    pipeline, stop = memory(), Event()
    runner = run_on(pipeline)
    outcomes = runner.watch(specs, on_progress=lambda _: stop.set(), stop=stop)
    assert {one.status for one in outcomes} <= {"stopped", "watched"}  # a worker may have been faster
    runner.watch(specs)
    assert held(pipeline) == both


def test_spans_change_nothing(run_on, memory, specs, held, both):
    pipeline = memory()
    assert [one.status for one in run_on(pipeline).watch(specs, span_s=4.0)] == ["watched", "watched"]
    seen = held(pipeline)
    for name in ("events", "tracks", "coverage"):
        assert seen[name] == both[name]


def test_a_stream_that_another_watches_is_refused(run_on, memory, specs, held):
    runner = run_on(memory())
    pipeline = getattr(runner, "cluster", runner).pipeline
    with pipeline.lock(specs[0].stream_id):
        refused, watched = runner.watch(specs)
    assert (refused.status, watched.status) == ("failed", "watched")
    assert "already being watched" in refused.error


def test_nothing_to_watch_is_no_fault(run_on, memory):
    assert run_on(memory()).watch([]) == []
