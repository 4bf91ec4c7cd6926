"""Tiles cover, keep aspect and map back; what borders cut comes out whole."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.tiling import MAX_OVERLAP, MAX_TILES, Sighting, Tile, choose, merge, tile_crops, tiles
from vidette.errors import ConfigError
from vidette.geometry import inside_share, intersection

sides = st.integers(1, 5000)
sizes = st.tuples(sides, sides)
overlaps = st.floats(0, MAX_OVERLAP)
shares = st.floats(0, 1)


@st.composite
def boxes(draw):
    x0, x1 = sorted((draw(shares), draw(shares)))
    y0, y1 = sorted((draw(shares), draw(shares)))
    assume(x1 - x0 > 1e-3 and y1 - y0 > 1e-3)
    return x0, y0, x1, y1


@st.composite
def tilings(draw, least_overlap=0.0):
    width, height = draw(st.integers(64, 2000)), draw(st.integers(64, 2000))
    tile_px = draw(st.integers(max(32, max(width, height) // 6), 2200))
    return tiles((width, height), tile_px, draw(st.floats(least_overlap, MAX_OVERLAP)))


@given(sizes, st.integers(32, 6000), overlaps)
def test_tiles_cover_the_frame_and_lie_inside_it(size, tile_px, overlap):
    assume(max(size) / tile_px < 12)
    cut = tiles(size, tile_px, overlap)
    columns, rows = sorted({(t.x0, t.x1) for t in cut}), sorted({(t.y0, t.y1) for t in cut})
    assert len(cut) == len(columns) * len(rows) == len(set(cut))
    for spans, length in ((columns, size[0]), (rows, size[1])):
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(0 <= a < b <= length for a, b in spans)
        assert all(after[0] <= before[1] for before, after in itertools.pairwise(spans))


@given(sizes, st.integers(32, 6000), overlaps)
def test_tiles_are_alike_and_keep_the_aspect_of_the_frame(size, tile_px, overlap):
    assume(max(size) / tile_px < 12)
    cut = tiles(size, tile_px, overlap)
    assert len({(t.x1 - t.x0, t.y1 - t.y0) for t in cut}) == 1
    across, down = cut[0].x1 - cut[0].x0, cut[0].y1 - cut[0].y0
    assert max(across, down) == min(tile_px, max(size))
    scale = min(1.0, tile_px / max(size))
    assert abs(across - size[0] * scale) <= 1
    assert abs(down - size[1] * scale) <= 1


@given(sizes, st.integers(32, 1000), overlaps)
def test_neighbours_overlap_as_asked(size, tile_px, overlap):
    assume(max(size) / tile_px < 12)
    cut = tiles(size, tile_px, overlap)
    lefts = sorted({t.x0 for t in cut})
    across = cut[0].x1 - cut[0].x0
    assert all(a + across - b >= overlap * across - 1 for a, b in itertools.pairwise(lefts))


def test_a_full_hd_frame_in_640_pixel_tiles():
    cut = tiles((1920, 1080), 640, 0.2)
    assert len(cut) == 16
    assert (cut[0].x1, cut[0].y1) == (640, 360)
    assert tiles((640, 360), 640, 0.2) == [Tile(0, 0, 360, 640, 640, 360)]


@pytest.mark.parametrize(
    ("size", "tile_px", "overlap"),
    [
        ((0, 10), 64, 0.2),
        ((640, 480), 31, 0.2),
        ((640, 480), 64, 0.51),
        ((640, 480), 64, -0.1),
        ((16384, 16384), 32, 0.5),
    ],
)
def test_senseless_tilings_are_refused(size, tile_px, overlap):
    with pytest.raises(ConfigError, match=rf"{MAX_TILES}|an overlap from 0 to") as caught:
        tiles(size, tile_px, overlap)
    assert "\n" not in str(caught.value)


@given(tilings(), boxes(), st.randoms())
def test_boxes_map_to_the_frame_and_back(cut, box, random):
    tile = random.choice(cut)
    assert tile.to_tile(tile.to_frame(box)) == pytest.approx(box, abs=1e-9)
    assert tile.to_frame(tile.to_tile(box)) == pytest.approx(box, abs=1e-9)
    assert inside_share(tile.to_frame(box), tile.box) == pytest.approx(1.0, abs=1e-6)
    assert tile.to_frame((0.0, 0.0, 1.0, 1.0)) == pytest.approx(tile.box)


def test_crops_show_what_their_boxes_say_at_any_scale():
    rgb = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    cut = tiles((640, 360), 320, 0.2)
    crops = tile_crops(rgb, cut)
    assert all(np.array_equal(c, rgb[t.y0 : t.y1, t.x0 : t.x1]) for c, t in zip(crops, cut, strict=True))
    assert crops[0].base is not None
    half = tile_crops(np.ascontiguousarray(rgb[::2, ::2]), cut)
    assert {crop.shape for crop in half} == {(90, 160, 3)}
    assert all(crop.size for crop in tile_crops(rgb[:1, :1], cut))


def seen(cut, thing, label="object", least=0.0):
    """What a perfect detector says of a thing in each tile."""
    out = []
    for tile in cut:
        if intersection(thing, tile.box) > 0 and inside_share(thing, tile.box) >= least:
            own = tuple(min(1.0, max(0.0, v)) for v in tile.to_tile(thing))
            out.append(Sighting(box=tile.to_frame(own), label=label, confidence=0.5, tiles=frozenset({tile})))
    return out


@settings(max_examples=60)
@given(
    tilings(least_overlap=0.05),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), unique=True, max_size=6),
    st.randoms(),
)
def test_things_that_tiles_cut_come_out_whole_and_once(cut, cells, random):
    things = [((x + 0.05) / 5, (y + 0.05) / 5, (x + 0.9) / 5, (y + 0.9) / 5) for x, y in cells]
    found = [one for thing in things for one in seen(cut, thing)]
    random.shuffle(found)
    merged = merge(found)
    assert len(merged) == len(things)
    for one, thing in zip(merged, sorted(things), strict=True):
        assert one.box == pytest.approx(thing, abs=1e-6)


sightings = st.builds(
    Sighting,
    box=boxes(),
    label=st.sampled_from(["person", "bag"]),
    confidence=shares,
    tiles=st.sets(st.sampled_from(tiles((640, 480), 320, 0.3)), min_size=1, max_size=2).map(frozenset),
)


@given(st.lists(sightings, max_size=12), st.randoms())
def test_merging_ends_does_not_mind_the_order_and_loses_nothing(found, random):
    merged = merge(found)
    assert merge(merged) == merged
    random.shuffle(found)
    assert merge(found) == merged
    assert len(merged) <= len(found)
    for one in found:
        assert any(
            m.label == one.label and m.tiles >= one.tiles and inside_share(one.box, m.box) > 1 - 1e-9 for m in merged
        )
    assert max((m.confidence for m in merged), default=0) == max((f.confidence for f in found), default=0)


def test_labels_are_not_mixed():
    cut = tiles((640, 480), 320, 0.3)
    box = (0.3, 0.3, 0.6, 0.6)
    assert {one.label for one in merge([*seen(cut, box, "person"), *seen(cut, box, "bag")])} == {"person", "bag"}


def test_two_that_one_tile_tells_apart_stay_two():
    cut = tiles((640, 480), 320, 0.3)
    near, far = (0.30, 0.2, 0.6, 0.8), (0.40, 0.35, 0.46, 0.55)
    assert len(merge([*seen(cut, near, "person"), *seen(cut, far, "person")])) == 2


def test_a_thing_longer_than_a_tile_is_one():
    cut = tiles((1920, 400), 480, 0.2)
    lorry = (0.02, 0.4, 0.97, 0.7)
    [one] = merge(seen(cut, lorry))
    assert one.box == pytest.approx(lorry)
    assert len(one.tiles) >= 5


def test_a_detector_that_says_nothing_of_slivers_still_gives_each_thing_once():
    cut = tiles((1920, 1080), 640, 0.3)
    random = np.random.default_rng(7)
    for _ in range(40):
        x, y = random.uniform(0, 0.9), random.uniform(0, 0.9)
        thing = (x, y, x + 0.05, y + 0.08)
        [one] = merge(seen(cut, thing, least=0.4))
        assert inside_share(thing, one.box) > 0.99


@given(tilings(), st.lists(boxes(), max_size=6), st.integers(0, 8))
def test_the_budget_is_kept_and_goes_where_something_moved(cut, moved, budget):
    chosen = choose(cut, moved, budget)
    assert len(chosen) <= budget
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(cut)
    assert all(any(intersection(box, tile.box) > 0 for box in moved) for tile in chosen)
    assert choose(list(reversed(cut)), moved, budget) == chosen
    if moved and budget:
        assert chosen
        best = max(sum(inside_share(box, tile.box) for box in moved) for tile in cut)
        assert sum(inside_share(box, chosen[0].box) for box in moved) == pytest.approx(best)


def test_with_budget_enough_every_thing_is_shown_as_whole_as_a_tile_can():
    cut = tiles((1920, 1080), 640, 0.2)
    moved = [(0.01, 0.01, 0.03, 0.06), (0.5, 0.5, 0.52, 0.55), (0.95, 0.9, 0.99, 0.99), (0.2, 0.1, 0.9, 0.9)]
    chosen = choose(cut, moved, len(cut))
    for box in moved:
        best = max(inside_share(box, tile.box) for tile in cut)
        assert max(inside_share(box, tile.box) for tile in chosen) == pytest.approx(best)
    assert len(chosen) < len(cut)


def test_a_small_thing_counts_as_much_as_a_large_one():
    cut = tiles((1920, 1080), 640, 0.2)
    crowd = [(0.80 + i * 0.02, 0.8, 0.81 + i * 0.02, 0.83) for i in range(3)]
    [tile] = choose(cut, [*crowd, (0.05, 0.05, 0.2, 0.2)], 1)
    assert all(inside_share(box, tile.box) > 0.99 for box in crowd)


def test_nothing_moved_needs_no_tile():
    assert choose(tiles((640, 480), 320, 0.2), [], 4) == []
