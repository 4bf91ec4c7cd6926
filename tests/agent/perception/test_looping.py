"""A recording shown again and again is told; still, flickering, periodic and busy scenes are not."""

import cv2
import numpy as np
import pytest

from agent.perception.looping import Loops
from ingest.media import MemoryMedia
from tests.looking import watch
from tests.pictures import Drawing, box, rain, walk
from vidette.models import EventType

MEDIA = MemoryMedia()
RED = (200, 60, 50)


class Looped(Drawing):
    """From `since_s` on its last `period_s` seconds again and again, to the last grain of noise."""

    since_s, period_s = 24.0, 12.0

    def at(self, t, index):
        while t >= self.since_s:
            t -= self.period_s
        return super().at(t, round(t * self.fps))


def lights(picture, t):
    """A traffic light of half a minute."""
    y = {0: 60, 1: 72, 2: 84}[int(t // 10) % 3]
    cv2.circle(picture, (300, y), 5, (250.0, 220.0, 60.0), -1)


def fan(picture, t):
    angle = 2 * np.pi * 1.25 * t
    tip = (240 + 50 * np.cos(angle), 120 + 50 * np.sin(angle))
    cv2.line(picture, (240, 120), (round(tip[0]), round(tip[1])), (30.0, 30.0, 30.0), 7)


def machine(picture, t):
    """An arm that does the same every 10 s."""
    x = 100 + 200 * abs((t % 10) / 5 - 1)
    cv2.rectangle(picture, (round(x), 150), (round(x) + 50, 190), (40.0, 60.0, 120.0), -1)


WALKS = [box(RED, walk(at, at + 7, (-10, 180), (490, 190))) for at in (2, 13)]


@pytest.mark.parametrize("draws", [WALKS, []], ids=["people", "nobody"])
def test_a_recording_shown_again_and_again_is_one_event_from_its_second_time_on(draws):
    watched = watch(Looped(70, draws), media=MEDIA)
    (event,) = watched.events(EventType.PICTURE_LOOPED)
    assert event.start_s == pytest.approx(24.0, abs=1.5)
    assert event.end_s is not None
    assert event.end_s > 69


def test_it_is_over_when_what_is_there_is_shown():
    class Once(Looped):
        def at(self, t, index):
            return super().at(t, index) if t < 50 else Drawing.at(self, t, index)

    (event,) = watch(Once(60, WALKS), media=MEDIA).events(EventType.PICTURE_LOOPED)
    assert event.end_s == pytest.approx(50.0, abs=0.6)


@pytest.mark.parametrize(
    ("draws", "noise"),
    [([], 2), ([], 0), ([lights], 2), ([lights], 0), ([fan], 2), ([fan], 0), ([machine], 2), ([rain(60)], 0)],
    ids=["noise", "still", "lights", "lights drawn", "fan", "fan drawn", "machine", "rain"],
)
def test_nothing_that_merely_repeats_itself_is_a_recording(draws, noise):
    source, loops = Drawing(150, draws, noise=noise), Loops()
    small = [cv2.resize(cv2.cvtColor(f.pixels, cv2.COLOR_RGB2GRAY), (160, 90)) for f in source.frames(0, 150)]
    assert not any(loops.repeats(picture, index / 5) for index, picture in enumerate(small))


def test_a_light_of_noise_that_slowly_changes_is_still_natural():
    random, loops = np.random.default_rng(1), Loops()
    for index in range(600):
        level = 100 + 30 * np.sin(index / 60)
        picture = np.clip(random.normal(level, 1.0, (90, 160)), 0, 255).astype(np.uint8)
        assert not loops.repeats(picture, index / 5)


def test_what_is_kept_is_bounded_and_a_stored_one_goes_on_equally():
    random, loops, told = np.random.default_rng(2), Loops(), ([], [])
    pictures = [random.integers(0, 256, (90, 160)).astype(np.uint8) for _ in range(60)]
    other = Loops()
    for index in range(900):
        picture = pictures[index % 60]
        if index == 500:
            other = Loops()
            other.restore(loops.state())
        told[0].append(loops.repeats(picture, index / 5))
        told[1].append(other.repeats(picture, index / 5) if index >= 500 else told[0][-1])
    assert told[0] == told[1]
    assert told[0][400]
    assert loops.pixels.shape[0] <= 900
    assert sum(array.nbytes for array in loops.state().values()) < 50_000
