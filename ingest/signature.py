"""What a file that is no video looks like, by its first bytes; said to a person, never acted on."""

from pathlib import Path

HEAD = 4096
_MOOV_SEARCH = 10_000  # boxes
_MAX_BOX = 2**60

_STARTS = (
    ((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*"), "it is a picture"),
    ((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ"), "it is an archive; unpack it first"),
    ((b"#EXTM3U", b"ffconcat", b"[playlist]", b"<SMIL", b"<smil"), "it is a playlist; give the files that it names"),
    ((b"v=0",), "it describes a stream and holds no pictures"),
    ((b"%PDF", b"SQLite format 3\0"), "it is a document or a database"),
)
_MPD = (b"<MPD", b"<SmoothStreamingMedia")
_PICTURE_BRANDS = (b"avif", b"heic", b"mif1")


def looks_like(path: Path) -> str:
    """A few words on what the file seems to be, and what to do; empty where nothing is known."""
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD)
    except OSError:
        return ""
    for starts, words in _STARTS:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(starts):
            return words
    if any(mark in head for mark in _MPD):
        return "it is a playlist; give the files that it names"
    if (head[:4], head[8:12]) == (b"RIFF", b"WEBP") or (head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS):
        return "it is a picture"
    if head[4:8] == b"ftyp":
        return "" if _has_moov(path) else "its index (moov) is missing: the recording or copy was cut short"
    return "it is text" if _is_text(head) else ""


def _has_moov(path: Path) -> bool:
    """Whether an ISO base media file (ISO/IEC 14496-12 §4.2) has its index among its top boxes."""
    with path.open("rb") as handle:
        for _ in range(_MOOV_SEARCH):
            at, head = handle.tell(), handle.read(16)
            if len(head) < 8:
                return False
            size, kind = int.from_bytes(head[:4]), head[4:8]
            if kind == b"moov":
                return True
            size = int.from_bytes(head[8:16]) if size == 1 else size
            if not 8 <= size < _MAX_BOX:
                return False
            handle.seek(at + size)
    return False


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode()
    return all(char.isprintable() or char.isspace() for char in text)
