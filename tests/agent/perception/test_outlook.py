"""How large to work, what is masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perception.outlook import working_width
from ingest.masks import masks_of
from vidette.settings import Settings, StreamSettings


@pytest.mark.parametrize(
    ("size", "width"),
    [((1920, 1080), 480), ((3840, 2160), 480), ((640, 480), 416), ((320, 240), 320), ((100, 75), 100)],
)
def test_working_widths(size, width):
    assert working_width(size) == width


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_the_working_picture_is_bounded_and_even(width, height):
    working = working_width((width, height))
    assert working % 2 == 0
    assert 16 <= working <= 480
    assert working == 16 or working <= width
    assert working == 16 or working * working * height / width <= 130_000 * 1.01


def test_masks_are_polygons_of_the_named_stream():
    half = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
    settings = Settings(
        streams=[
            StreamSettings(name="yard", masks=[half]),
            StreamSettings(name="gate", masks=[[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]]),
        ]
    )
    assert masks_of(settings, "yard").polygons == (tuple(half),)
    assert len(masks_of(settings, "gate").polygons) == 1
    assert not masks_of(settings, "elsewhere")
