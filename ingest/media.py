"""Pictures and clips by content address (SHA-256): in a folder, or in memory."""

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from ingest.gone import why_missing
from vidette.errors import StoreError

SUFFIXES = (".jpg", ".mp4", ".mkv", ".webm", ".ts", ".avi")
_DAY_S = 86_400
_ADDRESS = re.compile(r"[0-9a-f]{64}")


class FolderMedia:
    """A folder: `ab/abcd….jpg`; the uri is `media:<sha256><suffix>`, whatever the folder's place.

    It is made when something is first kept. Several processes may share it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, suffix: str) -> tuple[str, str]:
        """Keep the bytes; -> (sha256, uri). Written beside its place and renamed: never half there."""
        sha256, uri = address(data, suffix)
        path = self._path(sha256, suffix)
        if not _holds(path, len(data)):
            self._write(path, data)
        else:
            _renew(path)
        return sha256, uri

    def adopt(self, file: Path, suffix: str) -> tuple[str, str]:
        """Keep a finished file of this file system, which is moved to its place; -> (sha256, uri). Raises StoreError."""
        try:
            with file.open("rb") as handle:
                sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            path = self._path(sha256, checked(suffix))
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, path)
        except OSError as error:
            raise StoreError(f"cannot keep {file.name!r} in {str(self.root)!r} ({error.strerror})") from error
        return sha256, f"media:{sha256}{suffix}"

    def get(self, sha256: str) -> bytes:
        """The bytes of that address, checked. Raises StoreError."""
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {str(path)!r} ({error.strerror}); check its permissions") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                f"what is stored as {sha256[:12]}… in {str(self.root)!r} was changed; restore it from a backup"
            )
        return data

    def path(self, sha256: str) -> Path:
        """The file of that address. Raises StoreError."""
        if not _ADDRESS.fullmatch(sha256):
            raise StoreError(f"{sha256[:80]!r} is not a SHA-256 address")
        for suffix in SUFFIXES:
            path = self._path(sha256, suffix)
            if path.exists():
                return path
        missing = why_missing(self.root, "pictures", "media of alerts") or "; was the folder moved?"
        raise StoreError(f"no picture or clip {sha256[:12]}… in {str(self.root)!r}{missing}")

    def _path(self, sha256: str, suffix: str) -> Path:
        return self.root / sha256[:2] / f"{sha256}{suffix}"

    def _write(self, path: Path, data: bytes) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise StoreError(
                f"cannot keep a picture in {str(self.root)!r} ({error.strerror}); "
                "make room or choose another folder with `media`"
            ) from error


class MemoryMedia:
    """A dictionary: for tests and for watching without a trace."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def put(self, data: bytes, suffix: str) -> tuple[str, str]:
        """Keep the bytes; -> (sha256, uri)."""
        sha256, uri = address(data, suffix)
        self._held[sha256] = data
        return sha256, uri

    def get(self, sha256: str) -> bytes:
        """The bytes of that address. Raises StoreError."""
        if sha256 not in self._held:
            raise StoreError(f"no picture or clip {sha256[:12]!r} in memory")
        return self._held[sha256]


def _holds(path: Path, size: int) -> bool:
    """Whether the file is there, whole: a machine that lost its power may leave an empty one."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _renew(path: Path) -> None:
    """What is kept once more is as young as what is new; to the day, since that is a write to the disk."""
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > _DAY_S:
            os.utime(path)


def address(data: bytes, suffix: str) -> tuple[str, str]:
    """(sha256, uri) of bytes. Raises StoreError for a suffix that is neither picture nor clip."""
    sha256 = hashlib.sha256(data).hexdigest()
    return sha256, f"media:{sha256}{checked(suffix)}"


def checked(suffix: str) -> str:
    """The suffix. Raises StoreError where it is that of neither picture nor clip."""
    if suffix not in SUFFIXES:
        raise StoreError(f"cannot keep a {suffix!r} file; one of {', '.join(SUFFIXES)}")
    return suffix
