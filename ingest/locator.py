"""Where a stream's files are, as one text: a path a line, as a `file:` URI where it does not fit in one."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

_URI = "file://"


def locator(paths: Sequence[Path]) -> str:
    """The paths, one a line; a URI (RFC 8089) for one with control characters or bytes that are not UTF-8."""
    return "\n".join(_line(path) for path in paths)


def paths_of(text: str) -> list[Path]:
    """The paths that `locator` was given; those written as URIs are absolute."""
    return [
        Path(os.fsdecode(unquote_to_bytes(line[len(_URI) :])) if line.startswith(_URI) else line)
        for line in text.split("\n")
    ]


def _line(path: Path) -> str:
    text = str(path)
    plain = text.isprintable() and not text.startswith(_URI)
    return text if plain else path.absolute().as_uri()
