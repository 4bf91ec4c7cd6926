"""MP4 files of the packets of a live stream: copied where a browser can play them, else encoded anew as H.264."""

from contextlib import suppress
from pathlib import Path
from typing import Protocol

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.live.arrivals import Arrival
from ingest.live.coding import COPIED, TICK, Coding, StartCodes, copied, times
from ingest.live.covering import covered
from ingest.masks import Masks

# Finished files begin with their index; files that grow are playable up to their last whole GOP, whatever happens.
FASTSTART = {"movflags": "+faststart"}
GROWING = {"movflags": "+hybrid_fragmented", "flush_packets": "1"}

_QUALITY = {"veryfast": "23", "ultrafast": "28"}  # the faster one needs more bytes for the same picture


class Writer(Protocol):
    """A file that grows by packets, in the order they are decoded, the first one a keyframe."""

    def write(self, arrival: Arrival) -> None:
        """Add a packet. Raises OSError, av.FFmpegError."""

    def close(self) -> None:
        """Finish the file. Raises OSError, av.FFmpegError."""


def writer(path: Path, coding: Coding, masks: Masks, options: dict[str, str], preset: str = "veryfast") -> Writer:
    """What writes such pictures to `path`: with masks, and for what browsers do not play, an encoder."""
    if coding.codec in COPIED and not masks:
        return Copier(path, coding, options)
    return Encoder(path, coding, masks, options, preset)


def _opened(path: Path, options: dict[str, str]) -> OutputContainer:
    return av.open(f"file:{path.absolute()}", "w", format="mp4", options=options)


class Copier:
    """Packets as they came."""

    def __init__(self, path: Path, coding: Coding, options: dict[str, str]) -> None:
        self._out = _opened(path, options)
        width, height = coding.size
        self._track = self._out.add_mux_stream(coding.codec, width=width, height=height, time_base=TICK)
        self._form = StartCodes(coding)
        self._zero_s: float | None = None
        self._last = -1

    def write(self, arrival: Arrival) -> None:
        """Add a packet, decoded later than the one before; leading pictures of an open GOP at the start are left out."""
        dts_s, pts_s = times(arrival)
        if self._zero_s is None:
            self._zero_s = dts_s
            self._first_s = pts_s
        elif pts_s < self._first_s:
            return
        packet = self._form(arrival)
        packet.dts = self._last = max(round((dts_s - self._zero_s) / TICK), self._last + 1)
        packet.pts = max(round((pts_s - self._zero_s) / TICK), packet.dts)
        packet.duration = _ticks(arrival.packet)
        packet.is_keyframe = arrival.key
        packet.stream = self._track  # type: ignore[assignment]  # the stub allows only a stream of the same kind
        self._out.mux(packet)

    def close(self) -> None:
        """Finish the file."""
        self._out.close()


def _ticks(packet: "Packet[VideoStream]") -> int:
    """How long its picture is shown; where it does not say, as at 25 a second: the last one of a file needs it."""
    said_s = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
    return round((said_s if 0 < said_s <= 1 else 0.04) / TICK)


class Encoder:
    """Pictures decoded, covered by masks where there are any, and encoded as H.264 that any browser plays."""

    def __init__(self, path: Path, coding: Coding, masks: Masks, options: dict[str, str], preset: str) -> None:
        self._out = _opened(path, options)
        self._decoder = coding.decoder()
        self._masks = masks
        self._preset = preset
        self._track: VideoStream | None = None
        self._zero_s: float | None = None
        self._last = -1

    def write(self, arrival: Arrival) -> None:
        """Add the pictures that a packet completes; damaged ones are left out."""
        dts_s, pts_s = times(arrival)
        if self._zero_s is None:
            self._zero_s = pts_s
        packet = copied(arrival.packet)
        packet.dts, packet.pts = (round((at - self._zero_s) / TICK) for at in (dts_s, pts_s))
        self._decode(packet)

    def _decode(self, packet: "Packet[VideoStream] | None") -> None:
        try:
            frames = self._decoder.decode(packet)
        except (av.FFmpegError, ValueError):
            return
        for frame in frames:
            if frame.pts is None or frame.pts <= self._last:
                continue
            self._last = frame.pts
            track = self._track or self._begin(frame.width, frame.height)
            shown = covered(frame, self._masks, (track.width, track.height))
            shown.pts, shown.time_base = frame.pts, TICK
            self._out.mux(track.encode(shown))

    def _begin(self, width: int, height: int) -> VideoStream:
        options = {"preset": self._preset, "crf": _QUALITY[self._preset], "g": "50", "bf": "0"}
        track = self._out.add_stream("libx264", rate=25, options=options)
        track.width, track.height, track.pix_fmt = width // 2 * 2 or 2, height // 2 * 2 or 2, "yuv420p"
        track.codec_context.time_base = TICK
        track.codec_context.thread_count = 1
        self._track = track
        return track

    def close(self) -> None:
        """Finish the file. Raises ValueError, too, where nothing could be decoded."""
        with suppress(EOFError):
            self._decode(None)
        if self._track is None:
            raise ValueError("none of its pictures can be decoded")
        self._out.mux(self._track.encode(None))
        self._out.close()
