"""The only place that chooses a backend."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from graph.embedded import EmbeddedStore
from graph.lock import WatchLock
from ingest.media import FolderMedia
from vidette.errors import ConfigError
from vidette.ports import GraphStore, MediaStore, VisionModel
from vidette.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What the steps of the flow work with. `vision` None: no deep looks."""

    settings: Settings
    store: GraphStore
    media: MediaStore
    vision: VisionModel | None = None

    def lock(self, stream_id: str) -> AbstractContextManager[object]:
        """Held while a stream is watched. Raises StoreError where another process holds it."""
        return WatchLock(db_path(self.settings), stream_id)

    def close(self) -> None:
        """Give back what is held open."""
        self.store.close()


def pipeline_of(settings: Settings) -> Pipeline:
    """Everything chosen by the settings. Raises ConfigError, StoreError, ModelError."""
    vision, media = vision_of(settings), media_of(settings)
    return Pipeline(settings=settings, store=store_of(settings), media=media, vision=vision)


def db_path(settings: Settings) -> Path:
    """Where memory lies. Raises ConfigError for an address that no backend here serves."""
    match settings.db.partition("://"):
        case ("", _, _):
            return Path(platformdirs.user_data_dir("vidette", appauthor=False)) / "vidette.db"
        case (path, "", _):
            return Path(os.path.expanduser(path))
        case (scheme, _, _):
            raise ConfigError(f"db: no store for {scheme + '://'!r}; choices: a path to a file, or nothing")


def media_path(settings: Settings) -> Path:
    """Where pictures and clips lie: beside the database where nothing is said."""
    db = db_path(settings)
    return Path(os.path.expanduser(settings.media)) if settings.media else db.with_name(f"{db.stem}.media")


def store_of(settings: Settings, *, must_write: bool = True) -> GraphStore:
    """Memory; one that may only be read is refused if `must_write`. Raises ConfigError, StoreError."""
    return EmbeddedStore(db_path(settings), must_write=must_write)


def media_of(settings: Settings) -> MediaStore:
    """Pictures and clips. Raises ConfigError for an address that no backend here serves."""
    if "://" in settings.media:
        raise ConfigError(f"media: no store for {settings.media!r}; choices: a path to a folder, or nothing")
    return FolderMedia(media_path(settings))


def vision_of(settings: Settings) -> VisionModel | None:
    """The model of the deep look, None where none is set. Raises ConfigError."""
    match settings.vlm.backend:
        case "none":
            return None
        case other:
            raise ConfigError(f"vlm.backend: unknown {other!r}; choices: none")
