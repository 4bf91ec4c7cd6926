"""Real clips altered: each fault of the camera is told from its first picture to its last, and no other."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest

from ingest.frame import ArrayFrame
from ingest.media import MemoryMedia
from ingest.open import open_source
from tests.conftest import VIDEOS
from tests.looking import watch
from vidette.models import EventType, FastState
from vidette.settings import FastSettings, Settings

pytestmark = pytest.mark.real_clips

CLIPS = ["street_cars.mp4", "campus_pedestrians.avi", "bottles_placed_removed.mp4"]
LENGTH = 31.0
BEGIN, END = 8.0, 13.0
SHORT_S = 15.5
FAMILY = (
    EventType.SCENE_CHANGED,
    EventType.CAMERA_MOVED,
    EventType.VIEW_BLOCKED,
    EventType.TOO_DARK,
    EventType.TOO_BRIGHT,
    EventType.BLURRED,
    EventType.PICTURE_FROZEN,
    EventType.PICTURE_LOOPED,
)
QUICK = Settings(fast=FastSettings(people=False))


@cache
def pictures(name):
    """The first half minute at 5 frames a second, 480 wide."""
    source = open_source([VIDEOS / name], sample="5")
    return [(frame.pts_s, frame.rgb(480)) for frame in source.frames(0.0, LENGTH)]


@dataclass
class Altered:
    """A clip whose pictures are changed (vidette.ports.VideoSource): `change(index, pts_s, pictures)` -> rgb."""

    name: str
    change: object
    duration_s: float = LENGTH
    damage: tuple = ()

    def frames(self, start_s=0.0, end_s=None):
        known = [rgb for _, rgb in pictures(self.name)]
        for index, (pts_s, _) in enumerate(pictures(self.name)):
            if start_s <= pts_s < min(self.duration_s, LENGTH if end_s is None else end_s):
                yield ArrayFrame(image=np.ascontiguousarray(self.change(index, pts_s, known)), pts_s=pts_s)

    def close(self):
        pass


def during(alter, begin_s=BEGIN, end_s=END):
    return lambda index, pts_s, known: alter(known[index], index) if begin_s <= pts_s < end_s else known[index]


def noisy(picture, index, sigma=1.0):
    grain = np.random.default_rng(index).normal(0, sigma, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def covered(picture, index):
    """A hand or cloth before the lens: one dark tone, brighter at one side."""
    slope = np.linspace(35, 60, picture.shape[1])[None, :, None]
    return noisy(np.broadcast_to(slope, picture.shape), index)


def defocused(picture, index):
    return cv2.GaussianBlur(picture, (0, 0), 6)


def brightened(picture, index):
    return noisy(np.clip(picture.astype(np.float32) * 3 + 190, 0, 255), index)


def darkened(picture, index):
    return noisy(picture * 0.03, index)


def shifted(picture, index):
    moved = cv2.warpAffine(picture, np.array([[1.02, 0.01, 45], [-0.01, 1.02, 18]], np.float32), picture.shape[1::-1])
    moved[:18], moved[:, :45] = moved[18:36][::-1], moved[:, 45:90][:, ::-1]  # what comes into view there
    return moved


def told(source):
    watched = watch(source, settings=QUICK, media=MemoryMedia())
    return watched, watched.events(*FAMILY)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize(
    ("alter", "type_"),
    [
        (covered, EventType.VIEW_BLOCKED),
        (defocused, EventType.BLURRED),
        (brightened, EventType.TOO_BRIGHT),
        (darkened, EventType.TOO_DARK),
    ],
)
def test_what_was_done_to_the_picture_is_told_from_first_to_last(name, alter, type_):
    watched, events = told(Altered(name, during(alter), SHORT_S))
    assert [one.type for one in events] == [type_]
    assert events[0].start_s == pytest.approx(BEGIN, abs=0.6)
    assert events[0].end_s == pytest.approx(END, abs=0.6)
    blind = sum(row.end_s - row.start_s for row in watched.coverage if row.state is FastState.BLIND)
    assert blind == pytest.approx(0 if type_ is EventType.BLURRED else END - BEGIN, abs=0.8)


@pytest.mark.parametrize(("name", "late_s"), [(CLIPS[0], 1.0), (CLIPS[1], 1.0), (CLIPS[2], 4.0)])
def test_a_camera_that_is_turned_is_told_once(name, late_s):
    """In the last clip hands fill much of the view just then: what is behind them tells only once they have gone."""
    _, events = told(Altered(name, during(shifted, 24.0, 1e9)))
    assert [one.type for one in events] == [EventType.CAMERA_MOVED]
    assert 23.5 < events[0].start_s < 24.0 + late_s


@pytest.mark.parametrize("name", CLIPS)
def test_a_picture_that_stands_still_is_told(name):
    def frozen(index, pts_s, known):
        return known[round(BEGIN * 5)] if BEGIN <= pts_s < 21 else known[index]

    _, events = told(Altered(name, frozen, 24.0))
    assert [one.type for one in events] == [EventType.PICTURE_FROZEN]
    assert events[0].start_s == pytest.approx(BEGIN, abs=0.6)
    assert events[0].end_s == pytest.approx(21, abs=0.6)


@pytest.mark.parametrize("name", CLIPS)
def test_a_recording_shown_again_is_told(name):
    def looped(index, pts_s, known):
        return known[index] if index < 70 else known[20 + (index - 70) % 50]

    _, events = told(Altered(name, looped))
    found = [one for one in events if one.type is EventType.PICTURE_LOOPED]
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(14.0, abs=2.0)
