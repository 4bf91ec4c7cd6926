from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidette import ids

PARTS = st.lists(st.text(max_size=6), max_size=4)


@given(PARTS, PARTS)
def test_other_parts_are_another_id(a: list[str], b: list[str]) -> None:
    assert (ids.make_id(*a) == ids.make_id(*b)) == (a == b)
    assert UUID(ids.make_id(*a)).version == 5


def test_ids_never_change_between_versions() -> None:
    assert ids.stream_id("yard") == "588bf448-a3a6-572e-8f08-c6b816745389"
    assert ids.assertion_id("s", "fast", "r", "loitering", "t", 1.25) == "d65e87e2-8034-525c-81ae-9b6a352eb4cb"
    assert ids.entity_id("t") == "ffbe0044-af4d-5db8-bd60-b554c52cdaa7"


@given(st.floats(0, 1e6), st.floats(-0.0004, 0.0004))
def test_times_count_in_whole_milliseconds(start: float, jitter: float) -> None:
    exact = round(start, 3)
    assert ids.segment_id("s", exact) == ids.segment_id("s", exact + jitter)
    assert ids.segment_id("s", exact) != ids.segment_id("s", exact + 0.001)


UNIT = st.floats(0, 1)


@given(st.tuples(UNIT, UNIT, UNIT, UNIT))
def test_a_cell_is_on_the_grid(box: tuple[float, float, float, float]) -> None:
    column, row = map(int, ids.box_cell(box).split(","))
    assert 0 <= column < 16
    assert 0 <= row < 16


def test_no_box_has_no_cell() -> None:
    assert ids.box_cell(None) == "-"
    box = (0.1, 0.1, 0.2, 0.2)
    assert len({ids.track_id("s", 1.0, box), ids.track_id("s", 1.0, box, 1), ids.track_id("s", 2.0, box)}) == 3


@pytest.mark.parametrize("size", [0, 10, 64 * 1024, 300_000])
def test_the_tag_of_a_file_is_of_its_size_and_ends(tmp_path: Path, size: int) -> None:
    first, same, longer = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    first.write_bytes(b"x" * size)
    same.write_bytes(b"x" * size)
    longer.write_bytes(b"x" * (size + 1))
    assert ids.content_tag(first) == ids.content_tag(same) != ids.content_tag(longer)
    if size:
        same.write_bytes(b"x" * (size - 1) + b"y")
        assert ids.content_tag(first) != ids.content_tag(same)
