"""One scene: what is done with each frame between two cuts."""

import math
from typing import Any

import cv2
import numpy as np

from agent.perception import appearance, captions
from agent.perception.background import Background, Foreground, Mask, Planes
from agent.perception.belongings import Belongings, Mover, mover
from agent.perception.blobs import Blob, area_of, components, things, within
from agent.perception.ledger import Ledger
from agent.perception.people import asks, personlike
from agent.perception.presence import Presence, Seen
from agent.perception.sight import Sight
from agent.perception.still import Change, Stillness
from agent.perception.tracking import Following, Tracker, following, stored
from agent.perception.traits import attributes_of, colour_name, confidence, label_of
from agent.perception.views import Views, unit
from vidette import geometry, ids
from vidette.carry import Arrays, row
from vidette.geometry import Box
from vidette.models import PathPoint, Track
from vidette.settings import FastSettings
from vidette.streams import Stream

_RECENT_S = 20.0
_PARKED_S = 120.0  # a thing that stays put this long becomes part of the scene until it sets off
_DECIDE_S = 1.0  # how long after it was confirmed a track's beginning is judged
_GHOST = 0.35  # share of a thing's area that its old place must still show
_LOOSE_S = 5.0  # how long a track that had left something behind may take to be found again
_ASK = 10
_TAIL = 12
_SURE = 0.4  # cameras: from here on it is told at once that a track came in over the edge
_DOUBTFUL = 0.3  # tracks below this confidence are kept, but their coming and going is not told
_CLUTTERED = 0.5  # new regions a frame from which single ones are leaves, flicker or rain
_REMAINS = 0.55  # a thing that stopped is about as large as it was on the move; less was left behind


class Scene:
    """Background, tracks, still things and events of one scene."""

    def __init__(
        self,
        *,
        stream: Stream,
        settings: FastSettings,
        ledger: Ledger,
        views: Views,
        background: Background,
        start_s: float,
    ) -> None:
        self.stream, self.settings, self.views = stream, settings, views
        self.prompt = stream.kind == "live"  # somebody waits for it
        self.background = background
        shape = background.shape
        self.min_area = max(12, round(settings.min_size * shape[0] * shape[1]))
        self.tracker = Tracker(shape, settings.lost_s, start_s)
        self.stillness = Stillness(shape, settings.still_s, 2 * self.min_area)
        self.belongings = Belongings(stream.id, settings, ledger, shape)
        self.presence = Presence(stream, settings, ledger, views.snapshot)
        self.start_s = start_s
        self.recent: list[Mover] = []
        self.parked: list[Following] = []
        self.loose: list[Following] = []
        self.undecided: dict[int, float] = {}
        self.over: list[Track] = []

    def step(self, sight: Sight, fore: Foreground, dt_s: float) -> bool:
        """Take one frame in; -> whether a followed thing is in view."""
        pts_s = sight.pts_s
        labels, regions = components(fore.mask, fore.score, self.min_area)
        blobs = things(labels, regions, self.tracker.expected(pts_s))
        step = self.tracker.step(pts_s, blobs)
        for item in step.confirmed:
            self._confirmed(item, pts_s)
        seen = [(item, blob) for item, blob in step.seen if item.confirmed]
        for item, blob in seen:
            self._look_closer(item, blob, sight, fore)
        self._decide(pts_s, fore)
        self.presence.step(pts_s, [self._seen(item) for item, _ in seen], len(seen))
        for item in step.ended:
            self._ended(item, pts_s)
        self._still(sight, fore, dt_s)
        return bool(seen)

    def end(self, pts_s: float) -> None:
        """A cut, or the end of the stream: what is followed ends where it was last seen."""
        self.lose(pts_s)
        for item in self.parked:
            item.seen_s = pts_s
            self._close(item, exited=False)
        self.parked = []
        self.belongings.finish(pts_s)

    def lose(self, pts_s: float) -> None:
        """Nothing can be followed from here on: what moved ends where it was last seen, what lies still stays."""
        for item in self.tracker.finish():
            self._decide_one(item, moved_off=False)
            self._close(item, exited=False)
        for item in self.loose:
            self._close(item, exited=False)
        self.loose = []
        self.undecided = {}
        self.presence.finish(pts_s)

    def tracks(self) -> tuple[Track, ...]:
        """Tracks that changed since the last call: over, in view, lying still."""
        over, self.over = tuple(self.over), []
        live = [item for item in self.tracker.live if item.confirmed] + self.parked
        return over + tuple(self._track(item, None) for item in live) + self.belongings.tracks()

    def stirring(self) -> bool:
        """Whether something that may become a track has begun to get somewhere."""
        return any(item.hits >= 3 and item.reach > 0.3 * math.sqrt(area_of(item.box)) for item in self.tracker.live)

    def astir(self) -> bool:
        """Whether something is followed, or may be about to be."""
        fresh = self.tracker.clutter < _CLUTTERED and bool(self.tracker.live)
        return fresh or bool(self.loose) or self.in_view() > 0 or self.stirring()

    def in_view(self) -> int:
        """How many things are followed now."""
        return sum(item.confirmed for item in self.tracker.live)

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """What `restore` needs."""
        arrays, background = self.background.state()
        touched, stillness = self.stillness.state()
        state = {
            "start_s": self.start_s,
            "background": background,
            "stillness": stillness,
            "tracker": self.tracker.state(),
            "presence": self.presence.state(),
            "things": [row(thing) for thing in self.belongings.things],
            "recent": [row(mover) for mover in self.recent],
            "parked": [stored(item) for item in self.parked],
            "loose": [stored(item) for item in self.loose],
            "undecided": {str(number): at for number, at in self.undecided.items()},
        }
        return {**arrays, "touched": touched}, state

    @classmethod
    def restore(
        cls,
        arrays: Arrays,
        state: dict[str, Any],
        *,
        stream: Stream,
        settings: FastSettings,
        ledger: Ledger,
        views: Views,
    ) -> "Scene":
        """The scene that gave this state."""
        background = Background.restore(arrays, state["background"])
        self = cls(
            stream=stream,
            settings=settings,
            ledger=ledger,
            views=views,
            background=background,
            start_s=state["start_s"],
        )
        self.tracker = Tracker.restore(state["tracker"])
        self.stillness = Stillness.restore(arrays["touched"], state["stillness"])
        self.presence.restore(state["presence"])
        self.belongings.restore(state["things"])
        self.recent = [mover(item) for item in state["recent"]]
        self.parked = [following(item) for item in state["parked"]]
        self.loose = [following(item) for item in state["loose"]]
        self.undecided = {int(number): at for number, at in state["undecided"].items()}
        return self

    def _confirmed(self, item: Following, pts_s: float) -> None:
        """Name a new track; it may be one that was parked, or that had left something behind."""
        earlier = self._earlier(item)
        if earlier is not None:
            self.tracker.resume(item, earlier)
            self.parked = [other for other in self.parked if other is not earlier]
            self.loose = [other for other in self.loose if other is not earlier]
            return
        box = unit(item.path[0][1], self.background.shape)
        item.id = ids.track_id(self.stream.id, item.birth_s, box, self._twins(item, box))
        self.undecided[item.number] = pts_s + _DECIDE_S

    def _earlier(self, item: Following) -> Following | None:
        """The track that a new one continues."""
        first = item.path[0][1]
        for parked in self.parked:
            if geometry.intersection(first, parked.box) > 0.3 * area_of(first):
                return parked
        near = [other for other in self.loose if geometry.gap(first, other.box) < math.sqrt(area_of(other.box))]
        return min(near, key=lambda other: geometry.gap(first, other.box), default=None)

    def _twins(self, item: Following, box: Box) -> int:
        """How many tracks of the same moment and place came before: ids tell them apart."""
        shape, cell = self.background.shape, ids.box_cell(box)
        others = [other for other in self.tracker.live if other.id and other is not item]
        alike = [o for o in others if o.birth_s == item.birth_s and ids.box_cell(unit(o.path[0][1], shape)) == cell]
        return 10 * len(alike)

    def _look_closer(self, item: Following, blob: Blob, sight: Sight, fore: Foreground) -> None:
        """Keep the best view, name the colour, ask whether it is a person."""
        box = unit(item.box, self.background.shape)
        quality = blob.area * min(blob.score, 2.0) * (0.5 if self.tracker.at_border(item.box) else 1.0)
        if self.views.offer(item.number, sight, box, quality) and not appearance.is_grey(sight.planes):
            colour = appearance.colour_of(sight.planes, fore.mask, item.box)
            if colour:
                item.colours[colour] = item.colours.get(colour, 0) + 1
        due = sight.telling and item.asked < _ASK and self.settings.people
        if due and not self.tracker.at_border(item.box):
            item.asked += 1
            item.people += asks(sight.large, box) and personlike(sight.grey(), box) > 0.45

    def _decide(self, pts_s: float, fore: Foreground) -> None:
        """Say how tracks came into view once that can be told."""
        for item in self.tracker.live:
            if pts_s >= self.undecided.get(item.number, math.inf):
                self._decide_one(item, moved_off=self._ghost(item, fore))
            elif self.prompt and item.number in self.undecided and item.origin == "border" and confidence(item) > _SURE:
                self.presence.entering(self._seen(item))

    def _decide_one(self, item: Following, *, moved_off: bool) -> None:
        if self.undecided.pop(item.number, None) is None:
            return
        if confidence(item) < _DOUBTFUL:
            self.presence.strayed(self._seen(item))
            return
        lone = item.origin == "inside" and item.hits >= 5
        if moved_off and item.origin in ("inside", "start"):
            self.presence.entered(self._seen(item), moved_off=True)
        elif item.origin == "border" or lone:
            self.presence.entered(self._seen(item), moved_off=False)

    def _ghost(self, item: Following, fore: Foreground) -> bool:
        """Whether something as large as the track is missing where it began: it was part of the scene."""
        x0, y0, x1, y1 = item.path[0][1]
        width, height = item.box[2] - item.box[0], item.box[3] - item.box[1]
        bare = fore.mask.copy()
        for other in self.tracker.live:
            within(bare, other.box)[:] = False
        about = within(bare, (x0 - 0.8 * width, y0 - 0.5 * height, x1 + 0.8 * width, y1 + 0.5 * height))
        return int(about.sum()) > _GHOST * item.area

    def _ended(self, item: Following, pts_s: float) -> None:
        self._decide_one(item, moved_off=False)
        lost_among = [
            other
            for other in self.tracker.live
            if other.confirmed and geometry.gap(other.box, item.box) < 0.3 * math.sqrt(area_of(item.box)) + 3
        ]
        moving = item.seen_s - item.put_s < 3.0
        exited = self.tracker.at_border(item.box) or (moving and item.hits >= 6 and not lost_among)
        self._close(item, exited=exited and confidence(item) >= _DOUBTFUL)

    def _close(self, item: Following, *, exited: bool) -> None:
        self.presence.ended(self._seen(item), exited=exited)
        self.over.append(self._track(item, item.seen_s))
        self.recent.append(self._mover(item, live=False))
        self.views.forget(item.number)

    def _still(self, sight: Sight, fore: Foreground, dt_s: float) -> None:
        """Learn the background; judge regions that came to rest."""
        pts_s, planes = sight.pts_s, sight.planes
        held, moving = self._held(), self._moving(fore)
        self.stillness.note(moving, dt_s)
        self.background.learn(planes, fore, held, dt_s)
        known = [thing.box for thing in self.belongings.things]
        for change in self.stillness.judge(self.background, planes, fore, moving, known, pts_s):
            self._judge(change, sight)
        live = [item.id for item in self.tracker.live if item.confirmed]
        self.belongings.step(pts_s, live)
        self.recent = [mover for mover in self.recent if pts_s - mover.seen_s < _RECENT_S]
        for item in [item for item in self.loose if pts_s - item.seen_s > _LOOSE_S]:
            self.loose.remove(item)
            self._close(item, exited=self.tracker.at_border(item.box))
        self._park(planes, fore)

    def _judge(self, change: Change, sight: Sight) -> None:
        planes = sight.planes
        if change.lead < 0:
            self._vacated(change)
        holder = self._holder(change)
        if holder is not None:
            own = change.verdict == "left" and area_of(change.box) > _REMAINS * _moving_area(holder, change.since_s)
            if own or change.verdict == "light":
                return  # a tracked thing that stands still
            self._let_go(holder, change)
        if change.verdict != "light":
            about = self.loose + [item for item in self.tracker.live if item.confirmed]
            movers = self.recent + [self._mover(item, live=True) for item in about]
            colour = "" if appearance.is_grey(planes) else appearance.colour_of(planes, change.region, change.box)
            box = unit(change.box, self.background.shape)
            verb = "left here" if change.verdict == "left" else "taken from here"
            picture = self.views.picture(sight, box, captions.said(f"something was {verb}"))
            self.belongings.changed(change, movers, colour, picture)
        self.background.absorb(planes, change.region)

    def _vacated(self, change: Change) -> None:
        """A bared place beside which a track began at that time is where it had been part of the scene."""
        for item in self.tracker.live:
            first = item.path[0][1]
            beside = geometry.gap(first, change.box) < math.sqrt(area_of(first))
            alike = 0.4 < change.area / max(1.0, item.area) < 2.5
            if item.number in self.undecided and beside and alike and abs(item.birth_s - change.since_s) < 3.0:
                self._decide_one(item, moved_off=True)

    def _let_go(self, holder: Following, change: Change) -> None:
        """The track stuck to what was left or bared; who it followed is gone: end it where that was."""
        self.tracker.drop(holder)
        larger = [at for at, box in holder.path if area_of(box) > 1.5 * area_of(change.box) or at < change.since_s]
        last_s = max(larger, default=holder.birth_s)
        holder.path = [point for point in holder.path if point[0] <= last_s] or holder.path[:1]
        holder.seen_s = holder.path[-1][0]
        self._decide_one(holder, moved_off=False)
        self.loose.append(holder)

    def _holder(self, change: Change) -> Following | None:
        """The track in view that the region is."""
        for item in self.tracker.live:
            shared = geometry.intersection(change.box, item.box)
            fresh = self.tracker.last_s - item.seen_s < 0.6
            if item.confirmed and fresh and shared > 0.6 * min(area_of(change.box), area_of(item.box)):
                return item
        return None

    def _park(self, planes: Planes, fore: Foreground) -> None:
        """What has stayed put for long becomes part of the scene until it sets off."""
        for item in list(self.tracker.live):
            if item.confirmed and item.still_s > _PARKED_S:
                region = np.zeros(self.background.shape, bool)
                within(region, item.box)[:] = True
                self.background.absorb(planes, region & fore.mask)
                self.tracker.drop(item)
                self.parked.append(item)

    def _held(self) -> Mask:
        """Where the background must not learn: under tracks."""
        held = np.zeros(self.background.shape, bool)
        for item in self.tracker.live:
            if item.confirmed:
                x0, y0, x1, y1 = item.box
                within(held, (x0 - 3, y0 - 3, x1 + 3, y1 + 3))[:] = True
        return held

    def _moving(self, fore: Foreground) -> Mask:
        """Foreground of things on the move, a little widened."""
        moving = np.zeros(self.background.shape, np.uint8)
        for item in self.tracker.live:
            came = item.confirmed or (item.origin == "border" and item.hits >= 2)
            patience_s = 5.0 if self.tracker.at_border(item.box) else 1.0  # an arm reaching in may pause
            if (came or item.reach > 0.5 * math.sqrt(area_of(item.box))) and item.still_s < patience_s:
                within(moving, item.box)[:] = 1
        moving &= fore.mask
        wide: Mask = cv2.dilate(moving, np.ones((9, 9), np.uint8)) > 0
        return wide

    def _seen(self, item: Following) -> Seen:
        shape = self.background.shape
        points = [item.path[0], *item.path[1:][-_TAIL:]]
        return Seen(
            number=item.number,
            id=item.id,
            label=label_of(item),
            colour=colour_name(item),
            origin=item.origin,
            birth_s=item.birth_s,
            seen_s=item.seen_s,
            put_s=item.put_s,
            still_s=item.still_s,
            confidence=confidence(item),
            path=[(at, unit(box, shape)) for at, box in points],
        )

    def _track(self, item: Following, end_s: float | None) -> Track:
        shape = self.background.shape
        first, last = unit(item.path[0][1], shape), unit(item.box, shape)
        return Track(
            id=item.id,
            stream_id=self.stream.id,
            label=label_of(item),
            start_s=round(item.birth_s, 3),
            end_s=None if end_s is None else round(end_s, 3),
            confidence=confidence(item),
            path=tuple(PathPoint(pts_s=round(at, 3), box=unit(box, shape)) for at, box in item.path),
            attributes=attributes_of(item, first, last, shape),
            entity_id=ids.entity_id(item.id),
        )

    def _mover(self, item: Following, *, live: bool) -> Mover:
        path = [(at, box) for at, box in item.path if at > item.seen_s - _RECENT_S]
        return Mover(id=item.id, birth_s=item.birth_s, birth=item.path[0][1], path=path, seen_s=item.seen_s, live=live)


def _moving_area(item: Following, rest_s: float) -> float:
    """How large the thing's box was before it came to rest."""
    areas = sorted(area_of(box) for at, box in item.path if rest_s - 1.5 <= at <= rest_s)
    return areas[len(areas) // 2] if areas else area_of(item.box)
