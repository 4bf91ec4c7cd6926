"""Credentials of addresses out of the process list."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.live.address import Address

_SELF = Path("/proc/self")
_ARG_START = 45  # field 48 of /proc/self/stat, counted after the program's name (proc_pid_stat(5))


def hide(arguments: Sequence[str]) -> bool:
    """Overwrite these addresses with what is safe of them in what `ps` shows of this process; -> whether that was done.

    Linux only; before it is called they can be seen, and the shell's history keeps them: `vidette watch -` and
    `${NAME}` in vidette.yml show them nowhere. Raises ConfigError for what is no address.
    """
    secrets = {os.fsencode(one): os.fsencode(Address.parse(one).safe) for one in arguments}
    if sys.platform != "linux" or all(text == safe for text, safe in secrets.items()):
        return False
    try:
        begin = int((_SELF / "stat").read_text().rpartition(")")[2].split()[_ARG_START])
        shown = (_SELF / "cmdline").read_bytes()
        with (_SELF / "mem").open("r+b", buffering=0) as memory:
            for text, safe in secrets.items():
                for at in _places(shown, text):
                    memory.seek(begin + at)
                    memory.write(safe[: len(text)].ljust(len(text)))
    except (OSError, ValueError, IndexError):
        return False  # as where /proc is not mounted
    return True


def _places(shown: bytes, text: bytes) -> list[int]:
    """Where an argument begins in the command line."""
    places, at = [], 0
    for one in shown.split(b"\0"):
        if one == text:
            places.append(at)
        at += len(one) + 1
    return places
