"""One connection to a camera: opened with bounds on what, how long and how big; every failure has a cause."""

import errno
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, cast

import av
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.container import MAX_PIXELS, check_size
from ingest.live.address import Address
from vidette.errors import SourceError
from vidette.feeds import CAUSES, Cause

ANALYSE_S = 0.3
BURST_S = 20.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
_AWAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EIO, errno.EADDRNOTAVAIL)
_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (av.HTTPUnauthorizedError, Cause.UNAUTHORISED),
    (av.HTTPForbiddenError, Cause.UNAUTHORISED),
    (av.HTTPNotFoundError, Cause.NOT_FOUND),
    (av.HTTPClientError, Cause.REFUSED),
    (av.HTTPServerError, Cause.REFUSED),
    (ConnectionRefusedError, Cause.REFUSED),
)  # fmt: skip


class FeedError(SourceError):
    """A camera that gives no pictures, and why; always worth another try. Its text holds no secret."""

    def __init__(self, cause: Cause, address: Address) -> None:
        super().__init__(f"{CAUSES[cause]}: {address.safe!r}", retryable=True)
        self.cause = cause


def cause_of(
    error: BaseException, *, connecting: bool = False, late: bool = False, numeric: bool = False, talks: bool = False
) -> Cause:
    """Why FFmpeg gave up.

    `late`: it did so when its time was over, whatever it says. `numeric`: no name was to be looked up
    (a failed look-up is an input/output error to FFmpeg, as other things are). `talks`: the camera is talked
    to before it sends anything; of a talk that breaks off FFmpeg says that the data is bad.
    """
    if isinstance(error, FeedError):
        return error.cause
    for kind, cause in _CAUSES:
        if isinstance(error, kind):
            return cause
    code = getattr(error, "errno", None)
    if code == errno.EACCES:  # EPERM is what FFmpeg says of a PLAY that got no answer
        return Cause.UNAUTHORISED
    if isinstance(error, TimeoutError | av.ExitError) or late or code == errno.ETIMEDOUT:
        return Cause.UNREACHABLE if connecting else Cause.STALLED
    if code in _PLACES:
        return Cause.NOT_FOUND if connecting else Cause.ENDED
    if connecting and talks and isinstance(error, av.InvalidDataError):
        return Cause.REFUSED
    if code == errno.EIO and connecting and numeric:
        return Cause.REFUSED if talks else Cause.UNREADABLE
    if code in _AWAY:
        return Cause.UNREACHABLE if connecting else Cause.ENDED
    if isinstance(error, av.InvalidDataError | av.DemuxerNotFoundError | av.DecoderNotFoundError | SourceError):
        return Cause.UNREADABLE
    return Cause.REFUSED if connecting else Cause.ENDED


class Connection:
    """A context manager around an open camera.

    `timeout_s` bounds each wait for the camera; FFmpeg may take twice that. `stream` is the biggest
    video stream; its size may not be known yet (0). Raises FeedError
    on entering and from `packets`.
    """

    stream: VideoStream

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._container: InputContainer | None = None

    def __enter__(self) -> Self:
        begun = time.monotonic()
        try:
            self._open()
        except (av.FFmpegError, OSError, ValueError, SourceError) as error:
            self.__exit__(None, None, None)
            late = time.monotonic() - begun >= self._timeout_s
            address = self._address
            cause = cause_of(error, connecting=True, late=late, numeric=address.numeric, talks=address.talks)
            raise FeedError(cause, self._address) from None  # FFmpeg's own text repeats the address, secrets and all
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def packets(self) -> "Iterator[Packet[VideoStream]]":
        """Packets of the video stream until the camera ends it: that, too, is a FeedError."""
        heard = time.monotonic()
        try:
            for packet in self._opened().demux():
                if packet.stream_index == self.stream.index and packet.size:
                    yield cast("Packet[VideoStream]", packet)
                    heard = time.monotonic()
                elif time.monotonic() - heard > 2 * self.patience_s:  # sound goes on, pictures do not
                    raise FeedError(Cause.STALLED, self._address)
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            raise FeedError(cause_of(error), self._address) from None  # as on entering
        raise FeedError(Cause.ENDED, self._address)

    def start_at(self) -> datetime | None:
        """The camera's wall clock at pts 0, where it has told it (RTCP sender reports, RFC 3550 6.4.1)."""
        micros = self._opened().start_time_realtime
        if not micros:
            return None
        try:
            return EPOCH + timedelta(microseconds=micros)  # a camera that was never set may say 1900
        except OverflowError:
            return None

    @property
    def patience_s(self) -> float:
        """How long this camera may be silent between pictures and be well."""
        return max(self._timeout_s, BURST_S) if self._address.bursty else self._timeout_s

    def _opened(self) -> InputContainer:
        assert self._container is not None, "enter the connection first"
        return self._container

    def _open(self) -> None:
        av.logging.set_level(None)  # FFmpeg's own lines hold addresses with passwords
        way, address = self._address.way, self._address
        self._container = av.open(
            address.url,
            format=way.format,
            options=_options(address, self._timeout_s),
            timeout=(max(self._timeout_s, 1.0), self.patience_s),
            metadata_errors="replace",
        )
        if self._container.format.name not in way.outer:
            raise FeedError(Cause.UNREADABLE, address)
        self.stream = self._video(self._container)

    def _video(self, container: InputContainer) -> VideoStream:
        streams = [s for s in container.streams.video if s.codec_context is not None]
        if not streams:
            raise FeedError(Cause.UNREADABLE, self._address)
        stream = max(streams, key=lambda s: ((s.width or 0) * (s.height or 0), -s.index))
        check_size(stream.width or 0, stream.height or 0, self._address.safe)
        return stream


def _options(address: Address, timeout_s: float) -> dict[str, str]:
    """What FFmpeg is told; it is bound to the protocols and demuxers of the address's scheme."""
    way, micros = address.way, str(int(timeout_s * 1e6))
    options = {
        "protocol_whitelist": way.protocols,
        "format_whitelist": way.formats,
        "max_pixels": str(MAX_PIXELS),
        "analyzeduration": str(int(ANALYSE_S * 1e6)),
        **way.options,
    }
    if way.format == "rtsp":
        options["rtsp_transport"] = address.transport
    if address.scheme in ("rtsp", "rtsps", "udp"):
        options["timeout"] = micros
    elif address.scheme != "device" and not address.bursty:
        options["rw_timeout"] = micros
    return options
