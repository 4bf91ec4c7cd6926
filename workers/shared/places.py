"""Which memory and which folder of media a process works with, as it says to the others: those of one broker share both."""

import os
import uuid
from dataclasses import dataclass

from vidette.settings import Settings
from workers.wiring import db_path, media_path, served

_MARK = ".folder"
"""A file in the folder of media that tells it from others, by whatever path and from whatever machine it is seen."""
_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A memory or a folder: `mark` is the same for all who have the same one, as far as can be told; `name` is for people."""

    mark: str = ""
    name: str = ""

    def differs(self, other: "Place") -> bool:
        """Whether these are two for sure: one server may have several addresses, and older versions say nothing."""
        return bool(self.mark and other.mark) and self.mark != other.mark


def memory_of(settings: Settings) -> Place:
    """The memory of these settings. A file that is not there yet has no mark."""
    if served(settings):
        return Place(mark=f"database {settings.neo4j.database}", name=settings.db)
    path = db_path(settings)
    try:
        found = os.stat(path)
    except OSError:
        return Place(name=str(path))
    return Place(mark=f"file {found.st_dev}:{found.st_ino}", name=str(path.absolute()))


def media_of(settings: Settings) -> Place:
    """The folder of pictures and clips; one that is not there yet, or may not be marked, has no mark."""
    path = media_path(settings)
    file = path / _MARK
    try:
        with open(file, "x", encoding="ascii") as new:
            new.write(str(uuid.uuid4()))
    except OSError:
        pass  # somebody else made it, or nobody can
    try:
        mark = file.read_bytes()[:_LONGEST].decode("ascii", "replace").strip()
    except OSError:
        mark = ""
    return Place(mark=mark, name=str(path.absolute()))
