"""The tracker: candidates become tracks once they get somewhere, clutter raises the bar, states go on equally."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.blobs import Blob
from agent.perception.tracking import Tracker

SHAPE = (270, 480)


def blob(x, y, width=20.0, height=50.0, score=2.0):
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Blob(box=box, area=int(width * height), score=score, parts=(1,))


def run(tracker, frames, *, fps=5.0, start=0):
    """Feed lists of blobs; -> (confirmed, ended) as (time, thing)."""
    confirmed, ended = [], []
    for index, blobs in enumerate(frames, start=start):
        step = tracker.step(index / fps, blobs)
        confirmed += [(index / fps, item) for item in step.confirmed]
        ended += [(index / fps, item) for item in step.ended]
    return confirmed, ended


def new(lost_s=2.0):
    return Tracker(SHAPE, lost_s, 0.0)


def walk(frames=30, start=60.0, pace=8.0, y=140.0):
    return [[blob(start + pace * index, y)] for index in range(frames)]


QUIET = [[] for _ in range(6)]


def test_one_walk_is_one_track_from_its_first_sight_to_its_last():
    tracker = new()
    confirmed, ended = run(tracker, QUIET + walk() + [[] for _ in range(15)])
    ((_, item),) = confirmed
    assert ended[0][1] is item
    assert item.birth_s == pytest.approx(1.2)
    assert item.seen_s == pytest.approx(7.0)
    assert item.hits == len(item.path) == 30
    assert item.walked == pytest.approx(29 * 8)
    assert item.reach == pytest.approx(29 * 8)
    assert tracker.live == []


def test_what_stays_or_flickers_is_never_a_track():
    still = [[blob(100, 100)]] * 40
    flicker = [[blob(100, 100)] if index % 5 == 0 else [] for index in range(40)]
    for frames in (still, flicker):
        assert run(new(), QUIET + frames)[0] == []


def test_what_jitters_on_the_spot_is_never_a_track():
    rng = np.random.default_rng(2)
    jitter = [[blob(100 + rng.normal(0, 3), 100 + rng.normal(0, 3))] for _ in range(60)]
    assert run(new(), QUIET + jitter)[0] == []


@pytest.mark.parametrize("gap", [3, 6, 9])
def test_a_short_occlusion_keeps_the_track(gap):
    whole = walk(40)
    hidden = whole[:15] + [[] for _ in range(gap)] + whole[15 + gap :]
    confirmed, ended = run(new(), QUIET + hidden)
    assert len(confirmed) == 1
    assert ended == []


def test_a_track_ends_where_it_was_last_seen_after_its_patience():
    confirmed, ended = run(new(lost_s=1.0), QUIET + walk(20) + [[] for _ in range(10)])
    ((_, item),) = confirmed
    ((at_s, gone),) = ended
    assert gone is item
    assert item.seen_s == pytest.approx(5.0)
    assert 1.0 < at_s - item.seen_s <= 1.4


def test_what_left_over_the_border_is_waited_for_less():
    leaving = [[blob(60 - 4.0 * index, 140)] for index in range(14)]
    inside = walk(14)
    waits = []
    for frames in (leaving, inside):
        _, ((at_s, item),) = run(new(), QUIET + frames + [[] for _ in range(15)])
        waits.append(at_s - item.seen_s)
    assert waits[0] < waits[1]


def test_where_things_come_from():
    tracker = new()
    run(tracker, [[blob(200, 140)]])
    assert tracker.live[0].origin == "start"
    tracker = new()
    run(tracker, [*QUIET, [blob(10, 140), blob(200, 140)]])
    assert [item.origin for item in tracker.live] == ["border", "inside"]
    for x, y in ((470, 140), (200, 24), (200, 246)):
        tracker = new()
        run(tracker, [*QUIET, [blob(x, y)]])
        assert tracker.live[0].origin == "border"


@pytest.mark.parametrize(
    ("start", "pace", "pictures"),
    [(10.0, 15.0, 3), (10.0, 8.0, 4), (10.0, 5.0, 5), (200.0, 15.0, 5), (200.0, 8.0, 5)],
)
def test_what_comes_straight_in_over_the_edge_is_believed_sooner(start, pace, pictures):
    ((at_s, item),), _ = run(new(), QUIET + walk(start=start, pace=pace))
    assert round((at_s - item.birth_s) * 5) + 1 == pictures


def test_what_comes_in_over_the_edge_to_and_fro_is_not():
    swaying = [[blob(10 + away, 140)] for away in (0.0, 20.0, 6.0, 22.0)]
    assert run(new(), QUIET + swaying)[0] == []


def test_what_comes_out_of_a_track_is_split_from_it():
    tracker = new()
    frames = walk(20)
    frames[-1] = [*frames[-1], blob(60 + 8 * 19 - 20, 160, 12, 10)]
    run(tracker, QUIET + frames)
    whole, part = tracker.live
    assert (part.origin, part.parent) == ("split", whole.number)


def test_clutter_raises_the_bar():
    rng = np.random.default_rng(4)

    def storm():
        return [blob(x, y, 4, 9) for x, y in rng.uniform((0, 0), (480, 270), (15, 2))]

    drift = [[blob(100 + 3.0 * index, 100, 8, 9)] for index in range(12)]
    calm = run(new(), QUIET + drift)[0]
    tracker = new()
    stormy = run(tracker, [storm() for _ in range(15)] + [one + storm() for one in drift])[0]
    assert tracker.clutter > 2
    assert len(calm) == 1
    assert stormy == [] or stormy[0][0] > calm[0][0] + 9 / 5


def test_a_track_does_not_hop_to_something_of_another_size_or_place():
    frames = walk(20)
    hop = [[blob(60 + 8 * 20 + 6, 140, 90, 160)] for _ in range(6)]
    confirmed, _ = run(new(), QUIET + frames + hop)
    ((_, item),) = confirmed
    assert max(box[2] - box[0] for _, box in item.path) <= 21


def test_tracks_choose_before_candidates():
    tracker = new()
    run(tracker, QUIET + walk(20))
    (item,) = tracker.live
    at = 60 + 8 * 20
    step = tracker.step(26 / 5, [blob(at + 2, 140), blob(at - 14, 140)])
    assert step.seen[0][0] is item
    assert item.box == blob(at + 2, 140).box


def test_resting_is_counted_from_when_it_came_to_rest():
    tracker = new()
    run(tracker, QUIET + walk(20) + [[blob(212, 140)]] * 20)
    (item,) = tracker.live
    assert item.put_s == pytest.approx(5.0, abs=0.5)
    assert item.still_s == pytest.approx(9.0 - item.put_s)


def test_a_path_is_bounded_and_keeps_both_ends():
    tracker = new()
    frames = [[blob(100 + 40 * np.sin(index / 9), 140)] for index in range(600)]
    run(tracker, QUIET + frames)
    (item,) = tracker.live
    assert len(item.path) <= 240
    assert item.path[0][0] == pytest.approx(1.2)
    assert item.path[-1][0] == pytest.approx(605 / 5)
    assert item.hits == 600


def test_resuming_goes_on_as_the_earlier_one():
    tracker = new()
    run(tracker, QUIET + walk(20))
    (earlier,) = tracker.live
    earlier.id, earlier.colours, earlier.people = "the first", {"red": 3}, 2
    tracker.drop(earlier)
    run(tracker, walk(12, start=230), start=40)
    (later,) = tracker.live
    tracker.resume(later, earlier)
    assert (later.id, later.number, later.birth_s, later.origin) == ("the first", earlier.number, 1.2, "inside")
    assert (later.hits, later.colours, later.people) == (32, {"red": 3}, 2)
    assert later.path[0] == earlier.path[0]


def test_finish_ends_what_was_confirmed_and_forgets_the_rest():
    tracker = new()
    run(tracker, QUIET + [[*one, blob(300, 60)] for one in walk(20)])
    assert len(tracker.live) == 2
    (item,) = tracker.finish()
    assert item.confirmed
    assert tracker.live == []


@given(st.integers(0, 2**16), st.integers(1, 39))
@settings(max_examples=8)
def test_a_stored_tracker_goes_on_equally(seed, cut):
    rng = np.random.default_rng(seed)
    ways = rng.uniform((20, 20, -9, -4), (460, 250, 9, 4), (4, 4))
    frames = [
        [blob(x + dx * index, y + dy * index) for x, y, dx, dy in ways if rng.uniform() < 0.9] for index in range(40)
    ]
    whole, first = new(), new()
    run(whole, frames)
    run(first, frames[:cut])
    second = Tracker.restore(json.loads(json.dumps(first.state())))
    run(second, frames[cut:], start=cut)
    assert json.dumps(second.state()) == json.dumps(whole.state())


@given(st.lists(st.floats(0.04, 1.0), min_size=14, max_size=25))
@settings(max_examples=15)
def test_uneven_frame_times_do_not_break_a_track(steps):
    tracker, confirmed, ended = new(), [], []
    at_s = 0.0
    for step_s in [0.2] * 5 + steps:
        at_s += step_s
        step = tracker.step(at_s, [blob(40 + 12 * at_s, 140)])
        confirmed += step.confirmed
        ended += step.ended
    assert len(tracker.live) == 1
    assert ended == []
