"""One watch of a stream at a time: a kernel lock, so that nothing outlives a crash."""

import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType

from vidette.errors import StoreError


class WatchLock:
    """Context manager that holds a stream for this process; two memories (`db`) do not know of each other.

    The lock is on a file beside the database that is left behind: a lock file that is deleted can be
    locked twice. A store in memory is nobody else's and takes no lock.
    """

    def __init__(self, db: Path | str, stream_id: str) -> None:
        self.db, self.stream_id = db, stream_id
        self._file: int | None = None

    def __enter__(self) -> "WatchLock":
        if str(self.db) == ":memory:":
            return self
        path = self.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            raise StoreError(
                f"stream {self.stream_id!r} is already being watched into {str(self.db)!r}; end that watch first"
            ) from error
        except OSError as error:
            self._release()
            raise StoreError(f"cannot lock {str(path)!r}: {error.strerror}; name another file with --db") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @property
    def path(self) -> Path:
        """The lock file: named by a hash, since an id may hold anything."""
        db = Path(self.db)
        tag = hashlib.sha256(self.stream_id.encode(errors="replace")).hexdigest()[:16]
        return db.parent / f"{db.name}.locks" / f"{tag}.lock"

    def _release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
