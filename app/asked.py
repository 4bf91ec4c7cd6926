"""The plan of the last question to each memory, kept in the user's state folder, so that the next may go on from it."""

import contextlib
import hashlib
import logging
import os
from pathlib import Path

import platformdirs

from vidette import codec
from vidette.answers import Plan
from vidette.errors import StoreError

_LOG = logging.getLogger(__name__)
_MOST_BYTES = 100_000


def last(db: Path) -> Plan | None:
    """The last plan that was asked of this memory; None where there is none that can be read."""
    try:
        with _file(db).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        return codec.decode(Plan, data) if len(data) <= _MOST_BYTES else None
    except (OSError, StoreError) as error:
        _LOG.debug("no earlier question: %s", error)
        return None


def keep(db: Path, plan: Plan) -> None:
    """Keep the plan of an understood question; a state folder that cannot be written only costs the next its beginning."""
    if plan.kind in ("cannot_tell", "search") or plan.of == "streams":
        return
    file = _file(db)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.write_bytes(codec.encode(plan))
        new.replace(file)
    except (OSError, StoreError) as error:
        _LOG.debug("the question is not kept: %s", error)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _file(db: Path) -> Path:
    tag = hashlib.sha256(os.fsencode(db.resolve())).hexdigest()[:16]
    return Path(platformdirs.user_state_dir("vidette", appauthor=False)) / "asked" / f"{tag}.json"
