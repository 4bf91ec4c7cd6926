"""A clip of the packets of a live stream: one MP4 file, whole or not there."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, groupby, takewhile
from math import inf
from pathlib import Path

import av

from ingest.container import reason
from ingest.live.arrivals import Arrival
from ingest.live.coding import Coding, coding_of
from ingest.live.writing import FASTSTART, Writer, writer
from ingest.masks import Masks
from vidette.errors import StoreError

HEVC = "it is H.265, which browsers play only where the machine decodes it"
"""What a person should know of a clip of that codec."""
_PICTURE_S = 0.04  # how long the last picture of a clip is taken to be shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipped:
    """What a clip holds: [start_s, end_s) of media time, that many packets; `codec` as they came."""

    start_s: float
    end_s: float
    packets: int
    codec: str


def fitted(start_s: float, end_s: float, held_s: float, longest_s: float) -> tuple[float, float]:
    """The stretch to keep of [start_s, end_s), at most `longest_s`, where pictures are held from `held_s` on.

    Its beginning, since that shows how it came about; its end where the beginning is gone already.
    """
    if held_s <= start_s:
        return start_s, min(end_s, start_s + longest_s)
    return max(held_s, end_s - longest_s), end_s


def alike(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """The longest run of them that is coded alike, from a keyframe on: one file can hold no more."""
    runs = [_from_key(list(run)) for _, run in groupby(arrivals, coding_of)]
    return max(runs, key=_length_s, default=[])


def _from_key(run: Sequence[Arrival]) -> list[Arrival]:
    first = next((number for number, arrival in enumerate(run) if arrival.key), len(run))
    return list(run[first:])


def _length_s(run: Sequence[Arrival]) -> float:
    return run[-1].media_s - run[0].media_s + _PICTURE_S if run else 0.0


def clip(arrivals: Iterable[Arrival], out: Path, masks: Masks) -> Clipped:
    """Write packets, the first a keyframe, to `out`, up to where they are coded otherwise. Raises StoreError; then
    there is no file.

    H.264 and H.265 are copied, unless there are masks to be painted over them; what else there is, is encoded anew.
    """
    rest = iter(arrivals)
    first = next(rest, None)
    if first is None:
        raise StoreError("no picture of it is held any more")
    coding = coding_of(first)
    try:
        return _write(chain((first,), rest), coding, writer(out, coding, masks, FASTSTART))
    except (OSError, av.FFmpegError, ValueError) as error:
        with suppress(OSError):
            out.unlink()
        raise StoreError(f"cannot write a clip ({reason(error)}); make room, or see what the camera sends") from error


def _write(arrivals: Iterable[Arrival], coding: Coding, file: Writer) -> Clipped:
    shown, packets = [inf, -inf], 0
    try:
        for arrival in takewhile(lambda one: coding_of(one) == coding, arrivals):
            file.write(arrival)
            shown, packets = [min(shown[0], arrival.media_s), max(shown[1], arrival.media_s)], packets + 1
    except BaseException:
        with suppress(OSError, av.FFmpegError, ValueError):
            file.close()
        raise
    file.close()
    return Clipped(start_s=shown[0], end_s=shown[1] + _PICTURE_S, packets=packets, codec=coding.codec)
