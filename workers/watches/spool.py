"""What of a stream waits on disk to be settled: one folder a stream, a file an observation and one its carry, bounded for
the process.

A file is written beside its place and renamed, so that what has its name is whole, but after a loss of power: that is
found when it is read, and put aside. The carry is there first and goes last; it goes early where nobody would go on from it
(`thin`), which is nearly all that an observation takes.
"""

import hashlib
import logging
import os
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vidette import codec
from vidette.errors import StoreError
from vidette.models import Observation

log = logging.getLogger(__name__)

_MB = 1024 * 1024
_NAME = re.compile(r"(\d{1,18})-(\d{1,18})\.(json|carry)")
_SAID, _CARRY, _PART, _ASIDE = ".json", ".carry", ".part", ".damaged"
_SUM_BYTES = 4
Place = tuple[int, int]
"""Fence and sequence of an observation."""


class Room:
    """How much of this process may wait on disk; its spools share it."""

    def __init__(self, max_mb: int) -> None:
        self._max_bytes, self._taken = max_mb * _MB, 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Bytes that wait."""
        return self._taken

    @property
    def left(self) -> bool:
        """Whether there is any."""
        return self._taken < self._max_bytes

    def take(self, size: int, *, always: bool = False) -> bool:
        """Room for so many bytes, or for none of them; what is there already is taken `always`."""
        with self._lock:
            if not always and self._taken + size > self._max_bytes:
                return False
            self._taken += size
            return True

    def give(self, size: int) -> None:
        """So many bytes wait no longer."""
        with self._lock:
            self._taken -= size


class Spool:
    """The observations of one stream that wait; whoever watches the stream has it to itself.

    What a process before left there is there still.
    """

    def __init__(self, root: Path, stream_id: str, room: Room) -> None:
        self.folder, self.stream_id, self._room = root / _folder(stream_id), stream_id, room
        self._sizes: dict[Place, int] = {}
        self._carries: dict[Place, int] = {}
        for part in self.folder.glob(f"*{_PART}"):  # was not written to its end
            part.unlink(missing_ok=True)
        found = list(_found(self.folder))
        self._sizes = {place: size for place, kind, size in found if kind == _SAID}
        for place, kind, size in found:
            if kind == _CARRY and place in self._sizes:
                self._carries[place] = size
            elif kind == _CARRY:
                self._file(place, _CARRY).unlink(missing_ok=True)  # what it belongs to was not kept, or is settled
        room.take(sum(self._sizes.values()) + sum(self._carries.values()), always=True)

    @property
    def places(self) -> list[Place]:
        """Of all that waits, in order."""
        return sorted(self._sizes)

    def whole(self, place: Place) -> bool:
        """Whether it waits there with its carry."""
        return place in self._carries

    def add(self, observation: Observation, *, sync: bool = False) -> None:
        """Keep it; `sync`: so that it outlives a loss of power, too. Raises StoreError where that cannot be."""
        place, carry = _place(observation), _summed(observation.carry)
        data = codec.encode(replace(observation, carry=b""))
        if not self._room.take(len(data) + len(carry)):
            raise StoreError(f"{self._room.taken} bytes wait in {str(self.folder.parent)!r} already", retryable=True)
        try:
            self._keep(place, data, carry, sync=sync)
        except OSError as error:
            self._room.give(len(data) + len(carry))
            raise StoreError(f"cannot write to {str(self.folder)!r}: {error.strerror}", retryable=True) from error
        self._forget(place)
        self._sizes[place] = len(data)
        if carry:
            self._carries[place] = len(carry)

    def thin(self, place: Place) -> None:
        """It waits without its carry from now on: nobody is to go on from there."""
        if place in self._carries:
            self._file(place, _CARRY).unlink(missing_ok=True)
            self._room.give(self._carries.pop(place))

    def get(self, place: Place) -> Observation | None:
        """The observation that waits there; None where it is damaged: it is put aside, with a line in the log."""
        file = self._file(place)
        try:
            found = codec.decode(Observation, file.read_bytes())
            if (_place(found), found.stream_id) != (place, self.stream_id):
                raise StoreError(f"it is of another place, {found.fence}-{found.sequence} of {found.stream_id!r}")
            return replace(found, carry=self._carry(place)) if self.whole(place) else found
        except (OSError, StoreError) as error:
            log.warning("what waited in %r cannot be read and is put aside: %s", str(file), error)
            self._put_aside(file)
            self.drop(place)
            return None

    def drop(self, place: Place) -> None:
        """It waits no longer."""
        if place in self._sizes:
            self._file(place).unlink(missing_ok=True)
            self.thin(place)
            self._forget(place)

    def clear(self) -> None:
        """Nothing waits."""
        for place in self.places:
            self.drop(place)

    def close(self) -> None:
        """Let go of it; what waits stays on disk, for whoever watches next."""
        for place in self.places:
            self._forget(place)

    def _keep(self, place: Place, data: bytes, carry: bytes, *, sync: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if carry:
            _write(self._file(place, _CARRY), carry, sync=sync)
        try:
            _write(self._file(place), data, sync=sync)
        except OSError:
            self._file(place, _CARRY).unlink(missing_ok=True)
            raise
        if sync:
            _sync(self.folder)

    def _carry(self, place: Place) -> bytes:
        """Raises StoreError where it is damaged."""
        data = self._file(place, _CARRY).read_bytes()
        if not data or _summed(data[_SUM_BYTES:]) != data:
            raise StoreError("its carry is damaged")
        return data[_SUM_BYTES:]

    def _put_aside(self, file: Path) -> None:
        try:
            file.replace(file.with_suffix(_ASIDE))
        except OSError:
            log.warning("%r cannot be put aside, either", str(file))

    def _forget(self, place: Place) -> None:
        self._room.give(self._sizes.pop(place, 0) + self._carries.pop(place, 0))

    def _file(self, place: Place, kind: str = _SAID) -> Path:
        return self.folder / f"{place[0]:06d}-{place[1]:010d}{kind}"


def waiting(root: Path) -> dict[str, list[Place]]:
    """All that waits there, by stream, whoever left it; streams of odd ids are left out."""
    found = {}
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.is_dir() and (places := sorted(place for place, kind, _ in _found(folder) if kind == _SAID)):
            found[folder.name] = places
    return found


def _place(observation: Observation) -> Place:
    return observation.fence, observation.sequence or 0


def _summed(carry: bytes) -> bytes:
    """A carry as it is kept, after a sum by which damage is seen; nothing where there is none."""
    return zlib.crc32(carry).to_bytes(_SUM_BYTES) + carry if carry else b""


def _found(folder: Path) -> Iterator[tuple[Place, str, int]]:
    """What waits in a folder, observations and carries, and how large; what goes meanwhile is left out."""
    for file in folder.iterdir() if folder.is_dir() else ():
        if name := _NAME.fullmatch(file.name):
            with suppress(FileNotFoundError):
                yield (int(name[1]), int(name[2])), file.suffix, file.stat().st_size


def _folder(stream_id: str) -> str:
    """An id as a file's name: as it is where it is a UUID, else a hash of it, since an id may hold anything."""
    plain = re.fullmatch(r"[0-9a-f-]{1,64}", stream_id)
    return stream_id if plain else hashlib.sha256(stream_id.encode(errors="replace")).hexdigest()


def _write(file: Path, data: bytes, *, sync: bool) -> None:
    part = file.with_suffix(_PART)
    try:
        with part.open("wb") as out:
            out.write(data)
            if sync:
                out.flush()
                os.fsync(out.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
