"""Spans in a folder until they were looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media_files import media_files
from vidette.errors import StoreError
from workers.watches.shelf import Shelf

RUN = "0123456789abcdef" * 2


@given(pieces=st.lists(st.binary(max_size=2000), max_size=8))
def test_pieces_come_as_they_were_written(tmp_path_factory, pieces):
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "media", RUN)
    shelf.write(3, pieces)
    assert list(shelf.pieces(3)) == pieces
    shelf.drop(3)
    with pytest.raises(StoreError, match="decoded again"):
        list(shelf.pieces(3))


def test_of_what_could_not_be_made_nothing_stays(tmp_path):
    def failing():
        yield b"one"
        raise KeyError

    with pytest.raises(KeyError):
        Shelf(tmp_path, RUN).write(0, failing())
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot keep a span"):
        Shelf(tmp_path / "file", RUN).write(0, [b"one"])


@pytest.mark.parametrize("left", [1, 5, 9, 200])
def test_what_is_cut_off_is_told(tmp_path, left):
    shelf = Shelf(tmp_path, RUN)
    shelf.write(0, [b"a" * 100, b"b" * 100])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(StoreError, match="cut off"):
        list(shelf.pieces(0))


def test_what_is_left_of_one_who_died_goes_with_other_parts(tmp_path):
    Shelf(tmp_path, RUN).write(7, [b"one"])
    assert [found.kind for found in media_files(tmp_path)] == ["part"]
