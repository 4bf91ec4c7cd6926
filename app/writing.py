"""Files that a command writes: whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vidette.errors import ConfigError


@contextmanager
def writable(name: str | Path) -> Iterator[BinaryIO]:
    """A file to write; it takes its name only when all of it is there. Raises ConfigError where it cannot be made."""
    path = Path(name)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}; name another file") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
