"""What comes from a camera: one packet."""

from dataclasses import dataclass

from av.packet import Packet
from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A packet of the video stream.

    `media_s` is when its picture is shown, `arrived_s` when it came, both in media time.
    `connection` grows with each (re)connect: a new decoder is due. Decoding may begin where `key`.
    """

    packet: "Packet[VideoStream]"
    stream: VideoStream
    key: bool
    media_s: float
    arrived_s: float
    connection: int
