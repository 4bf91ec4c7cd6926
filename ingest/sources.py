"""What the user named, as streams: cameras; files, folders and globs, joined where their times join."""

import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

from ingest.container import check_file, reason
from ingest.live.address import Address, is_live
from ingest.probe import length_s, probe
from ingest.start_time import in_name
from vidette.errors import ConfigError, SourceError
from vidette.ids import content_tag, stream_id

StartFrom = Literal["option", "metadata", "name", "file time", "clock"]

SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".ts",
        ".m2ts",
        ".mts",
        ".mpg",
        ".mpeg",
        ".vob",
        ".flv",
        ".wmv",
        ".asf",
        ".ogv",
        ".ogg",
        ".3gp",
        ".3g2",
        ".mjpeg",
        ".mjpg",
        ".h264",
        ".264",
        ".h265",
        ".265",
        ".hevc",
        ".ivf",
        ".obu",
        ".y4m",
        ".mxf",
        ".dv",
        ".nut",
        ".rm",
        ".divx",
    ]
)
MAX_FILES = 100_000
MAX_NAME, MAX_STEM = 100, 80  # characters; with a number or a tag of its content a name has at most 120
JOIN_S = 2.0
_PROTOCOL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One stream to watch: its files in order, where each begins in media time, and when it began.

    A camera has no files but a `url`, without its credentials: those are in the settings of its name.
    """

    name: str
    stream_id: str
    paths: tuple[Path, ...]
    offsets_s: tuple[float, ...]
    start: datetime
    start_from: StartFrom
    duration_s: float
    width: int = 0
    height: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What can be watched, and an error for each file or argument that cannot."""

    specs: tuple[SourceSpec, ...]
    errors: tuple[SourceError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    family: tuple[Path, str | None, str]
    start: datetime
    start_from: StartFrom
    duration_s: float
    size: tuple[int, int]

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.duration_s)


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key by which clip2 comes before clip10."""
    parts = _DIGITS.split(str(path).casefold())
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def expand(
    arguments: Sequence[str], *, name: str | None = None, start_time: datetime | None = None, tz: tzinfo = UTC
) -> Expansion:
    """Cameras, files, folders and globs as streams; one bad file does not stop the others.

    `name` names the stream (`-1`, `-2`, ... where there are several). `start_time` is when every
    file began; without a zone it is in `tz`, as times in names are; a camera begins now. Raises ConfigError where
    nothing was asked for, and for an address that cannot be one.
    """
    if not arguments:
        raise ConfigError("nothing to watch; give a camera's URL, a file, a folder or a glob")
    if name is not None and not 0 < len(name) <= MAX_NAME:
        raise ConfigError(f"name {name[:40]!r} has {len(name)} characters; give 1 to {MAX_NAME}")
    errors: list[SourceError] = []
    cameras = list(dict.fromkeys(Address.parse(one).safe for one in arguments if is_live(one)))
    files = list(_files([one for one in arguments if not is_live(one)], tz, errors))
    groups = _joined(files)
    many = len(groups) + len(cameras) > 1
    specs: dict[str, SourceSpec] = {}
    for number, url in enumerate(cameras, start=1):
        title = _numbered(name, number if many else 0) if name is not None else named(url)
        specs[title] = camera(title, url)
    for number, group in enumerate(groups, start=len(cameras) + 1):
        title = _title(group, name, number if many else 0)
        if title in specs:
            errors.append(SourceError(f"{str(group[0].path)!r} is a copy of {str(specs[title].paths[0])!r}; left out"))
            continue
        specs[title] = _spec(group, title, _aware(start_time, tz))
    return Expansion(specs=tuple(specs.values()), errors=tuple(errors))


def _aware(at: datetime | None, tz: tzinfo) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=tz)


def _files(arguments: Sequence[str], tz: tzinfo, errors: list[SourceError]) -> Iterator[_File]:
    """Each file once, in the order given; what cannot be used is added to `errors`."""
    seen: set[str] = set()
    for argument in arguments:
        try:
            for path in _paths(argument, errors):
                if (real := os.path.realpath(path)) not in seen:
                    seen.add(real)
                    yield from _look(path, tz, errors)
        except SourceError as error:
            errors.append(error)


def _look(path: Path, tz: tzinfo, errors: list[SourceError]) -> Iterator[_File]:
    try:
        yield _file(path, tz)
    except SourceError as error:
        errors.append(error)


def _file(path: Path, tz: tzinfo) -> _File:
    facts = probe(path)
    duration_s = facts.duration_s if facts.duration_s is not None else length_s(path)
    named = in_name(path.stem, tz) or in_name(f"{path.absolute().parent.name}_{path.stem}", tz)
    start: tuple[datetime, StartFrom]
    if facts.created is not None:
        start = facts.created, "metadata"
    elif named is not None:
        start = named.at, "name"
    else:
        start = datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=duration_s), "file time"
    family = named.rest if named is not None else _without_number(path.stem)
    return _File(
        path=path,
        family=(path.absolute().parent, family, path.suffix.casefold()),
        start=start[0],
        start_from=start[1],
        duration_s=duration_s,
        size=(facts.width, facts.height),
    )


def _without_number(stem: str) -> str | None:
    """The name less its last number; None where it has none, so that it is a family of its own."""
    parts = _DIGITS.split(stem)
    return "#".join(("".join(parts[:-2]), parts[-1])) if len(parts) > 1 else None


def _paths(argument: str, errors: list[SourceError]) -> list[Path]:
    """Files that one argument means, in natural order; a folder in it that cannot be listed is added to `errors`.

    Raises SourceError where there is none.
    """
    if not argument:
        raise SourceError("'' names nothing; give a file, a folder or a glob")
    path = Path(argument)
    try:
        if path.is_dir():
            closed: list[OSError] = []
            found = sorted(_in_folder(path, closed.append), key=natural)
            errors += [
                SourceError(f"cannot list {error.filename!r} ({reason(error)}); check its permissions")
                for error in closed
            ]
            if not found and not closed:
                raise SourceError(f"no video in the folder {argument!r}; its files end in none of the known ways")
            return found
        if not path.exists() and glob.has_magic(argument):
            matches = [Path(m) for m in islice(glob.iglob(argument, recursive=True), MAX_FILES)]
            matches = [m for m in matches if m.is_file()]
            videos = [m for m in matches if m.suffix.casefold() in SUFFIXES]
            return _some(videos or matches, f"no file matches {argument!r}; check the pattern")
        if not path.exists() and _PROTOCOL.match(argument):
            raise SourceError(f"{argument!r} is neither a file on this machine nor the address of a camera")
        check_file(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot look at {argument!r} ({reason(error)}); check the path") from error
    return [path]


def _some(paths: Iterable[Path], fault: str) -> list[Path]:
    found = sorted(paths, key=natural)
    if not found:
        raise SourceError(fault)
    return found


def _in_folder(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Video files under a folder; hidden ones are passed over, a folder is entered once.

    What cannot be listed is told to `on_error`.
    """
    entered: set[str] = set()
    for here, folders, names in os.walk(folder, onerror=on_error, followlinks=True):
        real = os.path.realpath(here)
        folders[:] = [] if real in entered else [f for f in folders if not f.startswith(".")]
        if real not in entered:
            entered.add(real)
            yield from (Path(here, n) for n in names if n[0] != "." and Path(n).suffix.casefold() in SUFFIXES)


def _joined(files: Sequence[_File]) -> list[list[_File]]:
    """Neighbours of one family whose times meet, together."""
    groups: list[list[_File]] = []
    for item in files:
        if groups and _meets(groups[-1][-1], item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _meets(a: _File, b: _File) -> bool:
    if a.family != b.family or a.family[1] is None or a.start_from != b.start_from:
        return False
    # Short files written at one moment must not pass for neighbours.
    tolerance = min(JOIN_S, a.duration_s / 2, b.duration_s / 2)
    return abs((b.start - a.end).total_seconds()) <= tolerance


def _title(group: Sequence[_File], name: str | None, number: int) -> str:
    if name is not None:
        return _numbered(name, number)
    return f"{readable(group[0].path.stem)[:MAX_STEM]}-{content_tag(group[0].path)}"


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name


def named(url: str) -> str:
    """What a camera is called that nobody named: its address without credentials, a long one cut."""
    if len(url) <= MAX_NAME:
        return url
    return f"{url[: MAX_NAME - 9]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def camera(name: str, url: str) -> SourceSpec:
    """A camera that is watched from now on; `url` without credentials."""
    return SourceSpec(
        name=name,
        stream_id=stream_id(name),
        paths=(),
        offsets_s=(),
        start=datetime.now(UTC),
        start_from="clock",
        duration_s=0.0,
        url=url,
    )


def readable(name: str) -> str:
    """A name on disk as text: bytes that are not UTF-8 become `�`."""
    return os.fsencode(name).decode(errors="replace")


def offsets(group: Sequence[tuple[datetime, float]], *, exact: bool) -> tuple[float, ...]:
    """Where files of (start, duration) begin in media time; gaps between them are kept where times are `exact`."""
    out = [0.0]
    for (_, duration_s), (start, _) in pairwise(group):
        end_s = out[-1] + duration_s
        out.append(max(end_s, (start - group[0][0]).total_seconds()) if exact else end_s)
    return tuple(out)


def _spec(group: Sequence[_File], title: str, start_time: datetime | None) -> SourceSpec:
    first = group[0]
    begins = offsets([(f.start, f.duration_s) for f in group], exact=first.start_from != "file time")
    return SourceSpec(
        name=title,
        stream_id=stream_id(title),
        paths=tuple(f.path for f in group),
        offsets_s=begins,
        start=(start_time or first.start).astimezone(UTC),
        start_from="option" if start_time is not None else first.start_from,
        duration_s=begins[-1] + group[-1].duration_s,
        width=first.size[0],
        height=first.size[1],
    )
