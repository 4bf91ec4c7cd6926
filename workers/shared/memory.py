"""Which memory a process works with, as it says to the others: workers of one broker share one memory."""

import os
from dataclasses import dataclass

from vidette.settings import Settings
from workers.wiring import db_path, served


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A memory: `mark` is the same on every machine that has the same one, as far as can be told; `name` is for people."""

    mark: str = ""
    name: str = ""

    def differs(self, other: "Place") -> bool:
        """Whether these are two for sure: one server may have several addresses, and older versions say nothing."""
        return bool(self.mark and other.mark) and self.mark != other.mark


def place_of(settings: Settings) -> Place:
    """That of these settings. A file that is not there yet has no mark."""
    if served(settings):
        return Place(mark=f"database {settings.neo4j.database}", name=settings.db)
    path = db_path(settings)
    try:
        found = os.stat(path)
    except OSError:
        return Place(name=str(path))
    return Place(mark=f"file {found.st_dev}:{found.st_ino}", name=str(path.absolute()))
