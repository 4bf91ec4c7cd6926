"""What every media store does (vidette.ports.MediaStore)."""

import hashlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.media import SUFFIXES, FolderMedia, MemoryMedia
from vidette.errors import StoreError
from vidette.ports import MediaStore


@pytest.fixture(params=["folder", "memory"])
def media(request, tmp_path) -> MediaStore:
    return FolderMedia(tmp_path / "media") if request.param == "folder" else MemoryMedia()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(data=st.binary(max_size=3000), suffix=st.sampled_from(SUFFIXES))
def test_what_is_put_is_got(media, data, suffix):
    sha256, uri = media.put(data, suffix)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert uri == f"media:{sha256}{suffix}"
    assert media.get(sha256) == data
    assert media.put(data, suffix) == (sha256, uri)


def test_different_bytes_have_different_addresses(media):
    first, second = media.put(b"one", ".jpg"), media.put(b"two", ".jpg")
    assert first != second
    assert (media.get(first[0]), media.get(second[0])) == (b"one", b"two")


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
def test_an_address_that_holds_nothing_is_said_in_one_line(media, sha256):
    with pytest.raises(StoreError) as caught:
        media.get(sha256)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("suffix", ["", "jpg", ".JPG", ".exe", "/../../x.jpg", ".jpg/..", ".jpg\0", ".jpg\n"])
def test_only_pictures_and_clips_are_kept(media, suffix):
    with pytest.raises(StoreError, match=re.escape(repr(suffix))):
        media.put(b"data", suffix)
