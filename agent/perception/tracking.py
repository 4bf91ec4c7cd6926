"""Tracks: one thing over frames of one stream, through short occlusion, trimmed to what was seen.

A region is first a candidate; it is a track once it has been seen a few times and has got somewhere.
Flicker, rain and leaves never do. Boxes are pixels of the working picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.perception.blobs import Blob, Expected, PixelBox
from agent.perception.motion import Motion, associate, begin, predict, update
from vidette.carry import row

Origin = Literal["start", "border", "inside", "split"]
_PATH = 240  # points kept of a path; beyond it the older half is thinned
_MIN_HITS = 3
_SPLIT_GAP = 0.5
_CLUTTER = 2.0  # new regions a frame beyond which most are rain, snow or a shaking camera
_CLUTTER_RATE = 0.2


@dataclass(slots=True, kw_only=True, eq=False)
class Following:
    """One thing being followed; `path` holds (media time, box) where it was seen."""

    number: int
    motion: Motion
    birth_s: float
    seen_s: float
    origin: Origin
    hits: int = 1
    confirmed: bool = False
    path: list[tuple[float, PixelBox]] = field(default_factory=list)
    reach: float = 0.0
    walked: float = 0.0
    score: float = 0.0
    area: float = 0.0
    put_s: float = 0.0
    put: PixelBox = (0.0, 0.0, 0.0, 0.0)
    asked: int = 0
    people: float = 0.0
    colours: dict[str, int] = field(default_factory=dict)
    id: str = ""
    parent: int | None = None

    @property
    def box(self) -> PixelBox:
        """Where it was last seen."""
        return self.path[-1][1]

    @property
    def still_s(self) -> float:
        """How long it has stayed put."""
        return self.seen_s - self.put_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one frame did to the tracks."""

    seen: tuple[tuple[Following, Blob], ...]
    confirmed: tuple[Following, ...]
    ended: tuple[Following, ...]


class Tracker:
    """Follows regions from frame to frame."""

    def __init__(self, shape: tuple[int, int], lost_s: float, start_s: float) -> None:
        self.shape = shape
        self.lost_s = lost_s
        self.start_s = start_s
        self.live: list[Following] = []
        self.numbers = 0
        self.step_s = 0.2
        self.last_s = start_s
        self.clutter = 0.0

    def expected(self, pts_s: float) -> list[Expected]:
        """Where the followed things should be at `pts_s`."""
        return [Expected(box=self._guess(item, pts_s), confirmed=item.confirmed) for item in self.live]

    def step(self, pts_s: float, blobs: Sequence[Blob]) -> Step:
        """Take one frame's regions in."""
        if pts_s > self.last_s:
            self.step_s += 0.2 * (min(2.0, pts_s - self.last_s) - self.step_s)
        self.last_s = pts_s
        seen = self._continue(pts_s, blobs)
        taken = {id(blob) for _, blob in seen}
        fresh = [(self._begin(pts_s, blob), blob) for blob in blobs if id(blob) not in taken]
        born = sum(item.origin != "start" for item, _ in fresh)
        self.clutter += _CLUTTER_RATE * (born - self.clutter)
        confirmed = tuple(item for item, _ in seen if self._confirm(item))
        ended = self._end(pts_s)
        return Step(seen=tuple(seen + fresh), confirmed=confirmed, ended=ended)

    def finish(self) -> tuple[Following, ...]:
        """Nothing more comes: every track ends where it was last seen."""
        ended = tuple(item for item in self.live if item.confirmed)
        self.live = []
        return ended

    def drop(self, item: Following) -> None:
        """Stop following."""
        self.live.remove(item)

    def resume(self, item: Following, earlier: Following) -> None:
        """A track turns out to be one that was thought part of the scene: it goes on as that one."""
        item.number, item.id, item.birth_s, item.origin = earlier.number, earlier.id, earlier.birth_s, earlier.origin
        item.path = (earlier.path + item.path)[-_PATH:]
        item.hits += earlier.hits
        item.colours, item.asked, item.people = earlier.colours, earlier.asked, earlier.people

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {
            "shape": self.shape,
            "lost_s": self.lost_s,
            "start_s": self.start_s,
            "numbers": self.numbers,
            "step_s": self.step_s,
            "last_s": self.last_s,
            "clutter": self.clutter,
            "live": [stored(item) for item in self.live],
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Tracker":
        """The tracker that gave this state."""
        height, width = state["shape"]
        self = cls((height, width), state["lost_s"], state["start_s"])
        self.numbers, self.step_s, self.last_s = state["numbers"], state["step_s"], state["last_s"]
        self.clutter = state["clutter"]
        self.live = [following(item) for item in state["live"]]
        return self

    def _guess(self, item: Following, pts_s: float) -> PixelBox:
        return predict(item.motion, pts_s).box

    def _continue(self, pts_s: float, blobs: Sequence[Blob]) -> list[tuple[Following, Blob]]:
        """Associate; tracks choose first, candidates take what is left."""
        seen: list[tuple[Following, Blob]] = []
        free = list(blobs)
        for confirmed in (True, False):
            items = [item for item in self.live if item.confirmed is confirmed]
            ahead = [predict(item.motion, pts_s) for item in items]
            used = set()
            for item, motion, index in zip(items, ahead, associate(ahead, [blob.box for blob in free]), strict=True):
                if index is not None and self._plausible(item, motion.box, free[index], pts_s):
                    used.add(index)
                    self._see(item, update(motion, free[index].box), free[index], pts_s)
                    seen.append((item, free[index]))
            free = [blob for index, blob in enumerate(free) if index not in used]
        return seen

    def _plausible(self, item: Following, expected: PixelBox, blob: Blob, pts_s: float) -> bool:
        """Whether the region may be that thing: not too far from where it should be, not another size.

        The filter's gate widens with the time unseen; without this a lost track would hop to
        whatever moves next.
        """
        unseen_s = min(1.5, pts_s - item.seen_s)
        reach = (0.6 + unseen_s) * _size(item.box) + 3
        ratio = abs(math.log(_size(blob.box) / _size(item.box)))
        fits = ratio < 0.55 + 0.5 * unseen_s or self.at_border(blob.box)
        return fits and _gap(expected, blob.box) < reach

    def _see(self, item: Following, motion: Motion, blob: Blob, pts_s: float) -> None:
        item.walked += _distance(item.box, blob.box)
        item.motion, item.seen_s, item.hits = motion, pts_s, item.hits + 1
        item.score += (blob.score - item.score) / item.hits
        item.area += (blob.area - item.area) / min(item.hits, 30)
        item.path.append((pts_s, blob.box))
        item.reach = max(item.reach, _distance(item.path[0][1], blob.box))
        if _distance(item.put, blob.box) > 0.35 * _size(blob.box):
            item.put, item.put_s = blob.box, pts_s
        if len(item.path) > _PATH:
            half = _PATH // 2
            item.path = item.path[:half:2] + item.path[half:]

    def _begin(self, pts_s: float, blob: Blob) -> Following:
        origin, parent = self._origin(pts_s, blob)
        self.numbers += 1
        item = Following(
            number=self.numbers,
            motion=begin(blob.box, pts_s),
            birth_s=pts_s,
            seen_s=pts_s,
            origin=origin,
            path=[(pts_s, blob.box)],
            score=blob.score,
            area=blob.area,
            put=blob.box,
            put_s=pts_s,
            parent=parent,
        )
        self.live.append(item)
        return item

    def _origin(self, pts_s: float, blob: Blob) -> tuple[Origin, int | None]:
        """Where a region comes from: there at the start, over the border, out of another, from within."""
        if pts_s - self.start_s < 2.5 * self.step_s:
            return "start", None
        if self.at_border(blob.box):
            return "border", None
        for item in self.live:
            if item.confirmed and pts_s - item.seen_s <= self.lost_s:
                near = max(4.0, _SPLIT_GAP * _size(item.box))
                if _gap(self._guess(item, pts_s), blob.box) < near:
                    return "split", item.number
        return "inside", None

    def at_border(self, box: PixelBox) -> bool:
        """Whether a box reaches the picture's edge."""
        height, width = self.shape
        mx, my = max(3.0, 0.012 * width), max(3.0, 0.012 * height)
        return box[0] <= mx or box[1] <= my or box[2] >= width - mx or box[3] >= height - my

    def _confirm(self, item: Following) -> bool:
        """A candidate is a track once it got somewhere; the more clutter, the longer and straighter."""
        if item.confirmed or item.hits < _MIN_HITS:
            return False
        size = max(_size(item.box), _size(item.path[0][1]))
        straight = item.reach / (item.walked + 1e-6)
        doubt = min(4.0, max(0.0, self.clutter - _CLUTTER))
        long = item.hits >= 2 * _MIN_HITS - 1 + 3 * doubt
        steady = long and item.reach > max(5.0, (0.5 + 0.25 * doubt) * size) and straight > 0.55 + 0.08 * doubt
        way = max(8.0, (0.9 if item.hits == _MIN_HITS else 0.55) * size)
        quick = doubt == 0 and item.origin == "border" and item.reach > way and straight > 0.8
        item.confirmed = steady or quick
        return item.confirmed

    def _end(self, pts_s: float) -> tuple[Following, ...]:
        gone = [item for item in self.live if pts_s - item.seen_s > self._patience(item)]
        if gone:
            self.live = [item for item in self.live if item not in gone]
        return tuple(item for item in gone if item.confirmed)

    def _patience(self, item: Following) -> float:
        """How long a thing may be unseen: short for candidates and for what left over the border."""
        if not item.confirmed:
            return 2.5 * self.step_s
        leaving = self.at_border(item.box)
        return max(2.5 * self.step_s, 0.4 * self.lost_s) if leaving else max(2.5 * self.step_s, self.lost_s)


def stored(item: Following) -> dict[str, Any]:
    """What `following` needs, to be packed at once: its lists are the item's own."""
    return {**row(item), "motion": row(item.motion)}


def following(data: dict[str, Any]) -> Following:
    """A followed thing from what is stored of it."""
    motion = data["motion"]
    data = dict(data)
    data["motion"] = Motion(
        pts_s=motion["pts_s"],
        mean=tuple(motion["mean"]),
        across=tuple(motion["across"]),
        down=tuple(motion["down"]),
        sizes=tuple(motion["sizes"]),
    )
    data["path"] = [(point[0], tuple(point[1])) for point in data["path"]]
    data["put"] = tuple(data["put"])
    return Following(**data)


def _middle(box: PixelBox) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _distance(a: PixelBox, b: PixelBox) -> float:
    (ax, ay), (bx, by) = _middle(a), _middle(b)
    return math.hypot(ax - bx, ay - by)


def _size(box: PixelBox) -> float:
    """Geometric mean of the sides."""
    return math.sqrt(max(1.0, box[2] - box[0]) * max(1.0, box[3] - box[1]))


def _gap(a: PixelBox, b: PixelBox) -> float:
    dx = max(0.0, a[0] - b[2], b[0] - a[2])
    dy = max(0.0, a[1] - b[3], b[1] - a[3])
    return math.hypot(dx, dy)
