"""Pictures to compare with: read once, made small, found again in media, refused in one line."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.jpeg import decode, encode
from ingest.media import FolderMedia
from vidette.errors import ConfigError
from vidette.models import Segment
from vidette.settings import Settings, StreamSettings
from workers.deep.references import References, check_references

SEGMENT = Segment(id="seg", stream_id="gate", start_s=0.0, end_s=1.0)


@pytest.fixture
def media(tmp_path):
    return FolderMedia(tmp_path / "media")


@pytest.fixture
def jpeg(tmp_path):
    rgb = np.random.default_rng(1).integers(0, 255, (1500, 2000, 3), np.uint8)
    path = tmp_path / "yard.jpg"
    path.write_bytes(encode(rgb))
    return path


def stream(jpeg, **said):
    return StreamSettings(name="gate", examples=[{"picture": str(jpeg), "says": "nothing"}], **said)


def test_what_is_named_is_kept_small(media, jpeg):
    references, said = References(media), stream(jpeg, normal=str(jpeg))
    (example,) = references.examples(said)
    assert example.says == "nothing"
    assert example.sha256 == references.normal(said, SEGMENT)
    assert decode(media.get(example.sha256)).shape == (960, 1280, 3)


def test_a_file_is_read_once_and_again_where_media_lost_it(media, jpeg):
    references, said, data = References(media), stream(jpeg), jpeg.read_bytes()
    (first,) = references.examples(said)
    jpeg.unlink()
    assert references.examples(said) == (first,)
    media.path(first.sha256).unlink()
    with pytest.raises(ConfigError):
        references.examples(said)
    jpeg.write_bytes(data)
    assert references.examples(said) == (first,)
    assert media.get(first.sha256)


def test_without_a_file_there_is_none(media):
    said = StreamSettings(name="gate")
    assert (References(media).normal(said, SEGMENT), References(media).examples(said)) == ("", ())
    check_references(Settings(streams=[said, StreamSettings(name="yard", normal="auto")]))
    assert not media.root.exists()


@pytest.mark.parametrize("data", [None, b"", b"\x89PNG\r\n", b"\xff\xd8\xff" + b"x" * 500])
def test_what_is_no_picture_is_refused_in_one_line(media, jpeg, data):
    jpeg.unlink() if data is None else jpeg.write_bytes(data)
    for settings in (stream(jpeg), StreamSettings(name="gate", normal=str(jpeg))):
        with pytest.raises(ConfigError, match="stream 'gate': cannot use the picture") as refused:
            check_references(Settings(streams=[settings]))
        assert "\n" not in str(refused.value)
        assert str(jpeg) in str(refused.value)
    assert not media.root.exists()


def test_a_folder_and_a_huge_file_are_refused(tmp_path, media):
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as handle:
        handle.truncate(2**30)
    for path in (tmp_path, huge):
        with pytest.raises(ConfigError, match="give a JPEG file"):
            check_references(Settings(streams=[stream(path)]))


def test_the_empty_scene_is_that_of_the_segment(media):
    said = StreamSettings(name="gate", normal="auto")
    assert References(media).normal(said, SEGMENT) == ""
    assert References(media).normal(said, replace(SEGMENT, backdrop="a" * 64)) == "a" * 64
