"""What a file says of itself."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from ingest.probe import length_s, probe
from vidette.errors import SourceError


def test_what_an_ordinary_file_says(clip):
    told = probe(clip("plain.mp4", metadata={"creation_time": "2024-05-06T07:08:09.000000Z"}))
    assert (told.codec, told.width, told.height, told.fps, told.frames) == ("h264", 160, 120, 25.0, 100)
    assert "mp4" in told.container
    assert told.duration_s == pytest.approx(4.0)
    assert told.created == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert not told.has_b_frames


@pytest.mark.parametrize("text", ["1904-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00Z"])
def test_a_creation_time_must_be_believable(clip, text):
    assert probe(clip("when.mkv", frames=5, metadata={"creation_time": text})).created is None


def test_size_is_upright_with_square_pixels(clip):
    turned = probe(clip("turned.mp4", rotation=90, pixel_aspect=Fraction(4, 3), frames=5))
    assert (turned.width, turned.height) == (120, 213)


def test_b_frames_are_told(clip):
    assert probe(clip("b.mkv", b_frames=3)).has_b_frames


@pytest.mark.parametrize("name", ["raw.h264", "live.mkv", "plain.mp4", "plain.ts"])
def test_length_is_counted_where_it_is_not_told(clip, name):
    live = {"live": "1"} if name == "live.mkv" else {}
    assert length_s(clip(name, b_frames=2, container_options=live)) == pytest.approx(4.0, abs=0.05)


def test_what_is_no_video(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        probe(tmp_path / "none.mp4")
