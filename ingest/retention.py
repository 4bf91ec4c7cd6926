"""How long recordings, pictures and clips are kept: by age, by size, by what is left of the disk.

What is older than was asked goes. Where there is too little room, the oldest goes before its time, recordings first,
then pictures, what alerts hold last; and that is told.
"""

import heapq
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

from ingest.gone import note
from ingest.media_files import MediaFile, media_files
from vidette.settings import KeepSettings

log = logging.getLogger(__name__)

BATCH = 5000
"""Files looked at in one sweep."""
FRESH_S = 180.0
"""Younger files are never deleted: they may still be written, or not be known to memory yet."""
_CANDIDATES = 2000
_PART_S = 86_400.0
_TELL_S = 3600.0
_GB = 1e9

Held = Callable[[Collection[str]], Mapping[str, datetime]]


class Kind(StrEnum):
    """What a file is kept as, in the order in which they go."""

    RECORDING = "recordings"
    PICTURE = "pictures"
    ALERT = "media of alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did: files and bytes deleted, and how many of the files before their time.

    `more`: not everything was looked at, or more has to go: sweep again soon. `low_bytes` are still too few.
    """

    files: int = 0
    size: int = 0
    early: int = 0
    more: bool = False
    low_bytes: int = 0


@dataclass(slots=True)
class _Round:
    """What one walk over all files found: how much there is, and the oldest of each kind."""

    size: int = 0
    oldest: dict[Kind, list[MediaFile]] = field(default_factory=lambda: {kind: [] for kind in Kind})

    def add(self, kind: Kind, file: MediaFile) -> None:
        self.size += file.size
        held = self.oldest[kind]
        held.append(file)
        if len(held) >= 2 * _CANDIDATES:
            self.oldest[kind] = heapq.nsmallest(_CANDIDATES, held, key=_age)

    def sort(self) -> None:
        for kind, held in self.oldest.items():
            self.oldest[kind] = heapq.nsmallest(_CANDIDATES, held, key=_age)


def free_bytes(folder: Path) -> int:
    """What is left of the disk that holds the folder, for us. Raises OSError."""
    return shutil.disk_usage(folder).free


class Retention:
    """Sweeps a folder of media, some thousands of files at a time.

    `held(addresses)` says which of them alerts hold, and when the newest of those was raised. `told` is given a
    sentence when something had to go before its time, at most once an hour with all of it. One at a time.
    """

    def __init__(
        self,
        root: Path,
        keep: KeepSettings,
        *,
        held: Held,
        told: Callable[[str], None],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._root, self._keep, self._held, self._told, self._free = root, keep, held, told, free
        self._walk: Iterator[MediaFile] | None = None
        self._round, self._last = _Round(), _Round()
        self._early: Counter[Kind] = Counter()
        self._early_size = 0
        self._tell_at = 0.0

    def sweep(self, now: datetime) -> Swept:
        """Look at the next files, delete what may or has to go. Raises what `held` and `told` raise."""
        if not self._root.is_dir():
            return Swept()
        at = now.timestamp()
        over = self._look(at)
        gone = self._delete(over, at)
        walking = self._walk is not None
        missing = self._missing()
        early = self._delete(self._early_ones(missing, at), at) if missing > 0 else []
        left = self._missing()
        self._tell(early, left, at)
        return Swept(
            files=len(gone) + len(early),
            size=sum(file.size for _, file in (*gone, *early)),
            early=len(early),
            more=walking or (left > 0 and bool(early)),
            low_bytes=max(0, left),
        )

    def days(self, kind: Kind) -> float:
        """How long a kind is kept."""
        match kind:
            case Kind.RECORDING:
                return self._keep.recordings_days
            case Kind.PICTURE:
                return self._keep.pictures_days
            case Kind.ALERT:
                return self._keep.alerts_days

    def _look(self, at: float) -> list[tuple[Kind | None, MediaFile]]:
        """The next files of the walk; -> those that are past their time."""
        self._walk = walk = media_files(self._root) if self._walk is None else self._walk
        batch = list(islice(walk, BATCH))
        held = self._held([file.sha256 for file in batch if file.sha256])
        over: list[tuple[Kind | None, MediaFile]] = []
        for file in batch:
            kind = _kind(file, held)
            if self._past(kind, file, held, at):
                over.append((kind, file))
            elif kind is not None:
                self._round.add(kind, file)
        if len(batch) < BATCH:
            self._round.sort()
            self._last, self._round, self._walk = self._round, _Round(), None
        return over

    def _past(self, kind: Kind | None, file: MediaFile, held: Mapping[str, datetime], at: float) -> bool:
        since = max(file.at, held[file.sha256].timestamp() if file.sha256 in held else 0.0)
        return at - since > (_PART_S if kind is None else self.days(kind) * 86_400)

    def short(self) -> int:
        """So many bytes more should be left of the disk; costs next to nothing."""
        try:
            return max(0, round(self._keep.free_gb * _GB - self._free(self._root)))
        except OSError as error:
            log.debug("cannot see what is left of the disk of %r: %s", str(self._root), error)
            return 0

    def _missing(self) -> int:
        """So many bytes have to go before their time."""
        over = self._last.size - self._keep.max_gb * _GB if self._keep.max_gb else 0.0
        return max(self.short(), round(over))

    def _early_ones(self, missing: int, at: float) -> list[tuple[Kind | None, MediaFile]]:
        """The oldest that make up for what is missing, in the order in which kinds go."""
        chosen: list[tuple[Kind | None, MediaFile]] = []
        for kind in Kind:
            waiting, left = self._last.oldest[kind], []
            held = self._held([file.sha256 for file in waiting]) if kind is Kind.PICTURE and waiting else {}
            for file in waiting:
                if missing <= 0 or at - file.at < FRESH_S or file.sha256 in held:
                    left.append(file)
                    continue
                chosen.append((kind, file))
                missing -= file.size
            self._last.oldest[kind] = left
        return chosen

    def _delete(self, files: Collection[tuple[Kind | None, MediaFile]], at: float) -> list[tuple[Kind, MediaFile]]:
        gone: list[tuple[Kind, MediaFile]] = []
        for kind, file in files:
            try:
                file.path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("cannot delete %r: %s", str(file.path), error)
                continue
            if kind is not None:
                gone.append((kind, file))
        self._last.size -= sum(file.size for _, file in gone)
        newest: dict[str, float] = {}
        for kind, file in gone:
            newest[kind] = max(newest.get(kind, 0.0), file.at)
        note(self._root, newest, at)
        return gone

    def _tell(self, early: Collection[tuple[Kind, MediaFile]], left: int, at: float) -> None:
        self._early.update(kind for kind, _ in early)
        self._early_size += sum(file.size for _, file in early)
        nothing_helps = left > 0 and not early and self._walk is None
        if (self._early or nothing_helps) and at >= self._tell_at:
            self._told(self._sentence(left if nothing_helps else 0))
            self._early.clear()
            self._early_size, self._tell_at = 0, at + _TELL_S

    def _sentence(self, left: int) -> str:
        gone = ", ".join(f"{count} of {kind} ({self.days(kind):g} days asked)" for kind, count in self._early.items())
        went = f"deleted before their time: {gone}, {self._early_size / _GB:.2f} GB" if gone else ""
        more = f"{left / _GB:.2f} GB more are needed, and nothing is left that may go" if left else ""
        return f"too little room for media in {str(self._root)!r}; " + "; ".join(part for part in (went, more) if part)


def _age(file: MediaFile) -> float:
    return file.at


def _kind(file: MediaFile, held: Collection[str]) -> Kind | None:
    match file.kind:
        case "recording":
            return Kind.RECORDING
        case "media":
            return Kind.ALERT if file.sha256 in held else Kind.PICTURE
        case "part":
            return None
