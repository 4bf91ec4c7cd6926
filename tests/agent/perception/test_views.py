"""The best view of each thing, and snapshots with the box and caption drawn."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.views import Views, unit
from ingest import jpeg
from ingest.media import MemoryMedia
from tests.looking import sight
from tests.pictures import HEIGHT, WIDTH, Picture, street

BOX = (0.2, 0.3, 0.4, 0.7)


def frame(pts_s=0.0, level=None):
    return sight(Picture(street() if level is None else np.full_like(street(), level), pts_s))


def test_only_a_much_better_view_replaces_one():
    views = Views(MemoryMedia())
    views.offer(1, frame(1.0), BOX, 100)
    for pts_s, quality in ((2.0, 50), (3.0, 129), (4.0, 131)):
        assert views.offer(1, frame(pts_s), BOX, quality) == (quality > 130)
    assert (views.best[1].pts_s, views.best[1].quality) == (4.0, 131)


def test_a_frame_that_is_not_telling_is_kept_only_until_one_is():
    views = Views(MemoryMedia())
    dull = [sight(Picture(street(), at), at - 0.01) for at in (1.0, 1.1)]
    assert [view.telling for view in dull] == [False, False]
    assert views.offer(1, dull[0], BOX, 100)
    assert not views.offer(1, dull[1], BOX, 900)
    assert views.snapshot(1, "It is seen.") != ()
    assert views.offer(1, frame(1.3), BOX, 50)
    assert not views.offer(1, dull[1], BOX, 900)
    assert views.best[1].pts_s == 1.3


def test_a_snapshot_is_the_best_view_with_box_and_caption():
    media = MemoryMedia()
    views = Views(media)
    views.offer(1, frame(1.0, 90), BOX, 10)
    views.offer(1, frame(2.0, 160), BOX, 100)
    (evidence,) = views.snapshot(1, "A red object entered from the left.")
    assert (evidence.kind, evidence.pts_s, evidence.box) == ("snapshot", 2.0, BOX)
    picture = jpeg.decode(media.get(evidence.sha256)).astype(int)
    assert picture.shape[0] > HEIGHT
    assert picture.shape[1] == WIDTH
    assert abs(picture[150, 140] - 160).max() < 8
    x, y = round(BOX[0] * (WIDTH - 1)), round((BOX[1] + BOX[3]) / 2 * (HEIGHT - 1))
    red, green, blue = picture[y - 3 : y + 4, x - 1 : x + 2].mean(axis=(0, 1))
    assert min(red, green) > blue + 25
    caption = picture[HEIGHT + 4 :]
    assert (caption.max(axis=2) > 150).any()
    assert (caption.max(axis=2) < 90).any()


def test_pictures_at_hand_are_of_their_own_moments():
    views, levels = Views(MemoryMedia()), {1: 60, 2: 100, 3: 140, 4: 180}
    for number, level in levels.items():
        views.offer(number, frame(float(number), level), BOX, 10)
    for number in (1, 1, 2, 1, 3, 4, 2, 1, 4, 4):
        (evidence,) = views.snapshot(number, "It is seen.")
        picture = jpeg.decode(views.media.get(evidence.sha256)).astype(int)
        assert evidence.pts_s == number
        assert abs(picture[150, 140] - levels[number]).max() < 8
        assert len(views._shown) <= 2


def test_where_there_is_no_view_there_is_no_snapshot():
    views = Views(MemoryMedia())
    assert views.snapshot(1, "nothing") == ()
    views.offer(1, frame(), BOX, 1)
    views.forget(1)
    views.forget(2)
    assert views.snapshot(1, "nothing") == ()


def test_a_picture_of_now_needs_no_box():
    media = MemoryMedia()
    (evidence,) = Views(media).picture(frame(7.0), None, "The view is blocked.")
    assert (evidence.pts_s, evidence.box) == (7.0, None)
    assert media.get(evidence.sha256)


def test_a_wide_picture_is_kept_smaller():
    media = MemoryMedia()
    wide = sight(Picture(np.zeros((540, 1920, 3), np.uint8), 0.0))
    (evidence,) = Views(media).picture(wide, None, "")
    assert jpeg.decode(media.get(evidence.sha256)).shape == (270, 960, 3)


@pytest.mark.parametrize("committed", [1, 2])
def test_a_hand_over_changes_no_snapshot(committed):
    media = MemoryMedia()
    views = Views(media)
    views.offer(3, frame(2.0), BOX, 100)
    before = views.snapshot(3, "It stopped.")
    for _ in range(committed):
        state = json.loads(json.dumps(views.state()))
        views = Views(media)
        views.restore(state)
    assert views.snapshot(3, "It stopped.") == before
    assert views.best[3].box == BOX
    assert not views.offer(3, frame(2.0), BOX, 120)
    assert views.offer(3, frame(2.0), BOX, 140)


pixels = st.floats(-500, 1000)


@given(st.tuples(pixels, pixels, pixels, pixels))
def test_unit_boxes_are_inside_the_picture(box):
    assert all(0 <= value <= 1 for value in unit(box, (HEIGHT, WIDTH)))


def test_unit_boxes_are_shares_of_width_and_height():
    assert unit((48.0, 27.0, 240.0, 270.0), (270, 480)) == (0.1, 0.1, 0.5, 1.0)
