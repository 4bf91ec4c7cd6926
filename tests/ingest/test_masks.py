"""Masks: black wherever a polygon lies, at every size, and everything else as it was."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.frame import ArrayFrame
from ingest.masks import Masks
from tests.pictures import Drawing

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
WHITE = np.full((270, 480, 3), 255, np.uint8)


def test_without_polygons_frames_and_sources_are_handed_on_as_they_are():
    frame, source = ArrayFrame(image=WHITE, pts_s=1.0), Drawing(1)
    assert Masks().frame(frame) is frame
    assert Masks().source(source) is source
    assert not Masks()


def test_a_masked_half_is_black_without_colour_and_the_frame_itself_is_untouched():
    image = WHITE.copy()
    frame = Masks(polygons=(LEFT,)).frame(ArrayFrame(image=image, pts_s=1.5))
    assert (frame.pts_s, frame.size) == (1.5, (480, 270))
    for rgb in (frame.rgb(), frame.rgb(160)):
        half = rgb.shape[1] // 2
        assert rgb[:, :half].max() == 0
        assert rgb[:, half + 3 :].min() == 255
    y, u, v = frame.planes(320)
    assert y[:, :160].max() == 0
    assert y[:, 164:].min() > 250
    assert {*u[:, :80].ravel(), *v[:, :80].ravel()} == {128}
    assert image.min() == 255


points = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(points, min_size=3, max_size=8), st.integers(8, 200), st.integers(8, 200))
def test_no_pixel_of_a_polygon_is_shown_at_any_size(polygon, width, height):
    hidden = Masks(polygons=(tuple(polygon),)).hidden((width, height)) > 0
    scale = 8  # drawn far larger: every fine pixel inside must lie in a hidden one
    fine = np.zeros((height * scale, width * scale), np.uint8)
    corners = np.array([[x * width * scale, y * height * scale] for x, y in polygon], np.int32)
    cv2.fillPoly(fine, [corners], 1)
    ys, xs = np.nonzero(fine)
    assert hidden[ys // scale, xs // scale].all()


def test_a_masked_source_is_the_source_masked():
    source = Drawing(2, noise=0)
    masked = Masks(polygons=(LEFT,)).source(source)
    assert masked.duration_s == source.duration_s
    assert masked.damage == ()
    frames = list(masked.frames(0.4, 1.0))
    assert [frame.pts_s for frame in frames] == [frame.pts_s for frame in source.frames(0.4, 1.0)]
    assert all(frame.rgb()[:, :240].max() == 0 for frame in frames)


def test_a_masked_source_that_is_left_early_lets_its_frames_go():
    ended = []

    class Noting(Drawing):
        def frames(self, start_s=0.0, end_s=None):
            try:
                yield from super().frames(start_s, end_s)
            finally:
                ended.append(True)

    frames = Masks(polygons=(LEFT,)).source(Noting(2)).frames()
    next(frames)
    frames.close()
    assert ended == [True]


@pytest.mark.parametrize("size", [(2, 2), (3840, 2160)])
def test_what_is_drawn_is_kept_for_a_few_sizes_only(size):
    masks = Masks(polygons=(LEFT,))
    for wide in range(10, 40):
        masks.hidden((wide, 10))
    assert masks.hidden(size).shape == size[::-1]
    assert len(masks._hidden) <= 10
