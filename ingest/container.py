"""Opening a media file safely: local files only, known formats only, sane sizes only."""

import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.signature import looks_like
from vidette.errors import SourceError

# Demuxers that read one self-contained file. Not here: concat, hls, dash, image patterns, devices,
# anything that may open another file or address.
FORMATS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mjpeg", "h264",
    "hevc", "av1", "obu", "ivf", "yuv4mpegpipe", "m4v", "mxf", "dv", "nut", "gxf", "rm", "wtv", "vc1",
)  # fmt: skip
MAX_SIDE = 16_384
MAX_PIXELS = 100_000_000
# `max_pixels` holds for what opening decodes to learn of the streams, too.
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS), "max_pixels": str(MAX_PIXELS)}


def reason(error: BaseException) -> str:
    """What FFmpeg said, without the path it repeats."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def check_size(width: int, height: int, name: str) -> None:
    """Raise SourceError for pictures too big to decode safely."""
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise SourceError(
            f"pictures of {width}x{height} in {name!r} are too big; at most {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} Mpx are read: convert it to a smaller size"
        )


def check_file(path: Path) -> None:
    """Raise SourceError unless `path` is a regular, non-empty file that may be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"not a regular file: {str(path)!r}; give a video file")
        with path.open("rb") as handle:
            if not handle.read(1):
                raise SourceError(f"empty file: {str(path)!r}; record or copy it again")
    except FileNotFoundError as error:
        raise SourceError(f"no such file: {str(path)!r}; check the path") from error
    except PermissionError as error:
        raise SourceError(f"cannot read {str(path)!r} ({reason(error)}); check its permissions") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {str(path)!r} ({reason(error)}); check the path") from error


def open_container(path: Path) -> tuple[InputContainer, VideoStream]:
    """The container and its video stream, ready to decode on one thread. Raises SourceError."""
    check_file(path)
    try:
        # `file:` keeps a name like `concat:a|b` from being read as a protocol.
        container = av.open(f"file:{path.absolute()}", options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        said = looks_like(path) or reason(error)
        raise SourceError(f"not a video that can be read: {str(path)!r} ({said})") from error
    try:
        stream = _video_stream(container, path)
    except BaseException:
        container.close()
        raise
    return container, stream


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    pictures = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & pictures]
    if not streams:
        raise SourceError(f"no video in {str(path)!r} (only {_kinds(container)}); give a file with pictures")
    decodable = [s for s in streams if s.codec_context is not None]
    if not decodable:
        raise SourceError(f"no decoder for the video in {str(path)!r}; convert it to H.264")
    stream = max(decodable, key=lambda s: ((s.width or 0) * (s.height or 0), -s.index))
    check_size(stream.width or 0, stream.height or 0, str(path))
    context = stream.codec_context
    context.thread_type, context.thread_count = "SLICE", 1
    context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def _kinds(container: InputContainer) -> str:
    return ", ".join(sorted({s.type for s in container.streams})) or "nothing known"
