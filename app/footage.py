"""Where the pictures of a stretch of a stream still are, and cutting them out: its files, clips of alerts, recordings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.memory import Memory
from ingest.clip import cut
from ingest.facts import learn
from ingest.gone import why_missing
from ingest.live.clipping import HEVC
from ingest.live.export import export
from ingest.live.recordings import folder_of
from ingest.locator import paths_of
from ingest.masked_clip import cut_masked
from ingest.masks import Masks, masks_of
from ingest.media import FolderMedia
from ingest.sources import expand
from vidette.alerting import Alerts
from vidette.alerts import AlertFilter
from vidette.errors import ConfigError, SourceError, StoreError
from vidette.models import Evidence
from vidette.ports import GraphStore
from vidette.streams import Stream
from workers.wiring import media_path

_NEAR = timedelta(hours=1)
_ALERTS = 100
_SLACK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What was written: [start_s, end_s) of media time, and what a person should know of it."""

    start_s: float
    end_s: float
    note: str = ""


def write(memory: Memory, stream: Stream, start_s: float, end_s: float, out: Path, *, about_s: float) -> Footage:
    """Write [start_s, end_s) of a stream to `out`; `about_s` in it is what matters most.

    Raises StoreError where nothing of it is kept, ConfigError for a range or an ending that cannot be.
    """
    if end_s <= start_s or end_s <= 0:
        raise ConfigError(f"nothing lies between {start_s:g} and {end_s:g} s; give a start before the end")
    match stream.kind:
        case "file":
            return _of_files(masks_of(memory.settings, stream.name), stream, start_s, end_s, out, about_s)
        case "live":
            return _of_camera(memory, stream, start_s, end_s, out)
        case _:
            raise StoreError(f"{stream.name!r} has no files to cut from; it is known from elsewhere")


def _of_files(masks: Masks, stream: Stream, start_s: float, end_s: float, out: Path, about_s: float) -> Footage:
    path, begins_s = place(stream, about_s)
    window = max(0.0, start_s - begins_s), end_s - begins_s
    done = cut_masked(path, *window, out, masks) if masks else cut(path, *window, out)
    note = "encoded anew, without sound: the stream has masks" if masks else ""
    return Footage(start_s=begins_s + done.start_s, end_s=begins_s + done.end_s, note=note)


def place(stream: Stream, at_s: float) -> tuple[Path, float]:
    """The file that shows the moment, and where in the stream's time it begins. Raises StoreError where it is gone."""
    found = expand([str(path) for path in paths_of(stream.uri)], name=stream.name)
    if found.errors or not found.specs:
        raise StoreError(f"the source of {stream.name!r} cannot be read ({found.errors[0]}); put it back where it was")
    spec = found.specs[0]
    begun = [(path, at) for path, at in zip(spec.paths, spec.offsets_s, strict=True) if at <= at_s]
    return begun[-1] if begun else (spec.paths[0], 0.0)


def _of_camera(memory: Memory, stream: Stream, start_s: float, end_s: float, out: Path) -> Footage:
    """Out of a clip that has all of it, else of recordings, else of the clip that has most of it."""
    media = media_path(memory.settings)
    clips = sorted(_clips(memory.store, media, stream, start_s, end_s), key=lambda one: one.seconds(start_s, end_s))
    best = clips[-1] if clips else None
    if best is not None and best.seconds(start_s, end_s) >= end_s - max(0.0, start_s) - _SLACK_S:
        return best.cut(start_s, end_s, out)
    made = export(folder_of(media, stream.id), stream.start, start_s, end_s, out)
    if made is not None:
        short = made.end_s < end_s - _SLACK_S or made.start_s > max(0.0, start_s) + _SLACK_S
        notes = ["not all of it was recorded" if short else "", HEVC if made.codec == "hevc" else ""]
        return Footage(start_s=made.start_s, end_s=made.end_s, note="; ".join(one for one in notes if one))
    if best is not None:
        return best.cut(start_s, end_s, out)
    raise StoreError(
        f"no pictures of {stream.name!r} are kept from {stream.at(start_s):%Y-%m-%d %H:%M:%S} to"
        f" {stream.at(end_s):%H:%M:%S} UTC: no alert has a clip of it, and it was not recorded (`record: continuous`)"
        + why_missing(media, "recordings", "media of alerts")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    path: Path
    start_s: float
    end_s: float

    def seconds(self, start_s: float, end_s: float) -> float:
        """How much of the stretch it shows."""
        return max(0.0, min(end_s, self.end_s) - max(start_s, self.start_s))

    def cut(self, start_s: float, end_s: float, out: Path) -> Footage:
        done = cut(self.path, max(0.0, start_s - self.start_s), end_s - self.start_s, out)
        short = self.seconds(start_s, end_s) < end_s - max(0.0, start_s) - _SLACK_S
        note = "not all of it is kept: this is out of the clip of an alert" if short else ""
        return Footage(start_s=self.start_s + done.start_s, end_s=self.start_s + done.end_s, note=note)


def _clips(store: GraphStore, media: Path, stream: Stream, start_s: float, end_s: float) -> Iterator[_Clip]:
    """Clips of alerts near by that show something of the stretch and are still there."""
    where = AlertFilter(streams=(stream.id,), since=stream.at(start_s) - _NEAR, until=stream.at(end_s) + _NEAR)
    found = (one for alert in store.read(Alerts(where=where, limit=_ALERTS, newest=True)) for one in alert.evidence)
    for evidence in dict.fromkeys(one for one in found if one.kind == "clip"):
        clip = _clip(FolderMedia(media), evidence)
        if clip is not None and clip.seconds(start_s, end_s) > 0:
            yield clip


def _clip(media: FolderMedia, evidence: Evidence) -> _Clip | None:
    try:
        path = media.path(evidence.sha256)
        end_s = learn(path).end_s
    except (StoreError, SourceError):
        return None
    return _Clip(path=path, start_s=evidence.pts_s, end_s=evidence.pts_s + (end_s or 0.0))
