"""Which files were recorded, and what a stretch of time out of them shows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.live.clipping import clip
from ingest.live.recording import Files
from ingest.live.recordings import LONGEST_S, arrivals, folder_of, name_of, recorded, start_of
from ingest.masks import Masks
from tests.arriving import arrivals as arriving
from tests.arriving import shown
from tests.clips import Recipe, make, read_index

ORIGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)
NONE = Masks()
REGULAR = {"sc_threshold": "0"}


def at(seconds):
    return ORIGIN + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """20 s, numbered, recorded from media time 100 on in files of 4 s; nothing was recorded of [112, 140)."""
    base = tmp_path_factory.mktemp("recorded")
    folder = folder_of(base, "yard")
    files = Files(folder, at, NONE, 4.0)
    one = arriving(make(base / "a.mp4", Recipe(frames=300, gop=25, b_frames=2, options=REGULAR)))
    two = arriving(make(base / "b.mp4", Recipe(frames=200, gop=25, options=REGULAR)), at_s=140, connection=2)
    for arrival in [*one, *two]:
        files.write(arrival)
    files.close()
    return folder


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_a_name_says_its_instant_to_the_millisecond(instant):
    start = instant.replace(tzinfo=UTC)
    assert abs(start_of(name_of(start)) - start) <= timedelta(milliseconds=0.5)
    assert name_of(start_of(name_of(start))) == name_of(start)


@pytest.mark.parametrize("name", ["notes.txt", "20261301T000000.000Z.mp4", "20260101T000000.000Z.mp4.part", ""])
def test_other_names_are_no_recordings(name):
    assert start_of(name) is None


@settings(max_examples=40)
@given(st.lists(st.floats(0, 5000), max_size=12), st.floats(-100, 5000), st.floats(0.1, 3000))
def test_files_of_a_window_are_found_and_no_others(tmp_path_factory, begins, since, lasts):
    folder = tmp_path_factory.mktemp("names")
    starts = sorted({start_of(name_of(at(begin))) for begin in begins})
    for start in starts:
        (folder / name_of(start)).touch()
    (folder / "not ours.mp4").touch()
    low, high = at(since), at(since + lasts)
    found = [start for start, _ in recorded(folder, low, high)]
    ends = [*starts[1:], datetime.max.replace(tzinfo=UTC)]
    assert found == [
        start
        for start, end in zip(starts, ends, strict=False)
        if start < high and min(end, start + timedelta(seconds=LONGEST_S)) > low
    ]


def test_files_follow_each_other_at_keyframes(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == [name_of(at(100 + seconds)) for seconds in (0, 4, 8, 40, 44)]
    for name, frames in zip(names, (100, 100, 100, 100, 100), strict=True):
        pictures = shown(folder / name)
        assert (len(pictures), pictures[0][1]) == (frames, True)


@pytest.mark.parametrize(
    ("start_s", "end_s", "first", "last"),
    [
        (101.5, 103.0, 25, 74),
        (103.5, 109.0, 75, 224),  # over three files
        (90.0, 101.0, 0, 24),
        (111.5, 120.0, 275, 299),
    ],
)
def test_a_stretch_begins_at_the_keyframe_before_it(folder, tmp_path, start_s, end_s, first, last):
    clip(arrivals(folder, ORIGIN, start_s, end_s), tmp_path / "clip.mp4", NONE)
    numbers = [read_index(luma) for _, _, luma in shown(tmp_path / "clip.mp4")]
    assert (numbers[0], len(numbers)) == (first, len(set(numbers)))
    assert last - 2 <= numbers[-1] <= last + 2  # in the order of decoding, B-frames come later


def test_nothing_is_made_up_for_time_that_was_not_recorded(folder, tmp_path):
    found = list(arrivals(folder, ORIGIN, 120, 130))
    assert found == []
    later = list(arrivals(folder, ORIGIN, 130, 141))
    assert later[0].media_s == pytest.approx(140, abs=0.001)
    assert list(arrivals(tmp_path / "none", ORIGIN, 0, 10)) == []


def test_a_file_that_is_damaged_is_passed_over(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes() if "144." not in path.name else b"no video")
    found = list(arrivals(tmp_path, ORIGIN, 101, 111))
    assert {one.connection for one in found} == {0, 2}
