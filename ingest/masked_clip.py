"""A clip of a masked file: looked at as the watch looks, painted over, encoded anew; sound is left out."""

import os
import secrets
from contextlib import closing, suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.clip import ClipInfo
from ingest.container import reason
from ingest.frame import scaled_size
from ingest.masks import Masks
from ingest.open import open_source
from vidette.errors import ConfigError, StoreError
from vidette.ports import Frame

_RATE = "30"
_TICK = Fraction(1, 90_000)
_SUFFIXES = (".mp4", ".mkv")
_PICTURE_S = 1 / 30


def cut_masked(path: Path, start_s: float, end_s: float, out: Path, masks: Masks) -> ClipInfo:
    """Write [start_s, end_s) of a file's media time to `out` as H.264, at most 30 pictures a second.

    What the masks hide is black in it. `out` appears whole or not at all. Raises ConfigError for a range with
    nothing in it and for an ending other than .mp4 and .mkv, SourceError for the file, StoreError for `out`.
    """
    if out.suffix.lower() not in _SUFFIXES:
        raise ConfigError(
            f"a masked clip is encoded anew; name it with one of {', '.join(_SUFFIXES)}, not {out.name!r}"
        )
    part = out.absolute().with_name(f".{out.stem[:80]}.{secrets.token_hex(4)}.part{out.suffix.lower()}")
    try:
        start_s = max(0.0, start_s)
        with closing(masks.source(open_source([path], sample=_RATE))) as source, av.open(f"file:{part}", "w") as target:
            shown = [_write(target, frame, start_s) for frame in source.frames(start_s, end_s)]
            if not shown:
                raise ConfigError(f"nothing lies between {start_s:g} and {end_s:g} s of {str(path)!r}")
            target.mux(target.streams.video[0].encode(None))
        size = part.stat().st_size
        os.replace(part, out)
    except (OSError, av.FFmpegError) as error:
        raise StoreError(f"cannot write {str(out)!r} ({reason(error)}); choose another place or make room") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return ClipInfo(start_s=shown[0], end_s=shown[-1] + _PICTURE_S, frames=len(shown), size_bytes=size)


def _write(target: OutputContainer, frame: Frame, from_s: float) -> float:
    """Add a picture to a clip that begins at `from_s`; -> its media time."""
    track = target.streams.video[0] if target.streams.video else _begun(target, frame)
    picture = VideoFrame.from_ndarray(frame.rgb(track.width), format="rgb24")
    picture.pts, picture.time_base = round(Fraction(frame.pts_s - from_s) / _TICK), _TICK
    target.mux(track.encode(picture.reformat(track.width, track.height, "yuv420p")))
    return frame.pts_s


def _begun(target: OutputContainer, frame: Frame) -> VideoStream:
    track = target.add_stream("libx264", rate=int(_RATE), options={"preset": "veryfast", "crf": "23", "bf": "0"})
    track.width, track.height = scaled_size(frame.size, frame.size[0])
    track.pix_fmt = "yuv420p"
    track.codec_context.time_base = _TICK
    return track
