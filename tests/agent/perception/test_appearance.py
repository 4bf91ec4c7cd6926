"""Names of colours, crops, and pictures without colour."""

import cv2
import numpy as np
import pytest

from agent.perception.appearance import colour_of, crop, is_grey
from tests.pictures import HEIGHT, WIDTH, Picture, street

BOX = (100.0, 80.0, 140.0, 140.0)


def planes_of(picture):
    return Picture(picture, 0.0).planes(WIDTH)


def mask_of(box):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    x0, y0, x1, y1 = map(int, box)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((200, 40, 40), "red"),
        ((230, 130, 30), "orange"),
        ((220, 210, 40), "yellow"),
        ((40, 160, 60), "green"),
        ((40, 70, 200), "blue"),
        ((150, 60, 190), "purple"),
        ((240, 240, 240), "white"),
        ((128, 128, 128), "grey"),
        ((25, 25, 28), "black"),
        ((95, 60, 45), "brown"),
    ],
)
def test_drawn_colours_have_their_names(rgb, name):
    picture = street().copy()
    picture[80:140, 100:140] = rgb
    assert colour_of(planes_of(picture), mask_of(BOX), BOX) == name


def test_only_the_foreground_counts_and_the_commonest_name_wins():
    picture = street().copy()
    picture[80:140, 100:140] = (40, 70, 200)
    picture[80:140, 100:112] = (200, 40, 40)
    assert colour_of(planes_of(picture), mask_of(BOX), BOX) == "blue"
    assert colour_of(planes_of(picture), mask_of((100, 80, 112, 140)), BOX) == "red"


def test_where_there_is_hardly_any_foreground_there_is_no_colour():
    planes = planes_of(street())
    assert colour_of(planes, mask_of((100, 80, 103, 83)), BOX) == ""
    assert colour_of(planes, mask_of(BOX), (0.0, 0.0, 0.0, 0.0)) == ""


@pytest.mark.parametrize("box", [(-20.0, -30.0, 30.0, 40.0), (455.0, 230.0, 500.0, 300.0), (101.0, 81.0, 139.0, 139.0)])
def test_boxes_over_the_edge_and_at_odd_places_are_borne(box):
    picture = np.full_like(street(), 0)
    picture[:] = (40, 160, 60)
    assert colour_of(planes_of(picture), np.ones((HEIGHT, WIDTH), bool), box) == "green"


def test_a_grey_picture_is_known():
    grey = cv2.cvtColor(cv2.cvtColor(street(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert is_grey(planes_of(grey))
    coloured = street().copy()
    coloured[100:200] = (60, 120, 60)
    assert not is_grey(planes_of(coloured))


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0.5, 0.5, 0.5, 0.5), (1, 1, 1, 1), (0.2, 0.3, 0.4, 0.6)])
def test_a_crop_is_never_empty_and_never_larger_than_the_picture(box):
    part = crop(street(), box)
    assert part.shape[0] >= 2
    assert part.shape[1] >= 2
    assert part.size <= street().size
    assert crop(street(), (0.2, 0.3, 0.4, 0.6)).shape[:2] == (81, 96)
