"""The camera itself: cuts, moved, blocked, dark, bright, blurred, frozen.

Each condition is a spell: it must hold for a while before it is said, and be gone for a while
before it is over; its start is when it began.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception.background import Background, Floats, Picture
from agent.perception.looping import Loops
from ingest import ranks
from ingest.masks import Masks
from vidette.models import EventType

NO_MASKS = Masks()
_SIZE = (160, 90)
_HOLD_S = {
    EventType.VIEW_BLOCKED: 2.0,
    EventType.TOO_DARK: 2.0,
    EventType.TOO_BRIGHT: 2.0,
    EventType.BLURRED: 3.0,
    EventType.CAMERA_MOVED: 1.5,
    EventType.PICTURE_FROZEN: 10.0,
    EventType.PICTURE_LOOPED: 10.0,
}
_GONE_S = 1.0
_GAP_S = 0.5  # a condition may flicker this long before it has been said
Cut = Literal["none", "maybe", "cut", "flash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One frame in short: `edges` (90, 160), `sharpness`, mean and spread of the luma.

    `relief` are the edges less their mean, and `power` the sum of its squares.
    """

    edges: Floats
    relief: Floats
    power: np.float32
    small: Picture
    sharpness: float
    mean: float
    spread: float
    bright_share: float

    @classmethod
    def of(cls, small: Picture, sharpness: float, masks: Masks = NO_MASKS) -> "View":
        """A view from its picture `(90, 160)` and the sharpness of the whole one; masked parts count for nothing."""
        shown, strength = small, edges(cv2.GaussianBlur(small, (3, 3), 0))
        if masks:
            hidden = cv2.dilate(masks.hidden(_SIZE), np.ones((3, 3), np.uint8)) > 0  # their border is no edge
            strength[hidden] = 0
            shown = small if hidden.all() else small[~hidden]
        relief = strength - strength.mean()
        mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(shown))
        return cls(
            edges=strength,
            relief=relief,
            power=(relief * relief).sum(),
            small=small,
            sharpness=sharpness,
            mean=mean,
            spread=spread,
            bright_share=np.count_nonzero(shown > 248) / shown.size,
        )


@dataclass(slots=True, kw_only=True)
class Spell:
    """A condition from its first sight on; `said` once it has held long enough."""

    since_s: float
    seen_s: float
    said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A spell began (`end_s` None) or is over."""

    type: EventType
    start_s: float
    end_s: float | None


def view(y: Picture, masks: Masks = NO_MASKS) -> View:
    """What the camera checks need of a frame, of its luma `(h, w)` in which `masks` are painted over."""
    small = cv2.resize(y, _SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    half = (y.shape[1] // 2, y.shape[0] // 2)
    return View.of(small, _sharpness(cv2.resize(y, half, interpolation=cv2.INTER_AREA), masks), masks)


def _sharpness(grey: Picture, masks: Masks) -> float:
    """Strength of the finest edges, the sensor's noise left out: upper quantile less the median."""
    detail = np.abs(cv2.Laplacian(grey, cv2.CV_16S)[::2, ::2])
    if masks:
        hidden = cv2.dilate(masks.hidden(grey.shape[::-1]), np.ones((5, 5), np.uint8))[::2, ::2] > 0
        detail = detail if hidden.all() else detail[~hidden]
    below = np.cumsum(np.bincount(detail.ravel()))
    middle, upper = np.searchsorted(below, (0.5 * below[-1], 0.97 * below[-1]))
    return float(upper - middle)


def likeness(a: Floats, b: Floats) -> float:
    """Correlation of two edge pictures, -1..1: structure, whatever the light."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-6))


def alike(a: View, b: View) -> float:
    """`likeness` of the edges of two views."""
    return float((a.relief * b.relief).sum() / np.sqrt(a.power * b.power + 1e-6))


def differing(a: Picture, b: Picture) -> float:
    """Share of a 16 x 9 grid whose cells differ once the light is levelled."""
    cells = [cv2.resize(p, (16, 9), interpolation=cv2.INTER_AREA).astype(np.float32) + 4 for p in (a, b)]
    level = float(ranks.median(cells[0] / cells[1]))
    return float((np.abs(cells[0] - cells[1] * level) > 14).mean())


def is_cut(before: View, now: View) -> bool:
    """Whether two frames show different scenes: not one of them nothing, not one the other shifted."""
    like = alike(before, now)
    if like > 0.3 or is_blank(before) or is_blank(now):
        return False
    if differing(before.small, now.small) < (0.55 if like > 0.1 else 0.2):
        return False
    return not is_shifted(before, now, like)


def is_blank(now: View) -> bool:
    """Whether a picture shows hardly anything: black, burnt out or of one tone."""
    return now.spread < 8 or now.bright_share > 0.6


class Camera:
    """Follows the camera's conditions from frame to frame."""

    def __init__(self, loops: Loops | None = None) -> None:
        self.loops = loops or Loops()
        self.spells: dict[EventType, Spell] = {}
        self.last: Picture | None = None
        self.activity = 0.0
        self.frames = 0

    def check(self, now: View, reference: View, whelm: float, pts_s: float) -> list[Notice]:
        """Spells that began or ended with this frame.

        `reference` is a view of the background, `whelm` the share of the picture that differs from it.
        """
        found = set(_conditions(now, reference, whelm))
        if self._frozen(now):
            found.add(EventType.PICTURE_FROZEN)
        if self.loops.repeats(now.small, pts_s):
            found.add(EventType.PICTURE_LOOPED)
        return [notice for type_ in _HOLD_S for notice in self._follow(type_, type_ in found, pts_s)]

    def finish(self, pts_s: float) -> list[Notice]:
        """Nothing more comes: what is open ends."""
        ended = [
            Notice(type=t, start_s=s.since_s, end_s=max(s.seen_s, pts_s)) for t, s in self.spells.items() if s.said
        ]
        self.spells = {}
        return ended

    def over(self, type_: EventType, pts_s: float) -> list[Notice]:
        """One condition was dealt with: its spell ends now."""
        spell = self.spells.pop(type_, None)
        return [Notice(type=type_, start_s=spell.since_s, end_s=pts_s)] if spell and spell.said else []

    @property
    def blind(self) -> bool:
        """Whether nothing can be made out now."""
        blinding = (EventType.VIEW_BLOCKED, EventType.TOO_DARK, EventType.TOO_BRIGHT)
        return any(type_ in self.spells for type_ in blinding)

    @property
    def doubtful(self) -> bool:
        """Whether something seems to be wrong that is not certain yet."""
        return any(not spell.said for spell in self.spells.values())

    def state(self) -> dict[str, Any]:
        """What `restore` needs besides the last picture and the loops."""
        spells = {str(type_): asdict(spell) for type_, spell in self.spells.items()}
        return {"spells": spells, "activity": self.activity, "frames": self.frames}

    @classmethod
    def restore(cls, last: Picture | None, state: dict[str, Any]) -> "Camera":
        """The camera that gave this state and had seen `last`."""
        self = cls()
        self.last = last
        self.spells = {EventType(name): Spell(**spell) for name, spell in state["spells"].items()}
        self.activity, self.frames = state["activity"], state["frames"]
        return self

    def _frozen(self, now: View) -> bool:
        """The same picture to the last bit, from a camera whose pictures used to differ."""
        change = 0.0 if self.last is None else float(cv2.absdiff(now.small, self.last).mean())
        self.last = now.small
        self.frames += 1
        if self.frames == 1:
            return False
        if change == 0.0:
            return self.activity > 0.2
        self.activity += (change - self.activity) / min(self.frames, 50)
        return False

    def _follow(self, type_: EventType, holds: bool, pts_s: float) -> list[Notice]:
        spell = self.spells.get(type_)
        if holds:
            spell = self.spells.setdefault(type_, Spell(since_s=pts_s, seen_s=pts_s))
            spell.seen_s = pts_s
            if not spell.said and pts_s - spell.since_s >= _HOLD_S[type_]:
                spell.said = True
                return [Notice(type=type_, start_s=spell.since_s, end_s=None)]
        elif spell and pts_s - spell.seen_s >= (_GONE_S if spell.said else _GAP_S):
            del self.spells[type_]
            if spell.said:
                return [Notice(type=type_, start_s=spell.since_s, end_s=spell.seen_s)]
        return []


def _conditions(now: View, reference: View, whelm: float) -> Sequence[EventType]:
    """What is wrong with this picture; at most one of the family."""
    if now.mean < 18 and now.spread < 10:
        return [EventType.TOO_DARK]
    if now.bright_share > 0.7 or now.mean > 243:
        return [EventType.TOO_BRIGHT]
    like = alike(now, reference)
    energy = float(now.edges.mean()) / (float(reference.edges.mean()) + 1)
    textured = float(reference.edges.mean()) > 4
    toneless = now.spread < 8 and reference.spread > 2.5 * now.spread
    if toneless or (textured and whelm > 0.5 and energy < 0.35 and like < 0.4):
        return [EventType.VIEW_BLOCKED]
    if textured and now.sharpness < 0.4 * reference.sharpness and (like > 0.45 or whelm < 0.3):
        return [EventType.BLURRED]
    if textured and energy > 0.5 and _moved(now, reference, like, whelm):
        return [EventType.CAMERA_MOVED]
    return []


def _moved(now: View, reference: View, like: float, whelm: float) -> bool:
    """Whether the scene's structure is elsewhere in the picture, or out of it."""
    if like > 0.55:
        return False
    return (like < 0.25 and whelm > 0.6) or is_shifted(reference, now, like)


def is_shifted(reference: View, now: View, like: float) -> bool:
    """Whether the picture shows the same structure elsewhere: found by phase correlation, then tried."""
    window = cv2.createHanningWindow(_SIZE, cv2.CV_32F)
    # Copies: where no padding is needed OpenCV 4.14 multiplies the window into what it is given.
    (dx, dy), response = cv2.phaseCorrelate(reference.edges.copy(), now.edges.copy(), window)
    if response < 0.12 or max(abs(dx) / _SIZE[0], abs(dy) / _SIZE[1]) < 0.015:
        return False
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    shifted = cv2.warpAffine(reference.edges, shift, _SIZE)
    x, y = round(abs(dx)) + 2, round(abs(dy)) + 2
    if 2 * x > _SIZE[0] // 2 or 2 * y > _SIZE[1] // 2:
        return False
    inner = np.s_[y:-y, x:-x]
    again = likeness(shifted[inner], now.edges[inner])
    if again > 0.6:
        return again > like + 0.2
    return response > 0.4 and _softly_alike(shifted[inner], now.edges[inner], reference.edges, now.edges)


def _softly_alike(shifted: Floats, inner: Floats, reference: Floats, now: Floats) -> bool:
    """Whether it was turned or zoomed a little as well: alike once softened, and far more than without the shift."""
    parts = (cv2.GaussianBlur(part, (0, 0), 2) for part in (shifted, inner, reference, now))
    one, other, before, after = parts
    again = likeness(one, other)
    return again > 0.6 and again > likeness(before, after) + 0.35


def edges(y: NDArray[Any]) -> Floats:
    """`(h, w)` strength of the edges of a luma, the same to the last bit wherever pictures lie in memory."""
    across: Floats = cv2.Sobel(y, cv2.CV_32F, 1, 0)
    down: Floats = cv2.Sobel(y, cv2.CV_32F, 0, 1)
    across *= across
    down *= down
    across += down
    return np.sqrt(across, out=across)  # of cv2.magnitude the last bit depends on where its result is put


def background_view(background: Background, masks: Masks = NO_MASKS) -> View:
    """The view of an empty scene."""
    return view(background.y, masks)
