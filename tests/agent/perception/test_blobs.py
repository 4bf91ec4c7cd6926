"""Regions to things: pixels are conserved, boxes are inside, tracks cut and join."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agent.perception.blobs import Blob, Expected, components, things

SHAPE = (40, 60)
masks = arrays(bool, SHAPE, elements=st.booleans(), fill=st.just(False))


@st.composite
def boxes(draw):
    x, y = draw(st.integers(0, 50)), draw(st.integers(0, 30))
    return (float(x), float(y), float(x + draw(st.integers(2, 60 - x))), float(y + draw(st.integers(2, 40 - y))))


def paint(*rectangles):
    mask = np.zeros(SHAPE, bool)
    for x0, y0, x1, y1 in rectangles:
        mask[y0:y1, x0:x1] = True
    return mask


def found(*rectangles, expected=(), min_area=4):
    mask = paint(*rectangles)
    labels, blobs = components(mask, mask.astype(np.float32) * 2, min_area)
    return sorted(blob.box for blob in things(labels, blobs, expected))


def track(*box, confirmed=True):
    return Expected(box=tuple(map(float, box)), confirmed=confirmed)


@given(masks)
def test_regions_hold_every_pixel_once(mask):
    labels, blobs = components(mask, mask.astype(np.float32), 1)
    assert sum(blob.area for blob in blobs) == mask.sum()
    for blob in blobs:
        ys, xs = np.nonzero(np.isin(labels, blob.parts))
        assert blob.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        assert blob.area == len(xs)
        assert blob.score == pytest.approx(1.0)
        assert (blob.width, blob.height) == (blob.box[2] - blob.box[0], blob.box[3] - blob.box[1])


@given(masks, st.integers(1, 30))
def test_small_regions_are_dropped(mask, min_area):
    _, blobs = components(mask, mask.astype(np.float32), min_area)
    assert all(blob.area >= min_area for blob in blobs)


@given(st.lists(boxes(), max_size=6), st.lists(st.tuples(boxes(), st.booleans()), max_size=5))
def test_things_are_made_of_the_regions_pixels_and_stay_within_them(rectangles, tracks):
    mask = paint(*(tuple(map(int, box)) for box in rectangles))
    labels, blobs = components(mask, mask.astype(np.float32), 4)
    made = things(labels, blobs, [Expected(box=box, confirmed=sure) for box, sure in tracks])
    parts = {part for blob in blobs for part in blob.parts}
    assert {part for thing in made for part in thing.parts} <= parts
    assert sum(thing.area for thing in made) <= sum(blob.area for blob in blobs)
    assert bool(made) == bool(blobs)
    for thing in made:
        own = [blob.box for blob in blobs if set(blob.parts) <= set(thing.parts)]
        assert thing.area > 0
        assert thing.box[0] >= min(box[0] for box in own)
        assert thing.box[1] >= min(box[1] for box in own)
        assert thing.box[2] <= max(box[2] for box in own) + 1e-6
        assert thing.box[3] <= max(box[3] for box in own) + 1e-6


@given(st.lists(boxes(), max_size=6))
def test_joining_conserves_area_and_score(rectangles):
    mask = paint(*(tuple(map(int, box)) for box in rectangles))
    score = np.random.default_rng(1).uniform(0, 4, SHAPE).astype(np.float32)
    labels, blobs = components(mask, score, 1)
    made = things(labels, blobs, [])
    assert sum(thing.area for thing in made) == sum(blob.area for blob in blobs)
    assert sorted(part for thing in made for part in thing.parts) == sorted(p for b in blobs for p in b.parts)
    weight = sum(thing.area * thing.score for thing in made)
    assert weight == pytest.approx(sum(blob.area * blob.score for blob in blobs), rel=1e-4)


def test_contrast_is_capped_so_that_glints_do_not_outweigh_bodies():
    mask = paint((5, 5, 15, 15))
    _, (blob,) = components(mask, mask.astype(np.float32) * 900, 4)
    assert blob.score == pytest.approx(4.0)


def test_head_and_legs_are_one_thing_and_two_apart_are_two():
    assert found((20, 4, 28, 10), (20, 12, 28, 30)) == [(20, 4, 28, 30)]
    assert len(found((4, 10, 12, 30), (40, 10, 48, 30))) == 2


def test_one_region_of_two_tracks_is_cut_between_them():
    left, right = found((10, 10, 30, 30), expected=[track(10, 10, 20, 30), track(20, 10, 30, 30)])
    assert left[0] == 10
    assert left[2] == pytest.approx(20, abs=1)
    assert right[0] == pytest.approx(20, abs=1)
    assert right[2] == 30


def test_a_candidate_cuts_nothing():
    pair = [track(10, 10, 20, 30), track(20, 10, 30, 30, confirmed=False)]
    assert len(found((10, 10, 30, 30), expected=pair)) == 1


def test_a_thing_hidden_behind_another_takes_nothing_of_it():
    (whole,) = found((10, 10, 20, 30), expected=[track(10, 10, 20, 30), track(9, 9, 52, 38)])
    assert whole == (10, 10, 20, 30)


def test_fragments_of_one_track_are_joined_though_they_lie_apart():
    apart = ((20, 5, 26, 12), (20, 16, 26, 30))
    assert len(found(*apart)) == 2
    assert found(*apart, expected=[track(19, 4, 27, 31)]) == [(20, 5, 26, 30)]


def test_what_different_things_account_for_is_not_joined():
    stacked = ((20, 5, 28, 15), (20, 16, 28, 30))
    assert len(found(*stacked)) == 1
    owned = [track(19, 4, 29, 15, confirmed=False), track(19, 16, 29, 31, confirmed=False)]
    assert len(found(*stacked, expected=owned)) == 2


def test_no_regions_no_things():
    labels = np.zeros(SHAPE, np.int32)
    assert things(labels, [], [track(0, 0, 10, 10)]) == []
    blob = Blob(box=(0, 0, 4, 4), area=16, score=1.0, parts=(1,))
    assert things(labels, [blob], []) == [blob]
