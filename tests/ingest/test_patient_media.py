"""Pictures are taken while the disk is full, and written once it is not."""

import logging

import pytest

from ingest.media import FolderMedia
from ingest.patient_media import PatientMedia
from vidette.errors import StoreError


@pytest.fixture
def place(tmp_path):
    """A folder that cannot be made: a file is in its way, until it is taken away."""
    (tmp_path / "media").write_text("in the way")
    return tmp_path / "media"


def test_what_cannot_be_written_is_held_told_of_once_and_written_when_it_can_be(place, caplog):
    media = PatientMedia(FolderMedia(place))
    with caplog.at_level(logging.WARNING):
        kept = [media.put(bytes([value]) * 10, ".jpg")[0] for value in range(5)]
    assert len(caplog.records) == 1
    assert [media.get(sha256) for sha256 in kept] == [bytes([value]) * 10 for value in range(5)]
    place.unlink()
    media.put(b"more", ".jpg")
    assert [FolderMedia(place).get(sha256) for sha256 in kept] == [bytes([value]) * 10 for value in range(5)]


def test_of_too_many_the_oldest_are_lost(place):
    media = PatientMedia(FolderMedia(place))
    kept = [media.put(b"%d" % value, ".jpg")[0] for value in range(60)]
    assert media.get(kept[-1]) == b"59"
    assert media.get(kept[12]) == b"12"
    with pytest.raises(StoreError):
        media.get(kept[11])


def test_with_room_it_is_the_store_itself(tmp_path):
    media = PatientMedia(FolderMedia(tmp_path / "media"))
    sha256, uri = media.put(b"picture", ".jpg")
    assert (sha256, uri) == FolderMedia(tmp_path / "other").put(b"picture", ".jpg")
    assert FolderMedia(tmp_path / "media").get(sha256) == b"picture"


def test_what_is_no_picture_is_refused_all_the_same(tmp_path):
    with pytest.raises(StoreError, match="cannot keep"):
        PatientMedia(FolderMedia(tmp_path)).put(b"x", ".exe")
