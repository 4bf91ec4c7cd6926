"""Drawn pictures for tests of the fast look: a textured scene, things that move, light, weather, text."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

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
        picture *= self.light(t)
        if self.noise:
            picture += self.noise * np.roll(grain(picture.shape), 7919 * index)
        return np.clip(picture, 0, 255, out=picture).astype(np.uint8)

    def close(self):
        pass


@cache
def grain(shape):
    """Sensor noise of sigma 1; rolled by another step for each frame."""
    return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


@cache
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


@cache
def court():
    """Another still scene, nothing of it where the street has something: a bright yard behind a dark arch."""
    rng = np.random.default_rng(5)
    coarse = rng.normal(0, 12, (HEIGHT // 9, WIDTH // 9, 1)).astype(np.float32)
    picture = 55 + np.repeat(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None], 3, axis=2)
    cv2.ellipse(picture, (WIDTH // 2, HEIGHT), (170, 230), 0, 0, 360, (205.0, 200.0, 185.0), -1)
    for index in range(9):
        middle = (int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT)))
        cv2.circle(picture, middle, 12 + 4 * index, (20.0 + 25 * index, 120.0, 230.0 - 25 * index), 3 + index % 3)
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


def van(place, size=(70, 40)):
    """A thing with texture all over: no part of it hides where it covers its own earlier place."""
    paint = np.kron(np.random.default_rng(3).integers(20, 240, (8, 10, 3)), np.ones((8, 8, 1)))
    paint = cv2.resize(paint.astype(np.float32), size)

    def draw(picture, t):
        at = place(t)
        if at is None:
            return
        x, y = round(at[0] - size[0] / 2), round(at[1] - size[1] / 2)
        left, right = max(0, x), min(WIDTH, x + size[0])
        if left < right:
            picture[y : y + size[1], left:right] = paint[:, left - x : right - x]

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


def rain(streaks=250):
    """Random bright streaks, others in each frame."""

    def draw(picture, t):
        at = np.random.default_rng(round(t * 1000)).integers(0, (WIDTH, HEIGHT), (streaks, 2))
        for x, y in at.tolist():
            cv2.line(picture, (x, y), (x + 2, y + 9), (190.0, 190.0, 195.0), 1)

    return draw


def shadow(speed=15, depth=0.35):
    """A soft shadow that wanders from left to right."""

    def draw(picture, t):
        shape = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.ellipse(shape, (round(-80 + t * speed), 190), (70, 22), 0, 0, 360, 1.0, -1)
        picture *= (1 - depth * cv2.GaussianBlur(shape, (9, 9), 0))[..., None]

    return draw


def patch(begin_s, end_s, corners, factor=1.3):
    """A stretch of wall on which light falls for a while."""

    def draw(picture, t):
        if begin_s <= t < end_s:
            (x0, y0), (x1, y1) = corners
            picture[y0:y1, x0:x1] *= factor

    return draw


def clock(picture, t):
    """A clock burnt in at the top, tenths of seconds included."""
    cv2.rectangle(picture, (5, 5), (125, 22), (0.0, 0.0, 0.0), -1)
    text = f"12:04:{int(t):02d}.{int(t * 10) % 10}"
    cv2.putText(picture, text, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255.0, 255.0, 255.0), 1)


def outline(begin_s, end_s, place=None):
    """What another program drew in: a thin box and its text; `place(t)` moves it."""

    def draw(picture, t):
        if begin_s <= t < end_s:
            x, y = place(t) if place else (200, 80)
            corners = (round(x), round(y)), (round(x) + 60, round(y) + 100)
            cv2.rectangle(picture, *corners, (0.0, 255.0, 0.0), 1)
            where = (round(x), round(y) - 4)
            cv2.putText(picture, "person 0.87", where, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0.0, 255.0, 0.0), 1)

    return draw
