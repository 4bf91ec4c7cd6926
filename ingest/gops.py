"""Packets grouped from keyframe to keyframe, and how much of each group must be decoded."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from av.packet import Packet

from ingest.clock import Stamp
from ingest.sampling import firsts

MAX_PACKETS = 1000
MAX_BYTES = 32 * 1024 * 1024
_EMPTY_PICTURE = 1  # bytes: "nothing coded" fillers of MPEG-4 in AVI are flagged as keyframes


class Stamped(NamedTuple):
    """A packet with its repaired times."""

    packet: Packet  # type: ignore[type-arg]  # the stub's Packet is generic in its stream, the class is not
    at: Stamp


def is_key(packet: Packet) -> bool:  # type: ignore[type-arg]  # as above
    """Whether decoding may begin at this packet."""
    return packet.is_keyframe and packet.size > _EMPTY_PICTURE


@dataclass(slots=True, kw_only=True)
class Group:
    """Packets from one keyframe to the next, or a piece of them where that is long."""

    packets: list[Stamped]
    from_key: bool
    first_wanted: int | None = None
    last_wanted: int = -1

    @property
    def key_pts(self) -> int:
        """Time of its first packet."""
        return self.packets[0].at.pts

    @property
    def wants_leading(self) -> bool:
        """Whether a picture is wanted that is shown before this keyframe but stored after it.

        Such a picture needs the group before, too (open GOP).
        """
        return self.from_key and self.first_wanted is not None and self.first_wanted < self.key_pts

    def reference_gap(self) -> int:
        """Longest time between pictures that no later-stored one is shown before (never B frames)."""
        highest: list[int] = []
        for _, at in self.packets:
            if not highest or at.pts > highest[-1]:
                highest.append(at.pts)
        return max((b - a for a, b in pairwise(highest)), default=0)


def group(packets: Iterable[Stamped]) -> Iterator[Group]:
    """Packets cut before each keyframe; a piece holds at most MAX_PACKETS and MAX_BYTES."""
    held: list[Stamped] = []
    size = 0
    for item in packets:
        key = is_key(item.packet)
        if held and (key or len(held) >= MAX_PACKETS or size >= MAX_BYTES):
            yield Group(packets=held, from_key=is_key(held[0].packet))
            held, size = [], 0
        held.append(item)
        size += item.packet.size
    if held:
        yield Group(packets=held, from_key=is_key(held[0].packet))


def mark_wanted(groups: Iterable[Group], slot: Callable[[int], int], start: int, end: int | None) -> Iterator[Group]:
    """Groups with the first and last packet in them that sampling wants; ends after `end`.

    `slot` numbers a time in ticks; only what is shown in [start, end) is wanted.
    """
    last_slot: int | None = None
    for item in groups:
        shown = sorted((at.pts, i) for i, (packet, at) in enumerate(item.packets) if not packet.is_discard)
        slots = [slot(pts) for pts, _ in shown]
        wanted = [shown[k] for k in firsts(slots, last_slot)]
        wanted = [(pts, i) for pts, i in wanted if pts >= start and (end is None or pts < end)]
        last_slot = max([*slots, last_slot] if last_slot is not None else slots, default=None)
        item.first_wanted = wanted[0][0] if wanted else None
        item.last_wanted = max((i for _, i in wanted), default=-1)
        yield item
        if end is not None and item.from_key and item.key_pts >= end:
            return
