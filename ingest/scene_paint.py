"""Painting for the drawn scene: a figure is a list of polygons in metres, put on the picture by perspective."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidette.geometry import Box
from vidette.ports import Image

Points = NDArray[np.float64]
Colour = tuple[int, int, int]
HORIZON = 0.12
"""Picture height at which the ground vanishes."""
_PER_METRE = 0.294
_FINE = 4  # OpenCV draws at 1/16 pixel with this shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A filled polygon: `(n, 2)` metres from the foot point, y upwards; colour RGB 0..255."""

    points: Points
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point on the ground, in 0..1 of the picture; `lift` raises a thing by metres."""

    x: float
    y: float
    lift: float = 0.0


def scale(y: float) -> float:
    """Picture heights per metre for a thing that stands at picture height `y`."""
    return max(0.001, (y - HORIZON) * _PER_METRE)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made lighter (> 1) or darker (< 1)."""
    red, green, blue = (int(min(255, max(0, channel * factor))) for channel in colour)
    return red, green, blue


def disc(x: float, y: float, rx: float, ry: float, colour: Colour, corners: int = 20) -> Shape:
    """An ellipse."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return Shape(points=np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1), colour=colour)


def limb(a: Sequence[float], b: Sequence[float], ra: float, rb: float, colour: Colour) -> Shape:
    """A round-ended tapered bar from `a` (radius ra) to `b` (radius rb)."""
    angle = float(np.arctan2(b[1] - a[1], b[0] - a[0]))
    back = np.linspace(angle + np.pi / 2, angle + 3 * np.pi / 2, 8)
    front = np.linspace(angle - np.pi / 2, angle + np.pi / 2, 8)
    start = np.stack([a[0] + ra * np.cos(back), a[1] + ra * np.sin(back)], axis=1)
    end = np.stack([b[0] + rb * np.cos(front), b[1] + rb * np.sin(front)], axis=1)
    return Shape(points=np.concatenate([start, end]), colour=colour)


def blob(points: Sequence[tuple[float, float]], colour: Colour, rounds: int = 2) -> Shape:
    """A polygon with its corners cut `rounds` times (Chaikin 1974)."""
    out = np.array(points, np.float64)
    for _ in range(rounds):
        after = np.roll(out, -1, axis=0)
        out = np.stack([0.75 * out + 0.25 * after, 0.25 * out + 0.75 * after], axis=1).reshape(-1, 2)
    return Shape(points=out, colour=colour)


def placed(points: Points, place: Place, size: tuple[int, int]) -> Points:
    """Points of a figure in pixels of a picture of `size` (width, height)."""
    width, height = size
    per_metre = scale(place.y) * height
    flipped = (points + np.array((0.0, place.lift))) * np.array((per_metre, -per_metre))
    moved: Points = flipped + np.array((place.x * width, place.y * height))
    return moved


def fill(rgb: Image, points: Points, colour: Colour) -> None:
    """Fill one polygon, `(n, 2)` pixels, smooth at its edge."""
    cv2.fillPoly(rgb, [np.round(points * (1 << _FINE)).astype(np.int32)], colour, cv2.LINE_AA, _FINE)


def paint(rgb: Image, shapes: Iterable[Shape], place: Place) -> None:
    """Draw a figure where it stands."""
    size = rgb.shape[1], rgb.shape[0]
    for shape in shapes:
        fill(rgb, placed(shape.points, place, size), shape.colour)


def extent(shapes: Sequence[Shape], place: Place, size: tuple[int, int]) -> Box:
    """Box round a figure, in 0..1 of the picture but not cut at its border."""
    points = np.concatenate([placed(shape.points, place, size) for shape in shapes]) / size
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def cast(rgb: Image, shapes: Sequence[Shape], place: Place, strength: float = 0.42) -> None:
    """Draw a figure's shadow: its outline laid on the ground to the right, blurred."""
    size = rgb.shape[1], rgb.shape[0]
    laid = [_lay(shape.points, place, size) for shape in shapes]
    everything = np.concatenate(laid)
    pad = 6
    x1, y1 = np.maximum(np.floor(everything.min(axis=0)).astype(int) - pad, 0)
    x2, y2 = np.minimum(np.ceil(everything.max(axis=0)).astype(int) + pad, size)
    if x2 <= x1 or y2 <= y1:
        return
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    for points in laid:
        cv2.fillPoly(mask, [np.round(points - (x1, y1)).astype(np.int32)], 255)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, size[1] / 240))
    keep = (256 - soft * strength).astype(np.uint16)[..., None]
    rgb[y1:y2, x1:x2] = (rgb[y1:y2, x1:x2] * keep >> 8).astype(np.uint8)


def _lay(points: Points, place: Place, size: tuple[int, int]) -> Points:
    tall = points[:, 1] + place.lift
    ground = np.stack([points[:, 0] + 0.55 * tall, 0.2 * tall], axis=1)
    return placed(ground, Place(x=place.x, y=place.y), size)
