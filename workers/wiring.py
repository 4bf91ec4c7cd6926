"""The only place that chooses a backend, but for sinks (workers.delivery.lanes). What is not chosen is not imported: reading it would take a third of a start."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from tzlocal import get_localzone

from graph.connection import CACHE_MB
from graph.embedded import EmbeddedStore
from graph.lock import WatchLock
from ingest.live.address import is_live
from ingest.media import FolderMedia
from vidette.errors import ConfigError
from vidette.ports import Embedder, Judge, MediaStore, Reader, VisionModel
from vidette.settings import Settings
from vidette.vision_settings import VlmSettings
from workers.deep.allowance import Allowance
from workers.deep.references import References, check_references
from workers.deep.spending import Spending
from workers.deep.vision import together_of, vision_of
from workers.delivery.sender import Store

if TYPE_CHECKING:
    from agent.ask.likeness import Likeness
    from rules.engine import Engine
    from workers.deep.noting import Notes

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
"""Addresses of Neo4j servers."""
_CAMERAS_CACHE_MB = 8


class Voice:
    """What the vision model is doing before it can answer, in words; empty where there is nothing to say."""

    def __init__(self) -> None:
        self.doing = ""

    def say(self, doing: str) -> None:
        """It is doing this now."""
        self.doing = doing


class Judging(Judge, Protocol):
    """A judge that knows which of its rules have not judged a stream yet."""

    def new_rules(self, read: Reader, stream_id: str) -> tuple[str, ...]:
        """Their ids: time for `GraphStore.rejudge`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What the steps of the flow work with. `vision` None: no deep looks; `voice` tells what it does; `judge` None: no rules.

    `notes` None: no text is read in pictures and nothing is embedded. `together`: pictures of a question about several
    segments at most, 0: each is asked about alone.
    """

    settings: Settings
    store: Store
    media: MediaStore
    references: References
    vision: VisionModel | None = None
    voice: Voice = field(default_factory=Voice)
    judge: Judging | None = None
    spending: Spending = field(default_factory=Spending)
    notes: "Notes | None" = None
    together: int = 0

    @property
    def looks(self) -> bool:
        """Whether anything looks at the keyframes of segments."""
        return self.vision is not None or self.notes is not None

    def lock(self, stream_id: str) -> AbstractContextManager[object]:
        """Held while a stream is watched: by a lease where there is a broker, else by a file beside memory.

        Raises StoreError where another process holds it.
        """
        if self.settings.broker:
            from workers.shared.process import leases_of

            return leases_of(self.settings).held(stream_id)
        return WatchLock(db_path(self.settings), stream_id)

    def close(self) -> None:
        """Give back what is held open."""
        self.hush()
        self.store.close()

    def hush(self) -> None:
        """Look at nothing more; looks on their way fail soon. From any thread."""
        _hushed(self.vision, self.notes)


def pipeline_of(settings: Settings, *, asked: bool = True) -> Pipeline:
    """Everything chosen by the settings; `asked`: its model is to be asked here. Raises ConfigError, StoreError, ModelError."""
    media = media_of(settings)
    voice = Voice()
    vision, notes = _models_of(settings, media, voice, asked=asked)
    judge = judge_of(settings)
    return Pipeline(
        settings=settings,
        store=store_of(settings, cache_mb=_cache_mb(settings)),
        media=media,
        references=References(media),
        vision=vision,
        voice=voice,
        judge=judge,
        spending=spending_of(settings.vlm),
        notes=notes,
        together=together_of(settings.vlm),
    )


def check_models(settings: Settings, *, asked: bool) -> None:
    """Raises ConfigError, ModelError where what looks at pictures cannot be had here, as `pipeline_of` would.

    No memory is opened; no weights are loaded, and none of the libraries that would load them.
    """
    _hushed(*_models_of(settings, media_of(settings), Voice(), asked=asked))


def _models_of(
    settings: Settings, media: MediaStore, voice: Voice, *, asked: bool
) -> "tuple[VisionModel | None, Notes | None]":
    """What looks at pictures and what notes beside it, with all they need there. Raises ConfigError, ModelError."""
    try:
        vision = vision_of(settings, media, voice.say, asked=asked)
        if vision is not None:
            check_references(settings)
        return vision, notes_of(settings, media)
    except OSError as error:  # a folder that may not be entered
        where = f" {error.filename!r}" if error.filename else ""
        raise ConfigError(f"cannot read what a model needs{where} ({error.strerror}); mount it, readable") from error


def _hushed(vision: VisionModel | None, notes: "Notes | None") -> None:
    if vision is not None:
        vision.close()
    if notes is not None:
        notes.close()


def db_path(settings: Settings) -> Path:
    """Where memory lies; of one on a server, the place beside which this machine keeps its own, as media and locks.

    Raises ConfigError for an address that no backend here serves.
    """
    data = Path(platformdirs.user_data_dir("vidette", appauthor=False))
    match settings.db.partition("://"):
        case ("", _, _):
            return data / "vidette.db"
        case (path, "", _):
            return Path(os.path.expanduser(path))
        case (scheme, _, rest) if scheme in SCHEMES:
            return data / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', f'{scheme}-{rest}')[:120]}.server"
        case (scheme, _, _):
            raise ConfigError(
                f"db: no store for {scheme + '://'!r}; choices: a path to a file, {', '.join(SCHEMES)}, or nothing"
            )


def is_kept(settings: Settings) -> bool:
    """Whether there is a memory already; a server is asked when it is opened. Raises ConfigError."""
    return served(settings) or os.path.isfile(db_path(settings))


def served(settings: Settings) -> bool:
    """Whether memory is on a Neo4j server."""
    return settings.db.partition("://")[0] in SCHEMES and "://" in settings.db


def media_path(settings: Settings) -> Path:
    """Where pictures and clips lie: beside the database where nothing is said."""
    db = db_path(settings)
    return Path(os.path.expanduser(settings.media)) if settings.media else db.with_name(f"{db.stem}.media")


def store_of(settings: Settings, *, must_write: bool = True, cache_mb: int = CACHE_MB) -> Store:
    """Memory; one that may only be read is refused if `must_write`. Raises ConfigError, StoreError."""
    if served(settings):
        return _on_server(settings)
    return EmbeddedStore(db_path(settings), must_write=must_write, cache_mb=cache_mb)


def _cache_mb(settings: Settings) -> int:
    """Cameras write a few rows a second, for weeks: a large cache makes nothing faster, and grows with memory."""
    return _CAMERAS_CACHE_MB if any(is_live(one.source) for one in settings.streams) else CACHE_MB


def _on_server(settings: Settings) -> Store:
    with needing_driver():
        from graph.neo4j import Neo4jStore
    return Neo4jStore(**reached(settings))


@contextmanager
def needing_driver() -> Iterator[None]:
    """What is imported inside needs the driver of Neo4j, as only who uses it does. Raises ConfigError where it is missing."""
    try:
        yield
    except ImportError as error:
        raise ConfigError("db: Neo4j needs its driver; pip install 'vidette[scale]'") from error


def reached(settings: Settings) -> dict[str, Any]:
    """How the server of memory is reached, as what opens one takes it."""
    said = settings.neo4j
    return {
        "uri": settings.db,
        "user": said.user,
        "password": said.password,
        "database": said.database,
        "ca": os.path.expanduser(said.ca),
        "timeout_s": said.timeout_s,
    }


def without_models(settings: Settings) -> Settings:
    """The settings of who looks at nothing: no model is chosen, nor needed."""
    names = ("vlm", "detector", "embedder", "ocr")
    return settings.model_copy(update={name: type(getattr(settings, name))() for name in names})


def media_of(settings: Settings) -> MediaStore:
    """Pictures and clips. Raises ConfigError for an address that no backend here serves."""
    if "://" in settings.media:
        raise ConfigError(f"media: no store for {settings.media!r}; choices: a path to a folder, or nothing")
    return FolderMedia(media_path(settings))


def spending_of(vlm: VlmSettings) -> Spending:
    """The bounds on what deep looks cost."""
    return Spending(
        Allowance(
            calls=vlm.stream_calls_per_hour,
            tokens=vlm.stream_tokens_per_hour,
            gpu_s=vlm.stream_gpu_s_per_hour,
            whose="stream_",
        ),
        Allowance(calls=vlm.calls_per_hour, tokens=vlm.tokens_per_hour, gpu_s=vlm.gpu_s_per_hour),
        at_once=vlm.at_once,
    )


def notes_of(settings: Settings, media: MediaStore) -> "Notes | None":
    """Who reads text in pictures and who embeds; None where nobody does. Raises ConfigError."""
    reads = settings.ocr.backend == "rapidocr"
    pictures, captions = picture_embedder_of(settings), caption_embedder_of(settings)
    if not reads and pictures is None and captions is None:
        return None
    from agent.perception.text.reader import RapidReader
    from workers.deep.noting import Notes

    reader = RapidReader(settings.ocr.confidence) if reads else None
    return Notes(media=media, tz=zone_of(settings), reader=reader, pictures=pictures, captions=captions)


def picture_embedder_of(settings: Settings) -> Embedder | None:
    """Who embeds pictures, and texts beside them; None where no model is named. Raises ConfigError."""
    said = settings.embedder
    if not said.pictures:
        return None
    from agent.perception.embed.folder import folder_of
    from agent.perception.embed.pictures import MODEL_TYPES, PictureEmbedder

    folder = folder_of(said.pictures, "embedder.pictures", MODEL_TYPES)
    return PictureEmbedder(folder, device=said.device, batch=said.batch)


def caption_embedder_of(settings: Settings) -> Embedder | None:
    """Who embeds captions; None where no model is named. Raises ConfigError."""
    said = settings.embedder
    if not said.captions:
        return None
    from agent.perception.embed.folder import folder_of
    from agent.perception.embed.sentences import SentenceEmbedder

    return SentenceEmbedder(folder_of(said.captions, "embedder.captions"), device=said.device, batch=said.batch)


def likeness_of(settings: Settings) -> "Likeness":
    """Who tells what is alike to a question. Raises ConfigError."""
    from agent.ask.likeness import Likeness

    return Likeness(
        pictures=picture_embedder_of(settings),
        captions=caption_embedder_of(settings),
        least=settings.embedder.alike,
    )


def judge_of(settings: Settings) -> "Engine | None":
    """What decides about events; None where there are no rules. Raises ConfigError."""
    if not settings.rules:
        return None
    from rules.engine import Engine
    from rules.policy import near_of
    from workers.shared.process import clock_of

    return Engine(
        settings.rules,
        settings.sinks,
        tz=zone_of(settings),
        max_age_s=settings.alerts.max_age_s,
        now=clock_of(settings).now,
        alerts=settings.alerts,
        near=near_of(settings.streams),
    )


def zone_of(settings: Settings) -> tzinfo:
    """The time zone of naive times: `tz` of the settings, else this machine's. Raises ConfigError."""
    if not settings.tz:
        return _this_machines()
    try:
        return ZoneInfo(settings.tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"no time zone {settings.tz!r}; give an IANA name such as Europe/Paris") from None


def _this_machines() -> tzinfo:
    """With its rules for summer time, not only today's offset; UTC where the machine does not say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing is configured
        try:
            return get_localzone()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC
