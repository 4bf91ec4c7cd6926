"""What a file that is no video looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.signature import looks_like


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


FTYP = box(b"ftyp", b"isom\0\0\0\0isom")
LARGE = b"\0\0\0\x01mdat" + (24).to_bytes(8, "big") + bytes(8)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"\xff\xd8\xff\xe0 and more", "it is a picture"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "it is a picture"),
        (box(b"ftyp", b"avif\0\0\0\0"), "it is a picture"),
        (b"PK\x03\x04rest", "it is an archive"),
        (b"\xef\xbb\xbf#EXTM3U\n", "it is a playlist"),
        (b"\n ffconcat version 1.0\n", "it is a playlist"),
        (b'<?xml version="1.0"?><MPD type="static">', "it is a playlist"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", "it describes a stream"),
        (b"SQLite format 3\0", "it is a document or a database"),
        ("plain wörds".encode() * 999, "it is text"),
        (FTYP + box(b"mdat", b"xx"), "moov) is missing"),
        (FTYP + LARGE + box(b"free", b""), "moov) is missing"),
        (FTYP + b"\xff\xff\xff\xffmdat", "moov) is missing"),
    ],
)
def test_it_is_named(tmp_path, head, says):
    (tmp_path / "x").write_bytes(head)
    assert says in looks_like(tmp_path / "x")


@pytest.mark.parametrize("head", [b"\x1aE\xdf\xa3\x80", bytes(range(256)), FTYP + LARGE + box(b"moov", b"x")])
def test_of_others_nothing_is_said(tmp_path, head):
    (tmp_path / "x").write_bytes(head)
    assert looks_like(tmp_path / "x") == ""


def test_of_a_file_that_is_gone_nothing_is_said(tmp_path):
    assert looks_like(tmp_path / "gone") == ""


@given(st.binary(max_size=60) | st.binary(max_size=60).map(FTYP.__add__))
def test_any_bytes_give_words_of_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(data)
    assert len(looks_like(path).splitlines()) <= 1
