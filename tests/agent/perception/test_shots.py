"""Keyframes of the open segment: few, spread, inside it, and the same after a hand-over."""

import itertools
import json

import pytest

from agent.perception.shots import Shots
from ingest import jpeg
from ingest.media import MemoryMedia
from tests.looking import sight
from tests.pictures import HEIGHT, WIDTH, Drawing, box, walk
from vidette import carry


@pytest.fixture(scope="module")
def frames():
    drawn = Drawing(10, [box((200, 60, 50), walk(0, 10, (-10, 180), (490, 190)))]).frames()
    return [sight(frame, frame.pts_s - 0.2) for frame in drawn]


def offered(shots, frames):
    for frame in frames:
        shots.offer(frame, 1.0)
    return shots


def test_keyframes_are_few_in_order_and_inside_the_segment(frames):
    media = MemoryMedia()
    kept = offered(Shots(media, 3), frames).close("segment", 2.0, 8.0)
    times = [shot.pts_s for shot in kept]
    assert 1 <= len(kept) <= 3
    assert times == sorted(times)
    assert all(2.0 <= at < 8.0 for at in times)
    assert {shot.segment_id for shot in kept} == {"segment"}
    assert len({shot.id for shot in kept}) == len(kept)
    for shot in kept:
        assert jpeg.decode(media.get(shot.sha256)).shape == (HEIGHT, WIDTH, 3)


def test_a_closed_segment_leaves_nothing_to_the_next(frames):
    shots = offered(Shots(MemoryMedia(), 3), frames)
    shots.close("one", 0.0, 10.0)
    assert shots.close("two", 0.0, 10.0) == ()


def test_pictures_are_looked_at_now_and_then(frames):
    shots = offered(Shots(MemoryMedia(), 30), frames)
    times = [shot.pts_s for shot in shots.close("one", 0.0, 10.0)]
    assert all(b - a >= 0.6 - 1e-9 for a, b in itertools.pairwise(times))
    assert len(times) >= 15


def test_a_segment_that_ends_before_a_telling_frame_is_shown_by_its_first(frames):
    dull = [one for one in frames if not one.telling][:2]
    first = Shots(MemoryMedia(), 4)
    offered(first, dull)
    second = Shots(first.media, 4)
    second.restore(*carry.unpack(carry.pack(*first.state())))
    assert [shot.pts_s for shot in second.close("one", 0.0, 10.0)] == [dull[0].pts_s]
    telling = next(one for one in frames if one.telling and one.pts_s > dull[-1].pts_s)
    offered(first, [telling, dull[0]])
    assert [shot.pts_s for shot in first.close("one", 0.0, 10.0)] == [telling.pts_s]


@pytest.mark.parametrize("cut", [1, 9, 30, 49])
def test_a_hand_over_changes_nothing(frames, cut):
    media = MemoryMedia()
    whole = offered(Shots(media, 4), frames).close("one", 0.0, 10.0)
    arrays, state = carry.unpack(carry.pack(*offered(Shots(media, 4), frames[:cut]).state()))
    second = Shots(media, 4)
    second.restore(arrays, json.loads(json.dumps(state)))
    assert offered(second, frames[cut:]).close("one", 0.0, 10.0) == whole


def test_an_empty_state_is_borne():
    first, second = Shots(MemoryMedia(), 4), Shots(MemoryMedia(), 4)
    second.restore(*carry.unpack(carry.pack(*first.state())))
    assert second.close("one", 0.0, 10.0) == ()
