"""A folder of media: whole files, each checked when it is read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.media import FolderMedia, MemoryMedia
from vidette.errors import StoreError


def files(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


@pytest.fixture
def media(tmp_path):
    return FolderMedia(tmp_path / "media")


def test_nothing_is_made_before_something_is_kept(media):
    assert not media.root.exists()


def test_the_same_bytes_are_one_file_with_no_traces_beside_it(media):
    sha256, _ = media.put(b"picture", ".jpg")
    written = media.path(sha256).stat().st_mtime_ns
    media.put(b"picture", ".jpg")
    assert files(media.root) == [f"{sha256[:2]}/{sha256}.jpg"]
    assert media.path(sha256).stat().st_mtime_ns == written


def test_a_folder_that_was_moved_gives_the_same(media, tmp_path):
    sha256, _ = media.put(b"picture", ".mp4")
    media.root.rename(tmp_path / "moved")
    assert FolderMedia(tmp_path / "moved").get(sha256) == b"picture"
    with pytest.raises(StoreError, match="was the folder moved"):
        media.get(sha256)


@pytest.mark.parametrize("changed", [b"pictura", b"", b"picture and more"])
def test_changed_bytes_are_refused(media, changed):
    sha256, _ = media.put(b"picture", ".jpg")
    media.path(sha256).write_bytes(changed)
    with pytest.raises(StoreError, match="was changed"):
        media.get(sha256)


def test_a_file_that_was_cut_short_is_written_again(media):
    sha256, _ = media.put(b"picture", ".jpg")
    media.path(sha256).write_bytes(b"pict")
    media.put(b"picture", ".jpg")
    assert media.get(sha256) == b"picture"


def test_what_cannot_be_read_is_said_in_one_line(media):
    sha256, _ = media.put(b"picture", ".jpg")
    path = media.path(sha256)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot read") as caught:
        media.get(sha256)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(StoreError, match="choose another folder with `media`") as caught:
        FolderMedia(tmp_path / "file" / "media").put(b"picture", ".jpg")
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_nothing_behind(media):
    sha256, _ = media.put(b"picture", ".jpg")
    path = media.path(sha256)
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()
    with pytest.raises(StoreError):
        media.put(b"picture", ".jpg")
    assert files(media.root) == [f"{sha256[:2]}/{sha256}.jpg/in the way"]


def test_many_may_write_at_once(media):
    def keep(index: int) -> str:
        return media.put(bytes([index % 8]) * 100_000, ".jpg")[0]

    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(keep, range(64)))
    assert len(kept) == len(files(media.root)) == 8
    assert all(len(media.get(sha256)) == 100_000 for sha256 in kept)


def test_a_finished_file_is_moved_to_its_address(media):
    media.root.mkdir()
    file = media.root / "done"
    file.write_bytes(b"clip")
    sha256, uri = media.adopt(file, ".mp4")
    assert (sha256, uri) == MemoryMedia().put(b"clip", ".mp4")
    assert (media.get(sha256), files(media.root)) == (b"clip", [f"{sha256[:2]}/{sha256}.mp4"])
    with pytest.raises(StoreError, match="cannot keep 'done'"):
        media.adopt(file, ".mp4")
    file.write_bytes(b"clip")
    with pytest.raises(StoreError, match="one of"):
        media.adopt(file, ".exe")
    assert file.exists()
