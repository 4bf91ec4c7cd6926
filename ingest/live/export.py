"""A stretch of recordings as one video file."""

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ingest.live.clipping import Clipped, clip
from ingest.live.recordings import arrivals
from ingest.masks import Masks
from vidette.errors import ConfigError, StoreError


def export(folder: Path, origin: datetime, start_s: float, end_s: float, out: Path) -> Clipped | None:
    """Write [start_s, end_s) of the media time that begins at `origin` to `out`, an .mp4; None where nothing of it
    was recorded in `folder`.

    From the keyframe at or before `start_s`, copied, up to where the camera changed its picture. `out` appears whole or
    not at all. Raises ConfigError for another container, StoreError for `out`.
    """
    if out.suffix.lower() != ".mp4":
        raise ConfigError(f"recordings of cameras are cut as .mp4 only, not as {out.name!r}; name it so")
    found = arrivals(folder, origin, start_s, end_s)
    first = next(found, None)
    if first is None:
        return None
    part = out.with_name(f".{out.stem[:80]}.{secrets.token_hex(4)}.part")
    try:
        made = clip(arrivals(folder, origin, start_s, end_s), part, Masks())  # they were painted over when recorded
        os.replace(part, out)
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r} ({error.strerror}); choose another place or make room") from error
    finally:
        found.close()
        with suppress(OSError):
            part.unlink()
    return made
