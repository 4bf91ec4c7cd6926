"""Which parts are shown larger: inside the picture, round what is wanted, where something moved and not where light did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.vlm.prompt import Picture
from agent.perception.vlm.schema import SaidCloser
from agent.perception.vlm.tiling import Want, asked_for, cells, chosen, is_small, moved, scale, small_tracks, tile_about
from ingest.tiling import Tile
from tests.agent.perception.vlm.conftest import TRACK
from vidette.geometry import centre, inside_share, iou
from vidette.models import Keyframe

SIDES = st.integers(64, 5000)


@st.composite
def boxes(draw):
    """Boxes with an area, in 0..1."""
    across, down = (draw(st.floats(1e-3, 1)) for _ in range(2))
    left, top = draw(st.floats(0, 1 - across)), draw(st.floats(0, 1 - down))
    return left, top, min(1.0, left + across), min(1.0, top + down)


@given(boxes(), SIDES, SIDES, st.integers(64, 2000))
def test_a_tile_lies_in_the_picture_and_shows_the_whole_box(box, width, height, side):
    tile = tile_about(box, (width, height), side)
    assert 0 <= tile.x0 < tile.x1 <= width
    assert 0 <= tile.y0 < tile.y1 <= height
    left, top, right, bottom = tile.box
    about = (left - 1 / width, top - 1 / height, right + 1 / width, bottom + 1 / height)  # to a pixel
    assert inside_share(box, about) == pytest.approx(1)
    assert max(tile.x1 - tile.x0, tile.y1 - tile.y0) >= min(side, max(width, height)) - 1


@given(boxes(), SIDES, SIDES)
def test_what_is_found_in_a_tile_lies_where_it_is_in_the_picture(box, width, height):
    tile = tile_about(box, (width, height), 300)
    back = tile.to_frame(tile.to_tile(box))
    assert back == pytest.approx(box, abs=1e-9)


@given(st.lists(st.tuples(st.integers(1, 4), boxes()), max_size=12), st.integers(0, 6))
def test_no_more_tiles_than_asked_for_and_none_twice(wanted, most):
    wants = [Want(number=number, box=box) for number, box in wanted]
    found = chosen(wants, dict.fromkeys(range(1, 5), (3840, 2160)), 768, most)
    assert len(found) <= most
    assert len(set(found)) == len(found)
    assert {number for number, _ in found} <= {number for number, _ in wanted}
    if most >= 4:  # one of each picture comes first
        assert {number for number, _ in found} == {number for number, _ in wanted}


def test_things_side_by_side_share_a_tile():
    wants = [Want(number=1, box=(x, 0.5, x + 0.01, 0.51)) for x in (0.5, 0.52, 0.54)]
    ((number, tile),) = chosen(wants, {1: (3840, 2160)}, 768, 4)
    assert number == 1
    assert all(inside_share(want.box, tile.box) == pytest.approx(1) for want in wants)


GROUND = np.random.default_rng(2).integers(60, 120, (540, 960, 3), np.uint8)


def seen(thing=None, light=1.0, noise=0.0, seed=0):
    rgb = GROUND.astype(float)
    if thing:
        x, y, side = thing
        rgb[y : y + side, x : x + side] = 220
    rgb = rgb * light + np.random.default_rng(seed).normal(0, noise, rgb.shape)
    return cells(np.clip(rgb, 0, 255).astype(np.uint8))


@settings(max_examples=25)
@given(st.integers(0, 930), st.integers(0, 510), st.integers(12, 30), st.floats(0, 8))
def test_a_small_thing_that_came_is_found_where_it_is(x, y, side, noise):
    found = moved(seen(noise=noise, seed=1), seen((x, y, side), noise=noise, seed=2))
    box = (x / 960, y / 540, (x + side) / 960, (y + side) / 540)
    assert inside_share(box, found[0]) > 0.7
    near = (box[0] - 0.06, box[1] - 0.06, box[2] + 0.06, box[3] + 0.06)
    assert all(inside_share(one, near) > 0.99 for one in found)


@settings(max_examples=25)
@given(st.floats(0.75, 1.3), st.floats(0, 6))
def test_light_and_noise_are_no_motion(light, noise):
    assert moved(seen(noise=noise, seed=3), seen(light=light, noise=noise, seed=4)) == []


def test_pictures_of_two_sizes_tell_nothing():
    assert moved(seen(), seen()[:-1]) == []


def test_cells_cover_a_picture_whose_sides_are_no_multiple_of_theirs():
    assert cells(np.zeros((101, 203, 3), np.uint8)).shape == (13, 26)
    assert cells(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1)


def test_small_is_what_has_few_pixels_when_it_is_sent():
    assert scale((3840, 2160), 768) == 0.2
    assert scale((640, 360), 768) == 1.0
    box = (0.5, 0.5, 0.5 + 100 / 3840, 0.5 + 200 / 2160)
    assert is_small(box, (3840, 2160), 768, 48)
    assert not is_small(box, (3840, 2160), 768, 39)


def picture(number, pts_s, **said):
    return Picture(
        number=number, at_s=pts_s, keyframe=Keyframe(id="k", segment_id="s", pts_s=pts_s, sha256="", uri=""), **said
    )


def test_a_track_is_shown_where_it_is_largest():
    sizes = {picture(1, 10.0): (3840, 2160), picture(2, 14.0): (3840, 2160)}
    grown = (TRACK.path[0], type(TRACK.path[1])(pts_s=14.0, box=(0.4, 0.5, 0.55, 0.75)))
    from dataclasses import replace

    (want,) = small_tracks([replace(TRACK, path=grown)], sizes, 768, 200)
    assert (want.number, want.box) == (2, grown[1].box)
    assert list(small_tracks([TRACK], sizes, 768, 48)) == []
    assert list(small_tracks([replace(TRACK, path=())], sizes, 768, 4000)) == []


def test_what_is_asked_for_in_a_part_is_meant_in_the_whole_picture():
    tile = Tile(540, 960, 1080, 1920, 1920, 1080)
    pictures = [picture(1, 0.0), picture(2, 0.0, part=tile, of=1)]
    said = [
        SaidCloser(frame=frame, box=box) for frame in range(4) for box in ([0.0, 0.0, 0.5, 0.5], [], [1.0, 0, 0, 1])
    ]
    first, second = asked_for(said, pictures)
    assert (first.number, first.box) == (1, (0.0, 0.0, 0.5, 0.5))
    assert (second.number, second.box) == (1, (0.5, 0.5, 0.75, 0.75))
    assert iou(second.box, tile.box) == 0.25
    assert centre(second.box) == (0.625, 0.625)
