"""What of a folder of media is no longer kept: of each kind, up to which time it was deleted, and when that was."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME = ".gone.json"
_MOST_BYTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Files last written up to `until` were deleted, the last of them at `at`."""

    until: datetime
    at: datetime


def gone(root: Path) -> dict[str, Gone]:
    """By kind; empty where nothing was deleted, or the note of it cannot be read."""
    try:
        with (root / NAME).open("rb") as handle:
            said = json.loads(handle.read(_MOST_BYTES))
        return {str(kind): Gone(until=_instant(until), at=_instant(at)) for kind, (until, at) in said.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError):
        return {}


def note(root: Path, newest: Mapping[str, float], at: float) -> None:
    """Files of these kinds were deleted at `at`, the newest of each last written then (seconds since 1970).

    Where that cannot be written, it is not known later why they are missing; no more.
    """
    if not newest:
        return
    known = gone(root)
    said = {kind: (one.until.timestamp(), one.at.timestamp()) for kind, one in known.items()}
    for kind, until in newest.items():
        said[kind] = (max(until, said.get(kind, (until, at))[0]), at)
    part = root / f"{NAME}.{secrets.token_hex(4)}.part"
    with suppress(OSError):
        part.write_text(json.dumps(said), encoding="utf-8")
        os.replace(part, root / NAME)
    with suppress(OSError):
        part.unlink()


def why_missing(root: Path, *kinds: str) -> str:
    """`; recordings of before … are no longer kept since …` for each of the kinds of which something was deleted."""
    known = gone(root)
    told = [
        f"{kind} of before {known[kind].until:%Y-%m-%d %H:%M} UTC are no longer kept since {known[kind].at:%Y-%m-%d}"
        for kind in kinds
        if kind in known
    ]
    return "".join(f"; {one}" for one in told)


def _instant(seconds: object) -> datetime:
    if not isinstance(seconds, int | float):
        raise TypeError(f"{seconds!r} is no time")
    return datetime.fromtimestamp(seconds, UTC)
