"""The only place that chooses a backend."""

import os
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from tzlocal import get_localzone

from agent.perception.vlm.budget import Budgeted
from agent.perception.vlm.fallback import WithFallback
from graph.embedded import EmbeddedStore
from graph.lock import WatchLock
from ingest.media import FolderMedia
from rules.addresses import networks_of
from rules.engine import Engine
from rules.signing import key_of
from rules.sinks.console import ConsoleSink
from rules.sinks.jsonl import JsonlSink
from rules.sinks.script import ScriptSink
from rules.sinks.webhook import WebhookSink
from vidette.errors import ConfigError
from vidette.ports import AlertSink, MediaStore, VisionModel
from vidette.settings import Settings, SinkSettings
from vidette.vision_settings import VisionSettings, VlmSettings
from workers.delivering import Lane, Store
from workers.evidence import linker, thumbnails
from workers.references import References, check_references
from workers.spending import Spending

if TYPE_CHECKING:
    from agent.perception.vlm.looking import Bounds

_LEASE_SLACK_S = 20.0  # looking up a name is outside a try's own time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What the steps of the flow work with. `vision` None: no deep looks; `judge` None: no rules."""

    settings: Settings
    store: Store
    media: MediaStore
    references: References
    vision: VisionModel | None = None
    judge: Engine | None = None
    spending: Spending = field(default_factory=lambda: Spending(0))

    def lock(self, stream_id: str) -> AbstractContextManager[object]:
        """Held while a stream is watched. Raises StoreError where another process holds it."""
        return WatchLock(db_path(self.settings), stream_id)

    def close(self) -> None:
        """Give back what is held open."""
        if self.vision is not None:
            self.vision.close()
        self.store.close()


def pipeline_of(settings: Settings) -> Pipeline:
    """Everything chosen by the settings. Raises ConfigError, StoreError, ModelError."""
    media = media_of(settings)
    vision = vision_of(settings, media)
    judge = judge_of(settings)
    if vision is not None:
        check_references(settings)
    return Pipeline(
        settings=settings,
        store=store_of(settings),
        media=media,
        references=References(media),
        vision=vision,
        judge=judge,
        spending=Spending(settings.vlm.stream_calls_per_hour),
    )


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


def store_of(settings: Settings, *, must_write: bool = True) -> Store:
    """Memory; one that may only be read is refused if `must_write`. Raises ConfigError, StoreError."""
    return EmbeddedStore(db_path(settings), must_write=must_write)


def media_of(settings: Settings) -> MediaStore:
    """Pictures and clips. Raises ConfigError for an address that no backend here serves."""
    if "://" in settings.media:
        raise ConfigError(f"media: no store for {settings.media!r}; choices: a path to a folder, or nothing")
    return FolderMedia(media_path(settings))


def vision_of(settings: Settings, media: MediaStore) -> VisionModel | None:
    """The model of the deep look, which sees the pictures of `media`; None where none is set. Raises ConfigError."""
    vlm = settings.vlm
    model = _model(vlm, vlm, media, ())
    return Budgeted(model, vlm.calls_per_hour) if model and vlm.calls_per_hour else model


def _model(said: VisionSettings, vlm: VlmSettings, media: MediaStore, via: tuple[str, ...]) -> VisionModel | None:
    """One model, with the one that is asked where it does not answer; `via` are those that led here."""

    def other(name: str) -> VisionModel | None:
        if name in via:
            raise ConfigError(f"vlm.others: {name!r} leads back to itself; end the chain of `fallback`, `record_from`")
        return _model(next(one for one in vlm.others if one.name == name), vlm, media, (*via, name))

    model = _model_itself(said, media, other(said.record_from) if said.record_from else None)
    second = other(said.fallback) if said.fallback else None
    return WithFallback(model, second) if model and second else model


def _model_itself(said: VisionSettings, media: MediaStore, source: VisionModel | None) -> VisionModel | None:
    match said.backend:
        case "none":
            return None
        case "openai":
            return _openai(said, media)
        case "recorded":
            from agent.perception.vlm.recorded import (
                RecordedVision,
            )  # loaded when needed, as what it stands on takes time

            return RecordedVision(Path(said.path).expanduser(), max_images=said.max_images, source=source)
        case other:
            raise ConfigError(f"vlm.backend: unknown {other!r}; choices: none, openai, recorded")


def _openai(said: VisionSettings, media: MediaStore) -> VisionModel:
    from agent.perception.vlm.openai import OpenAiVision, Wish
    from agent.perception.vlm.server import Patience, Server

    patience = Patience(
        timeout_s=said.timeout_s, deadline_s=said.deadline_s, retries=said.retries, concurrency=said.concurrency
    )
    wish = Wish(
        model=said.model,
        profile=said.profile,
        temperature=said.temperature,
        seed=said.seed,
        bounds=_bounds(said),
    )
    return OpenAiVision(Server(said.url, said.api_key, patience=patience), media, wish)


def _bounds(said: VisionSettings) -> "Bounds":
    from agent.perception.vlm.looking import Bounds

    return Bounds(
        max_images=said.max_images,
        max_side=said.max_side,
        max_tokens=said.max_tokens,
        tiles=said.tiles,
        small_px=said.small_px,
    )


def judge_of(settings: Settings) -> Engine | None:
    """What decides about events; None where there are no rules. Raises ConfigError."""
    if not settings.rules:
        return None
    return Engine(
        settings.rules,
        settings.sinks,
        tz=zone_of(settings),
        max_age_s=settings.alerts.max_age_s,
        now=lambda: datetime.now(UTC),
    )


def lanes_of(settings: Settings, media: MediaStore) -> tuple[Lane, ...]:
    """The sinks, each with how long a try may take. Raises ConfigError, which names the sink."""
    names = [said.id for said in settings.sinks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"sinks: {twice[0]!r} is there twice; give each its own id")
    return tuple(
        Lane(sink=sink_of(said, settings, media), lease_s=said.timeout_s + _LEASE_SLACK_S) for said in settings.sinks
    )


def sink_of(said: SinkSettings, settings: Settings, media: MediaStore) -> AlertSink:
    """One sink. Raises ConfigError, which names it."""
    try:
        match said.kind:
            case "console":
                return ConsoleSink(said.id)
            case "jsonl":
                return JsonlSink(said.id, Path(said.path).expanduser())
            case "script":
                return ScriptSink(said.id, said.command, timeout_s=said.timeout_s)
            case "webhook":
                return _webhook(said, settings, media)
    except ConfigError as error:
        raise ConfigError(f"sink {said.id!r}: {error}") from error


def _webhook(said: SinkSettings, settings: Settings, media: MediaStore) -> WebhookSink:
    """With links where evidence can be fetched, with a small picture where it cannot."""
    links = linker(settings.alerts)
    return WebhookSink(
        said.id,
        said.url,
        [key_of(secret) for secret in (said.secret, said.old_secret) if secret],
        timeout_s=said.timeout_s,
        allow=networks_of(said.allow_networks),
        links=links,
        thumbnail=None if links else thumbnails(media),
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
