"""The files in the folder of media that are ours: recordings, pictures and clips, and what a kill left half written."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.live.recordings import FOLDER, start_of
from ingest.media import SUFFIXES

_SUFFIX = "|".join(re.escape(suffix) for suffix in SUFFIXES)
_SHELF = re.compile(r"[0-9a-f]{2}")
_STREAM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MEDIA = re.compile(rf"([0-9a-f]{{64}})({_SUFFIX})")
_PART = re.compile(rf"\.((clip-|[0-9a-f]{{64}}({_SUFFIX})\.)[0-9a-f]{{8}}|span-[0-9a-f]{{32}}-[0-9]{{1,9}})\.part")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of ours: `at` is when it was last written (seconds since 1970), `sha256` its address, if it has one."""

    kind: Literal["recording", "media", "part"]
    path: Path
    at: float
    size: int
    sha256: str = ""


def media_files(root: Path) -> Iterator[MediaFile]:
    """Every file of ours; anything else, links too, is passed over. It may change while it is walked."""
    for entry in _entries(root):
        if _PART.fullmatch(entry.name):
            yield from _file("part", entry)
        elif _is_folder(entry) and _SHELF.fullmatch(entry.name):
            yield from _shelf(entry)
        elif _is_folder(entry) and entry.name == FOLDER:
            for stream in _entries(entry):
                if _is_folder(stream) and _STREAM.fullmatch(stream.name):
                    yield from _recordings(stream)


def _shelf(folder: "os.DirEntry[str]") -> Iterator[MediaFile]:
    for entry in _entries(folder):
        found = _MEDIA.fullmatch(entry.name)
        if found and found[1].startswith(folder.name):
            yield from _file("media", entry, found[1])
        elif _PART.fullmatch(entry.name):
            yield from _file("part", entry)


def _recordings(folder: "os.DirEntry[str]") -> Iterator[MediaFile]:
    for entry in _entries(folder):
        if start_of(entry.name) is not None:
            yield from _file("recording", entry)


def _file(
    kind: Literal["recording", "media", "part"], entry: "os.DirEntry[str]", sha256: str = ""
) -> Iterator[MediaFile]:
    with suppress(OSError):  # gone meanwhile
        if entry.is_file(follow_symlinks=False):
            found = entry.stat(follow_symlinks=False)
            yield MediaFile(kind, Path(entry.path), found.st_mtime, found.st_size, sha256)


def _entries(folder: "Path | os.DirEntry[str]") -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
