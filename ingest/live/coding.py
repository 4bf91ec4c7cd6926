"""How the pictures of a live stream are coded: what a decoder or a file must know of them."""

from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ingest.container import MAX_PIXELS
from ingest.live.arrival import Arrival
from ingest.live.nal_units import parameter_sets, with_start_codes

TICK = Fraction(1, 90_000)
COPIED = ("h264", "hevc")
"""Codecs that are kept as they come; browsers play the first everywhere, the second where the machine decodes it."""
_LONGEST_REORDER_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """Codec and pixel format (FFmpeg's names), out-of-band parameters, and (width, height) in pixels."""

    codec: str
    extradata: bytes
    size: tuple[int, int]
    pix_fmt: str | None = field(default=None, compare=False)  # not known before something was decoded

    def decoder(self) -> VideoCodecContext:
        """A decoder of its own, on one thread."""
        context = av.CodecContext.create(self.codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.extradata = self.extradata or None
        context.width, context.height = self.size
        if self.pix_fmt:
            context.pix_fmt = self.pix_fmt
        context.thread_type, context.thread_count = "SLICE", 1
        context.options = {"max_pixels": str(MAX_PIXELS)}
        return context


def coding_of(arrival: Arrival) -> Coding:
    """How an arrival is coded. Safe after its connection was closed: only the codec's own context is asked."""
    context = arrival.stream.codec_context
    return Coding(
        codec=context.codec.canonical_name,
        extradata=bytes(context.extradata or b""),
        size=(context.width, context.height),
        pix_fmt=context.pix_fmt,
    )


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """A decoder of a stream's packets, on one thread.

    The stream's own stays closed: packets hold on to their stream, and pictures that it decoded would stay in memory
    for as long as one of its packets does. Safe after the stream's connection was closed.
    """
    said = stream.codec_context
    context = av.CodecContext.create(said.codec, "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = said.extradata
    context.codec_tag = said.codec_tag
    context.width, context.height = said.width, said.height
    if said.pix_fmt:  # who joins a broadcast between keyframes is told with the next one
        context.pix_fmt = said.pix_fmt
    context.bits_per_coded_sample = said.bits_per_coded_sample
    if said.sample_aspect_ratio:
        context.sample_aspect_ratio = said.sample_aspect_ratio
    context.field_order, context.reorder_depth = said.field_order, said.reorder_depth
    context.thread_type, context.thread_count = "SLICE", 1
    context.options = {"max_pixels": str(MAX_PIXELS)}
    return context


def times(arrival: Arrival) -> tuple[float, float]:
    """Media seconds at which its picture is decoded and shown."""
    packet, delay_s = arrival.packet, 0.0
    if packet.pts is not None and packet.dts is not None and packet.time_base:
        delay_s = float((packet.pts - packet.dts) * packet.time_base)
    return arrival.media_s - (delay_s if 0 < delay_s <= _LONGEST_REORDER_S else 0.0), arrival.media_s


def copied(data: object) -> "Packet[VideoStream]":
    """A packet of its own with these bytes; one that others hold must not be changed."""
    packet: Packet[VideoStream] = av.Packet(data)  # type: ignore[arg-type,assignment]  # takes any buffer; of no stream yet
    packet.time_base = TICK
    return packet


class StartCodes:
    """Makes H.264 and H.265 packets such that a file of them can be made: start codes, parameters before the first."""

    def __init__(self, coding: Coding) -> None:
        self._sets, self._width = parameter_sets(coding.codec, coding.extradata)

    def __call__(self, arrival: Arrival) -> "Packet[VideoStream]":
        """A copy of its packet, without times."""
        if not self._width and not self._sets:
            return copied(arrival.packet)
        data = bytes(arrival.packet)
        data = self._sets + (with_start_codes(data, self._width) if self._width else data)
        self._sets = b""
        return copied(data)
