"""Watches that run into a memory: each has a file beside it, locked while it runs, that says which and how it reloads."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from vidette.errors import StoreError

_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """A running watch: its process, its settings file (empty: none), how often it reloaded and what came of the last."""

    pid: int
    config: str = ""
    reloads: int = 0
    refused: str = ""


class Notice:
    """Context manager: the file of this process."""

    def __init__(self, db: Path, config: str = "") -> None:
        self._path = _folder(db) / f"watch-{os.getpid()}.json"
        self.watching = Watching(pid=os.getpid(), config=config)
        self._file: int | None = None

    def __enter__(self) -> "Notice":
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError(
                f"cannot write {str(self._path)!r}: {error.strerror}; name another file with --db"
            ) from error
        self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = None

    def reloaded(self, refused: str = "") -> None:
        """Say that a reload was done, or why it was not."""
        before = self.watching
        self.watching = Watching(
            pid=before.pid, config=before.config, reloads=before.reloads + 1, refused=refused[:2000]
        )
        self._write()

    def _write(self) -> None:
        assert self._file is not None
        data = json.dumps(asdict(self.watching)).encode()
        with suppress(OSError):  # a full disk: whoever asked waits in vain, the watch goes on
            os.pwrite(self._file, data.ljust(os.fstat(self._file).st_size), 0)


def running(db: Path) -> Iterator[Watching]:
    """Watches that run into this memory now; files that a killed one left are removed."""
    for path in sorted(_folder(db).glob("watch-*.json")):
        with suppress(OSError, ValueError, TypeError):
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _left(file):
                    path.unlink()
                else:
                    found = Watching(**json.loads(os.pread(file, _MOST_BYTES, 0)))
                    if path.name == f"watch-{found.pid}.json":
                        yield found
            finally:
                os.close(file)


def _left(file: int) -> bool:
    """Whether nobody holds it any more."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder(db: Path) -> Path:
    return db.parent / f"{db.name}.locks"
