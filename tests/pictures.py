"""Drawn pictures for tests of the fast look: a textured scene, things that move, light, weather, text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

WIDTH, HEIGHT = 480, 270


@dataclass(frozen=True)
class Picture:
    """A drawn frame (vidette.ports.Frame)."""

    pixels: np.ndarray
    pts_s: float

    @property
    def size(self):
        return self.pixels.shape[1], self.pixels.shape[0]

    def planes(self, width):
        height, own = self.pixels.shape[:2]
        width = min(width, own) // 2 * 2
        size = (width, round(height * width / own) // 2 * 2)
        y, v, u = cv2.split(
            cv2.cvtColor(cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
        )
        half = (size[0] // 2, size[1] // 2)
        return y, cv2.resize(u, half, interpolation=cv2.INTER_AREA), cv2.resize(v, half, interpolation=cv2.INTER_AREA)

    def rgb(self, width=None):
        if width is None or width >= self.pixels.shape[1]:
            return self.pixels
        size = (width, round(self.pixels.shape[0] * width / self.pixels.shape[1]))
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)


@dataclass
class Drawing:
    """A source that draws its frames (vidette.ports.VideoSource): `draw(picture, t)` in place."""

    seconds: float
    draws: Sequence[Callable[[np.ndarray, float], None]] = ()
    fps: float = 5.0
    noise: float = 2.0
    backdrop: np.ndarray | None = None
    damage: tuple = ()
    light: Callable[[float], float] = lambda t: 1.0
    cuts: dict = field(default_factory=dict)

    @property
    def duration_s(self):
        return self.seconds

    def frames(self, start_s=0.0, end_s=None) -> Iterator[Picture]:
        for index in range(round(self.seconds * self.fps)):
            t = index / self.fps
            if t >= start_s and (end_s is None or t < end_s):
                yield Picture(self.at(t, index), t)

    def at(self, t, index):
        base = self.backdrop if self.backdrop is not None else street()
        for cut_s, other in self.cuts.items():
            base = other if t >= cut_s else base
        picture = base.astype(np.float32).copy()
        for draw in self.draws:
            draw(picture, t)
        grain = np.random.default_rng(index).normal(0, self.noise, picture.shape) if self.noise else 0
        return np.clip(picture * self.light(t) + grain, 0, 255).astype(np.uint8)

    def close(self):
        pass


def street(seed=1, base=(118, 116, 112)):
    """A still scene with texture: a wall, a pavement, edges of every kind."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 14, (HEIGHT // 6, WIDTH // 6, 1)).astype(np.float32)
    texture = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]
    picture = np.array(base, np.float32) + texture
    picture[: HEIGHT // 3] += (24, 14, 4)
    for x in range(30, WIDTH, 70):
        shade = float(rng.uniform(-50, 50))
        cv2.rectangle(picture, (x, 20), (x + 26, 70), tuple(float(c) + shade for c in base), -1)
    cv2.line(picture, (0, HEIGHT // 3), (WIDTH, HEIGHT // 3 + 8), (70, 70, 70), 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


def box(colour, place, size=(24, 60)):
    """A thing: `place(t)` -> middle (x, y) in pixels, or None while it is away."""

    def draw(picture, t):
        at = place(t)
        if at is None:
            return
        x, y = at[0] - size[0] / 2, at[1] - size[1] / 2
        corners = [(round(x), round(y)), (round(x + size[0]), round(y + size[1]))]
        cv2.rectangle(picture, *corners, tuple(float(c) for c in colour), -1)
        inner = [(round(x + 4), round(y + 6)), (round(x + size[0] - 4), round(y + size[1] / 2))]
        cv2.rectangle(picture, *inner, tuple(float(c) * 0.7 for c in colour), -1)

    return draw


def walk(begin_s, end_s, start, stop):
    """From one place to another between two moments; away before and after."""

    def place(t):
        if not begin_s <= t <= end_s:
            return None
        share = (t - begin_s) / (end_s - begin_s)
        return start[0] + share * (stop[0] - start[0]), start[1] + share * (stop[1] - start[1])

    return place


def stay(begin_s, end_s, at):
    """In one place between two moments."""
    return lambda t: at if begin_s <= t < end_s else None


def then(*places):
    """One after the other: the first that is there."""
    return lambda t: next((at for place in places if (at := place(t)) is not None), None)
