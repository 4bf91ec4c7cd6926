"""What `${…}` in a settings file stands for: a variable of the environment, or the text of a file that holds a secret."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from vidette.errors import ConfigError

MAX_BYTES = 4096
_FILE = "file:"


class Surroundings(dict[str, str]):
    """An environment in which `file:PATH` is the one line of that file, which is read when it is asked for.

    PATH counts from `folder`. A file that cannot be read, is none, is empty, or holds more than one line of 4 KiB of
    UTF-8 is a ConfigError that says which, and never what is in it.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        super().__init__(environ)
        self._folder = folder

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (isinstance(key, str) and key.startswith(_FILE))

    def __missing__(self, key: str) -> str:
        if not key.startswith(_FILE):
            raise KeyError(key)
        path = self._folder / os.path.expanduser(key.removeprefix(_FILE))
        return _line(_read(path), path)


def _shown(path: Path) -> str:
    return repr(str(path)[:200])


def _read(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{_shown(path)} is no file; name one that holds the secret")
        with path.open("rb") as handle:
            return handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {_shown(path)}: {error.strerror}; put the secret there, readable") from error
    except ValueError as error:  # a NUL in its name
        raise ConfigError(f"cannot read {_shown(path)}: no file can be called that; name another") from error


def _line(data: bytes, path: Path) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\n"
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(data) > MAX_BYTES or any(char in text for char in "\0\r\n"):
        raise ConfigError(f"{_shown(path)} does not hold one line of text, as a secret is; write it anew")
    return text
