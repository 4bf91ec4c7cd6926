import numpy as np
import pytest

from agent.perception.heat import WIDTH, paint, scene
from ingest import jpeg
from vidette.errors import StoreError


def test_what_passes_through_is_not_in_the_scene():
    ground = np.full((90, 160, 3), (40, 120, 60), np.uint8)
    frames = []
    for place in (10, 60, 110):
        frame = ground.copy()
        frame[40:60, place : place + 20] = (250, 0, 0)
        frames.append(jpeg.encode(frame))
    assert np.abs(scene(frames).astype(int) - ground).max() < 25
    assert scene([b"no picture", *frames, jpeg.encode(ground[:50])]).shape == (50, 160, 3)
    with pytest.raises(StoreError):
        scene([b"no picture"])


def test_the_most_is_the_brightest_and_nothing_is_grey():
    counts = np.zeros((9, 16))
    counts[2, 3], counts[6, 12] = 1, 100
    painted = jpeg.decode(paint(np.full((90, 160, 3), (20, 90, 160), np.uint8), counts)).astype(int)
    assert painted.shape == (405, WIDTH, 3)

    def at(column, row):
        return painted[int((row + 0.5) * 45), int((column + 0.5) * 45)]

    assert at(12, 6).sum() > at(3, 2).sum() + 100
    assert at(12, 6)[0] > at(12, 6)[2]  # yellow, not blue
    assert np.ptp(at(8, 1)) < 12  # grey
    empty = jpeg.decode(paint(np.full((90, 160, 3), 100, np.uint8), np.zeros((9, 16)))).astype(int)
    assert np.ptp(empty[200, 300]) < 12
