"""Several files as one stream."""

import pytest

from ingest.open import open_source
from tests.clips import FPS, cut_off, indices
from vidette.errors import SourceError


def times(source, *window) -> list[float]:
    return [round(f.pts_s, 3) for f in source.frames(*window)]


def test_files_follow_each_other_where_the_last_one_ended(clip):
    source = open_source([clip("a.mp4"), clip("b.mkv", b_frames=2, frames=30), clip("c.avi")], sample="5")
    frames = list(source.frames())
    assert source.duration_s == pytest.approx(4.0 + 1.2 + 4.0, abs=0.02)
    assert [round(f.pts_s, 2) for f in frames if f.pts_s >= 5.2][:2] == [5.2, 5.4]
    assert indices(frames)[-1] == round((frames[-1].pts_s - 5.2) * FPS)
    assert frames[-1].size == (160, 120)
    assert frames[-1].rgb(80).shape == (60, 80, 3)


def test_offsets_keep_a_gap(clip):
    source = open_source([clip("a.mp4"), clip("a.mp4")], sample="1", offsets_s=(0.0, 10.0))
    assert times(source) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert source.duration_s == pytest.approx(14.0)


@pytest.mark.parametrize("window", [(0.0, 0.5), (3.3, 5.1), (4.0, None), (7.9, 8.0), (20.0, None)])
def test_a_run_from_anywhere_shows_what_a_whole_run_shows(clip, window):
    source = open_source([clip("a.mp4"), clip("b.ts", b_frames=2)], sample="5")
    start_s, end_s = window
    expected = [t for t in times(source) if t >= start_s and (end_s is None or t < end_s)]
    assert times(source, *window) == expected


def test_damage_is_told_in_the_time_of_the_whole(clip, tmp_path):
    whole = clip("fast.mp4", container_options={"movflags": "faststart"})
    short = cut_off(whole, tmp_path / "short.mp4", 0.5)
    source = open_source([whole, short, whole], sample="5", offsets_s=(0.0, 4.0, 8.0))
    seen = times(source)
    (lost,) = source.damage
    assert 4 < lost.start_s < 8
    assert lost.end_s == pytest.approx(8.0)
    assert seen[-1] == 11.8
    times(source)
    assert len(source.damage) == 1, "reading again tells nothing twice"


def test_a_part_that_cannot_be_read_is_damage(clip, tmp_path):
    path = clip("a.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    source = open_source([path, tmp_path / "bad.mp4", path], sample="1", offsets_s=(0.0, 4.0, 8.0))
    assert times(source) == [0, 1, 2, 3, 8, 9, 10, 11]
    (lost,) = source.damage
    assert (lost.start_s, lost.end_s) == (4.0, 8.0)
    assert "bad.mp4" in lost.reason
    last = open_source([path, tmp_path / "bad.mp4"], sample="1", offsets_s=(0.0, 4.0))
    assert last.duration_s == 4.0
    assert times(last) == [0, 1, 2, 3]


def test_the_first_part_must_be_readable(clip, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"bad\.mp4"):
        open_source([tmp_path / "bad.mp4", clip("a.mp4")], offsets_s=(0.0, 4.0))
    with pytest.raises(SourceError, match="no file to open"):
        open_source([])
