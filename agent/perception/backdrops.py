"""Pictures of the scene with nothing in it: what a stream whose settings say `normal: auto` is compared with.

A new one is kept where a scene begins and every hour of it, so that day is not compared with night, and looks that
follow each other are compared with one picture.
"""

from typing import Any

from agent.perception.background import Background
from agent.perception.sight import coloured
from ingest import jpeg
from vidette.errors import StoreError
from vidette.ports import MediaStore
from vidette.settings import AUTO, Settings

EVERY_S = 3600.0
_QUALITY = 90


class Backdrops:
    """The backdrop of one stream over time; none where its settings do not ask for one."""

    def __init__(self, media: MediaStore, settings: Settings, name: str) -> None:
        self._media = media
        self._wanted = any(said.name == name and said.normal == AUTO for said in settings.streams)
        self._at_s, self._address = 0.0, ""

    def begin(self, background: Background, pts_s: float) -> None:
        """Another scene, or the same one from another place."""
        self._address = ""
        self._keep(background, pts_s)

    def at(self, background: Background | None, pts_s: float) -> str | None:
        """Address of the picture for a moment, of the scene before where there is none; None where none is wanted."""
        if background is not None and pts_s - self._at_s >= EVERY_S:
            self._keep(background, pts_s)
        return self._address or None

    def state(self) -> list[Any]:
        """What `restore` needs."""
        return [self._at_s, self._address]

    def restore(self, state: list[Any]) -> None:
        """Go on from that state."""
        self._at_s, self._address = state

    def _keep(self, background: Background, pts_s: float) -> None:
        if not self._wanted:
            return
        try:
            picture = jpeg.encode(coloured((background.y, background.u, background.v)), _QUALITY)
            self._at_s, self._address = pts_s, self._media.put(picture, ".jpg")[0]
        except StoreError:
            return  # there is no room: looks go without it
