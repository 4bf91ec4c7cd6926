"""The drawn scene's background: a street with a brick house, a road and a pavement; and a second room to cut to."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from ingest.scene_paint import Colour
from vidette.ports import Image

_W, _H = 1280, 720
_ROAD, _KERB, _FRONT = 262, 388, 404  # rows of the 720-row canvas where road, kerb and front pavement begin
Backdrop = Callable[[int, int, int], Image]


@lru_cache(maxsize=8)
def street(width: int, height: int, seed: int) -> Image:
    """A quiet street by day, `(height, width, 3) uint8 RGB`, read-only."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((_H, _W, 3), np.uint8)
    _bricks(canvas, rng)
    _openings(canvas)
    _ground(canvas, rng)
    _furniture(canvas, rng)
    _daylight(canvas, rng)
    return _finished(canvas, width, height)


@lru_cache(maxsize=8)
def room(width: int, height: int, seed: int) -> Image:
    """A plain hall: wall, floorboards, a window, `(height, width, 3) uint8 RGB`, read-only."""
    rng = np.random.default_rng(seed)
    canvas = np.full((_H, _W, 3), (206, 198, 180), np.uint8)
    for x in range(0, _W, 64):
        cv2.rectangle(canvas, (x, 300), (x + 60, 420), (170, 158, 136), -1)
    _boards(canvas, rng)
    cv2.rectangle(canvas, (780, 60), (1080, 260), (236, 240, 236), -1)
    cv2.rectangle(canvas, (780, 60), (1080, 260), (110, 92, 70), 10)
    cv2.line(canvas, (930, 60), (930, 260), (110, 92, 70), 8)
    cv2.rectangle(canvas, (180, 90), (380, 440), (116, 78, 52), -1)
    cv2.rectangle(canvas, (205, 120), (355, 250), (98, 64, 42), 4)
    cv2.circle(canvas, (362, 280), 8, (210, 190, 120), -1, cv2.LINE_AA)
    _grain(canvas[:], rng, 5)
    return _finished(canvas, width, height)


def _finished(canvas: Image, width: int, height: int) -> Image:
    shrink = width < _W
    picture = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)
    picture.flags.writeable = False
    out: Image = picture.astype(np.uint8, copy=False)
    return out


def _grain(area: Image, rng: np.random.Generator, strength: float) -> None:
    """Uneven surface: fine grain over slow blotches, in place."""
    height, width = area.shape[:2]
    fine = rng.normal(0, strength, (height, width)).astype(np.float32)
    coarse = rng.normal(0, strength * 1.2, (height // 24 + 2, width // 24 + 2)).astype(np.float32)
    slow = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    area[:] = np.clip(area + (fine + slow)[..., None], 0, 255).astype(np.uint8)


def _bricks(canvas: Image, rng: np.random.Generator) -> None:
    canvas[:_ROAD] = (150, 138, 126)
    for row, y in enumerate(range(0, 230, 12)):
        for x in range(-20 + 20 * (row % 2), _W, 40):
            tint = rng.integers(-16, 17)
            colour = int(152 + tint), int(92 + tint), int(72 + tint)
            cv2.rectangle(canvas, (x, y), (x + 37, y + 9), colour, -1)
    cv2.rectangle(canvas, (0, 208), (_W, 236), (142, 136, 128), -1)
    _grain(canvas[:236], rng, 4)


def _openings(canvas: Image) -> None:
    for x in (70, 300, 1010):
        _window(canvas, x, 22, 130, 130)
    _shop(canvas, 700, 40)
    _door(canvas, 520, 58)


def _window(canvas: Image, x: int, y: int, width: int, height: int) -> None:
    cv2.rectangle(canvas, (x - 8, y - 8), (x + width + 8, y + height + 8), (226, 220, 208), -1)
    shine = np.linspace(1.25, 0.8, height)[:, None, None] * np.array((74, 92, 108))
    canvas[y : y + height, x : x + width] = shine.astype(np.uint8)
    cv2.line(canvas, (x + width // 2, y), (x + width // 2, y + height), (226, 220, 208), 6)
    cv2.line(canvas, (x, y + height // 2), (x + width, y + height // 2), (226, 220, 208), 6)
    cv2.rectangle(canvas, (x - 14, y + height + 8), (x + width + 14, y + height + 18), (190, 184, 174), -1)


def _door(canvas: Image, x: int, y: int) -> None:
    cv2.rectangle(canvas, (x - 10, y - 12), (x + 110, 236), (214, 206, 192), -1)
    cv2.rectangle(canvas, (x, y), (x + 100, 236), (40, 74, 66), -1)
    for top in (y + 12, y + 95):
        cv2.rectangle(canvas, (x + 14, top), (x + 86, top + 62), (30, 58, 52), 3)
    cv2.circle(canvas, (x + 88, y + 96), 5, (214, 186, 96), -1, cv2.LINE_AA)
    cv2.rectangle(canvas, (x - 22, 228), (x + 122, 246), (168, 162, 154), -1)


def _shop(canvas: Image, x: int, y: int) -> None:
    cv2.rectangle(canvas, (x - 10, y + 20), (x + 240, 228), (66, 58, 52), -1)
    glass = np.linspace(1.1, 0.7, 130)[:, None, None] * np.array((92, 104, 106))
    canvas[y + 50 : y + 180, x : x + 230] = glass.astype(np.uint8)
    for index in range(6):
        left = x - 14 + index * 43
        colour = (176, 54, 46) if index % 2 else (232, 226, 212)
        corners = np.array([[left, y], [left + 43, y], [left + 47, y + 46], [left + 2, y + 46]], np.int32)
        cv2.fillPoly(canvas, [corners], colour, cv2.LINE_AA)
    cv2.line(canvas, (x + 115, y + 50), (x + 115, y + 180), (66, 58, 52), 6)


def _ground(canvas: Image, rng: np.random.Generator) -> None:
    canvas[236:_ROAD] = (158, 154, 148)
    canvas[_ROAD - 8 : _ROAD] = (120, 118, 114)
    canvas[_ROAD:_KERB] = (88, 88, 92)
    for x in range(-60, _W, 220):
        corners = np.array([[x, 316], [x + 110, 316], [x + 118, 323], [x + 2, 323]], np.int32)
        cv2.fillPoly(canvas, [corners], (198, 196, 186), cv2.LINE_AA)
    canvas[_KERB:_FRONT] = (176, 172, 164)
    cv2.line(canvas, (0, _KERB), (_W, _KERB), (110, 108, 104), 3)
    _slabs(canvas, rng)
    _grain(canvas[236:_FRONT], rng, 4)


def _slabs(canvas: Image, rng: np.random.Generator) -> None:
    """Paving laid flat, then seen in perspective."""
    flat = np.full((960, 2400, 3), (118, 114, 108), np.uint8)
    for y in range(0, 960, 80):
        for x in range(-60 * (y // 80 % 2), 2400, 120):
            tint = rng.integers(-9, 10)
            cv2.rectangle(
                flat, (x + 1, y + 1), (x + 117, y + 77), (int(172 + tint), int(166 + tint), int(156 + tint)), -1
            )
    _grain(flat, rng, 5)
    rows = _H - _FRONT
    source = np.array([[0, 0], [2400, 0], [1800, 960], [600, 960]], np.float32)
    target = np.array([[0, 0], [_W, 0], [_W, rows], [0, rows]], np.float32)
    view = cv2.getPerspectiveTransform(source, target)
    canvas[_FRONT:] = cv2.warpPerspective(flat, view, (_W, rows), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)


def _boards(canvas: Image, rng: np.random.Generator) -> None:
    canvas[430:] = (132, 92, 60)
    for x in range(-900, _W + 900, 90):
        tint = int(rng.integers(-14, 15))
        left, right = 640 + (x - 640) * 0.55, 640 + (x + 84 - 640) * 0.55
        corners = np.array([[left, 430], [right, 430], [x + 84, _H], [x, _H]], np.int32)
        cv2.fillPoly(canvas, [corners], (142 + tint, 100 + tint, 66 + tint), cv2.LINE_AA)


def _furniture(canvas: Image, rng: np.random.Generator) -> None:
    _lamp(canvas, 1180)
    for x in (90, 330, 930):
        _bollard(canvas, x)
    _planter(canvas, rng, 30, 470)


def _lamp(canvas: Image, x: int) -> None:
    post: Colour = (54, 58, 60)
    cv2.rectangle(canvas, (x - 6, 30), (x + 6, 420), post, -1)
    cv2.rectangle(canvas, (x - 4, 30), (x - 2, 420), (92, 96, 98), -1)
    cv2.rectangle(canvas, (x - 14, 396), (x + 14, 426), post, -1)
    cv2.ellipse(canvas, (x, 24), (26, 14), 0, 0, 360, (226, 222, 206), -1, cv2.LINE_AA)
    cv2.rectangle(canvas, (x - 30, 6), (x + 30, 14), post, -1)


def _bollard(canvas: Image, x: int) -> None:
    cv2.rectangle(canvas, (x - 7, 362), (x + 7, 418), (48, 50, 52), -1)
    cv2.rectangle(canvas, (x - 7, 370), (x + 7, 376), (206, 202, 190), -1)
    cv2.ellipse(canvas, (x, 362), (7, 4), 0, 0, 360, (70, 72, 74), -1, cv2.LINE_AA)


def _planter(canvas: Image, rng: np.random.Generator, x: int, y: int) -> None:
    for _ in range(220):
        dx, dy = rng.normal(0, 34), rng.normal(0, 18)
        green = int(rng.integers(70, 130))
        spot = int(x + 45 + dx), int(y - 34 + dy)
        cv2.ellipse(
            canvas, spot, (9, 5), float(rng.integers(0, 180)), 0, 360, (green // 2, green, green // 3), -1, cv2.LINE_AA
        )
    corners = np.array([[x - 14, y - 10], [x + 104, y - 10], [x + 94, y + 52], [x - 4, y + 52]], np.int32)
    cv2.fillPoly(canvas, [corners], (132, 108, 88), cv2.LINE_AA)
    cv2.rectangle(canvas, (x - 18, y - 16), (x + 108, y - 4), (152, 126, 102), -1)


def _daylight(canvas: Image, rng: np.random.Generator) -> None:
    """Shadows of the house, the furniture and a tree out of view; darker towards the corners."""
    light = np.ones((_H, _W), np.float32)
    cv2.fillPoly(light, [np.array([[0, 236], [_W, 236], [_W, 268], [0, 290]], np.int32)], 0.66)
    for x, y, length in ((1180, 420, 150), (90, 418, 40), (330, 418, 40), (930, 418, 40)):
        cv2.line(light, (x, y), (x + length, y - length // 3), 0.62, 10 if length > 50 else 12, cv2.LINE_AA)
    for _ in range(150):
        spot = int(rng.normal(1080, 110)), int(rng.normal(640, 46))
        cv2.ellipse(
            light, spot, (int(rng.integers(10, 34)), int(rng.integers(5, 14))), 10, 0, 360, 0.68, -1, cv2.LINE_AA
        )
    light = cv2.GaussianBlur(light, (0, 0), 5).astype(np.float32)
    y, x = np.mgrid[-1 : 1 : _H * 1j, -1 : 1 : _W * 1j].astype(np.float32)
    light *= 1.06 - 0.14 * (x * x + y * y)
    canvas[:] = np.clip(canvas * light[..., None] * (1.03, 1.0, 0.95), 0, 255).astype(np.uint8)
