"""The people detector: says little of what is no person, and does not fall over anything."""

import cv2
import numpy as np
import pytest

from agent.perception import people
from tests.looking import watch
from tests.pictures import street
from vidette.models import Label


def personlike(rgb, box):
    return people.personlike(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), box)


def figure(picture, x, foot, tall):
    """A plain upright figure: head, shoulders, legs apart."""
    unit = tall / 8
    dark = (28, 26, 30)
    cv2.circle(picture, (x, round(foot - 7.4 * unit)), round(0.62 * unit), (150, 110, 90), -1, cv2.LINE_AA)
    body = [(-1.1, 6.6), (1.1, 6.6), (1.25, 3.6), (0.8, 3.4), (-0.8, 3.4), (-1.25, 3.6)]
    cv2.fillPoly(picture, [_corners(body, x, foot, unit)], dark, cv2.LINE_AA)
    for side in (-1, 1):
        leg = [(side * 0.1, 4.0), (side * 0.9, 4.0), (side * 0.95, 0.1), (side * 0.45, 0.1)]
        cv2.fillPoly(picture, [_corners(leg, x, foot, unit)], dark, cv2.LINE_AA)
    return picture


def _corners(points, x, foot, unit):
    return np.array([(round(x + dx * unit), round(foot - up * unit)) for dx, up in points], np.int32)


def around(x, foot, tall, shape=(270, 480)):
    height, width = shape
    return (x - tall / 6) / width, (foot - tall) / height, (x + tall / 6) / width, foot / height


def pavement():
    return cv2.GaussianBlur(np.full((270, 480, 3), 175, np.uint8) + street() // 12, (0, 0), 2)


@pytest.mark.parametrize("tall", [60, 100])
def test_an_upright_figure_is_more_of_a_person_than_a_box(tall):
    place = around(240, 240, tall)
    drawn = personlike(figure(pavement(), 240, 240, tall), place)
    plank = pavement()
    cv2.rectangle(plank, (240 - tall // 6, 240 - tall), (240 + tall // 6, 240), (28, 26, 30), -1)
    assert drawn > personlike(plank, place)
    assert drawn > 0.45


def test_where_nobody_is_there_is_nobody():
    assert personlike(pavement(), around(240, 240, 100)) < 0.45
    assert personlike(figure(pavement(), 60, 240, 100), around(380, 240, 100)) < 0.45


@pytest.mark.parametrize(
    "box",
    [
        (0.5, 0.5, 0.53, 0.59),  # 24 px high
        (0.2, 0.4, 0.6, 0.8),  # wider than high
        (0.5, 0.1, 0.51, 0.9),  # a pole
        (0.5, 0.5, 0.5, 0.5),
    ],
)
def test_small_wide_and_thin_regions_are_not_asked_about(box):
    assert personlike(figure(pavement(), 240, 240, 100), box) == 0.0


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.1, 0.4), (0.9, 0.5, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0), (0.95, 0.0, 1.0, 0.3)]
)
def test_regions_at_the_edge_are_borne(box):
    assert personlike(street(), box) >= 0.0


@pytest.mark.parametrize(("width", "height"), [(64, 128), (1920, 1080), (90, 60)])
def test_pictures_of_any_size_are_borne(width, height):
    picture = cv2.resize(figure(pavement(), 240, 240, 180), (width, height))
    assert personlike(picture, around(240, 240, 180)) >= 0.0


@pytest.mark.real_clips
@pytest.mark.parametrize(("clip", "seconds"), [("campus_pedestrians.avi", 20.0), ("cars_overhead.mp4", 20.0)])
def test_people_are_persons_and_cars_are_not(videos, clip, seconds):
    from ingest.open import open_source

    source = open_source([videos / clip])
    try:
        watched = watch(Beginning(source, seconds))
    finally:
        source.close()
    long = [track for track in watched.tracks if track.end_s - track.start_s >= 3 and len(track.path) > 12]
    people = [track for track in long if track.label is Label.PERSON]
    assert long
    if clip.startswith("campus"):
        assert len(people) > len(long) / 2
    else:
        assert people == []


class Beginning:
    """The first seconds of a source."""

    def __init__(self, source, seconds):
        self.source, self.duration_s = source, seconds

    @property
    def damage(self):
        return self.source.damage

    def frames(self, start_s=0.0, end_s=None):
        yield from self.source.frames(start_s, min(self.duration_s, end_s or self.duration_s))


@pytest.mark.parametrize("tall", [20, 27, 28, 100, 200])
@pytest.mark.parametrize("share", [0.1, 0.15, 0.5, 0.9, 1.2])
def test_who_is_not_asked_about_is_nobody(tall, share):
    picture = street()
    height, width = picture.shape[:2]
    box = (0.4, 0.2, 0.4 + share * tall / width, 0.2 + tall / height)
    asked = people.asks((width, height), box)
    assert asked or personlike(picture, box) == 0.0
    if tall != 28 and share not in (0.15, 0.9):  # rounding decides at the border
        assert asked == (tall > 28 and 0.15 < share < 0.9)
