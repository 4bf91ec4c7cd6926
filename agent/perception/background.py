"""The slow background model: what the scene looks like when nothing is there, and how noisy it is.

Everything is kept in uint8 and moves by whole steps (Σ-Δ estimation, Manzanera & Richefeu 2007), so
the state is small, exactly the same after it was stored and loaded, and follows the running median.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import ranks
from vidette.carry import Arrays

Mask = NDArray[np.bool_]
Floats = NDArray[Any]  # float32; OpenCV does not say so
Picture = NDArray[Any]  # uint8, likewise
Planes = tuple[Picture, Picture, Picture]

_FLOOR = 6  # noise is kept in quarter levels: 1.5 levels of luma at least
_GAIN_GRID = 8  # light is estimated on a picture 8 times smaller
_AGE_CAP = 60_000  # ms
_BLUR = (3, 3)
_AMONG = 17  # pixels across of what is looked at about one to tell whether it lies among shadow
_AROUND = 24  # pixels about the foreground in which shadows are looked for
_LEVELS = np.arange(256, dtype=np.float32)
_THREE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreground:
    """What differs from the background in one frame; arrays are `(h, w)`.

    `score` is the difference in units of the threshold (1 = just foreground); `mask` is the
    cleaned foreground; `shadow` what was taken for shadow, looked for about the foreground only;
    `gain` is the light change factored out; `y` the luma compared.
    """

    score: Floats
    mask: Mask
    shadow: Mask
    gain: float
    y: Picture

    @property
    def share(self) -> float:
        """Share of the picture that is foreground, 0..1."""
        return cv2.countNonZero(self.mask.view(np.uint8)) / self.mask.size


class Background:
    """A scene's background: luma, chroma, noise, and how long each pixel has looked the same."""

    def __init__(self, planes: list[Planes], sensitivity: float = 1.0) -> None:
        self.sensitivity = sensitivity
        stack = [smooth(p[0]) for p in planes]
        self.y: Picture = ranks.middle(stack)
        self.u: Picture = ranks.middle([p[1] for p in planes])
        self.v: Picture = ranks.middle([p[2] for p in planes])
        self.noise: Picture = _spread(stack, self.y)
        self.ref: Picture = stack[0]
        self.age: NDArray[np.uint16] = np.zeros(self.y.shape, np.uint16)
        self.frames = 0
        self._bounds: _Bounds | None = None  # of the noise as it is

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the working picture."""
        return int(self.y.shape[0]), int(self.y.shape[1])

    def compare(self, planes: Planes) -> Foreground:
        """What differs from the background, light changes and shadows left out."""
        y = smooth(planes[0])
        gain = self._gain(y)
        expected = cv2.multiply(self.y, _enlarged(gain, self.shape), dtype=cv2.CV_32F)
        bounds = self._bounded()
        luma = _beyond(y, expected)
        cv2.divide(luma, bounds.threshold, luma)
        chroma = self._chroma_score(planes)
        score: Floats = cv2.max(luma, chroma)
        mask, shadow = clean(score), np.zeros(self.shape, bool)
        about = _about(mask)
        if about is not None:
            parts = (part[about] for part in (y, expected, luma, chroma, bounds.noise))
            dark = shadow[about] = _shadow(*parts)
            if dark.any():
                cv2.copyTo(cv2.min(score, 0.5), shadow.view(np.uint8), score)  # type: ignore[call-overload]  # a number will do
                mask[about] = clean(score[about])
        return Foreground(score=score, mask=mask, shadow=shadow, gain=float(ranks.median(gain)), y=y)

    def learn(self, planes: Planes, fore: Foreground, held: Mask, dt_s: float) -> None:
        """Follow the scene where nothing is held (tracked or under judgement); count ages."""
        y = fore.y
        self._count_age(y, fore.mask, dt_s)
        quiet = ~(fore.mask | held)
        step = quiet if self.frames % 2 == 0 else quiet & (fore.score < 0.5)
        _towards(self.y, y, step)
        half = step[::2, ::2]
        _towards(self.u, planes[1], half)
        _towards(self.v, planes[2], half)
        if self.frames % 2 == 0:
            self._learn_noise(y, ~held)
        self.frames += 1

    def absorb(self, planes: Planes, region: Mask) -> None:
        """Take what is in `region` now for background."""
        y = smooth(planes[0])
        self.y[region] = y[region]
        half = region[::2, ::2]
        self.u[half] = planes[1][half]
        self.v[half] = planes[2][half]

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """What `restore` needs."""
        arrays: Arrays = {
            "y": self.y,
            "u": self.u,
            "v": self.v,
            "noise": self.noise,
            "ref": self.ref,
            "age": self.age // 100,
        }
        return arrays, {"frames": self.frames, "sensitivity": self.sensitivity}

    @classmethod
    def restore(cls, arrays: Arrays, state: dict[str, Any]) -> "Background":
        """The background that gave this state."""
        self = cls.__new__(cls)
        self.y, self.u, self.v = arrays["y"].copy(), arrays["u"].copy(), arrays["v"].copy()
        self.noise, self.ref = arrays["noise"].copy(), arrays["ref"].copy()
        self.age = (arrays["age"] * 100).astype(np.uint16)
        self.frames, self.sensitivity = state["frames"], state["sensitivity"]
        self._bounds = None
        return self

    def _gain(self, y: Picture) -> Floats:
        """Smooth factor between the light now and the background's, on the small grid; things are left out."""
        h, w = self.shape
        size = (max(2, w // _GAIN_GRID), max(2, h // _GAIN_GRID))
        now, was = _tiny(y, size), _tiny(self.y, size)
        ratio = now / was
        middle = float(ranks.median(ratio))
        usual = (np.abs(np.log(ratio / middle)) < 0.18).astype(np.float32)
        spread = (size[0] // 3 | 1, size[1] // 3 | 1)
        weight = cv2.blur(usual, spread)
        local = cv2.blur(ratio * usual, spread) / np.maximum(weight, 1e-3)
        local = np.where(weight > 0.25, local, middle)
        smoothed: Floats = np.clip(local, 0.3, 3.0).astype(np.float32)
        return smoothed

    def _chroma_score(self, planes: Planes) -> Floats:
        du = cv2.absdiff(cv2.blur(planes[1], _BLUR), cv2.blur(self.u, _BLUR))
        dv = cv2.absdiff(cv2.blur(planes[2], _BLUR), cv2.blur(self.v, _BLUR))
        return _enlarged(cv2.max(du, dv).astype(np.float32) / (9.0 / self.sensitivity), self.shape)

    def _count_age(self, y: Picture, mask: Mask, dt_s: float) -> None:
        """How long (ms) a pixel has been foreground and looked the same; `ref` is how it looked."""
        same = mask & (cv2.absdiff(y, self.ref) <= self._bounded().same)
        self.age = grown(self.age, dt_s, _AGE_CAP) * same
        ref: Picture = y * mask
        cv2.copyTo(self.ref, same.view(np.uint8), ref)
        _towards(ref, y, same)
        self.ref = ref

    def _bounded(self) -> "_Bounds":
        """What follows from the noise, made anew where it changed."""
        if self._bounds is None:
            noise = cv2.resize(self.noise, self.y.shape[::-1], interpolation=cv2.INTER_NEAREST)
            threshold = cv2.LUT(noise, (4.5 + 0.75 * _LEVELS) / self.sensitivity)
            self._bounds = _Bounds(noise=noise, threshold=threshold, same=np.maximum(7, noise // 2))
        return self._bounds

    def _learn_noise(self, y: Picture, free: Mask) -> None:
        """Noise (quarter levels) follows 4 x |difference| upwards fast and downwards slowly."""
        size = self.noise.shape[::-1]
        off = cv2.resize(cv2.absdiff(y, self.y), size, interpolation=cv2.INTER_AREA)
        target = np.minimum(off.astype(np.uint16) * 4, 200)
        free = free[::2, ::2]
        up = free & (target > self.noise)
        down = free & (target < self.noise) & (self.frames % 8 == 0)
        self.noise += up
        self.noise -= down
        np.maximum(self.noise, _FLOOR, out=self.noise)
        self._bounds = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """For each pixel the noise in quarter levels, the difference that is just foreground, and what still looks the same."""

    noise: Picture
    threshold: Floats
    same: Picture


def _about(mask: Mask) -> tuple[slice, slice] | None:
    """The part of the picture round the foreground; None where there is none."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if w == 0:
        return None
    return slice(max(0, y - _AROUND), y + h + _AROUND), slice(max(0, x - _AROUND), x + w + _AROUND)


def _beyond(y: Picture, expected: Floats) -> Floats:
    """Luma difference beyond what a shift by one pixel explains."""
    now = y.astype(np.float32)
    over, under = cv2.dilate(expected, _THREE), cv2.erode(expected, _THREE)
    cv2.subtract(now, over, over)
    cv2.subtract(under, now, under)
    cv2.absdiff(now, expected, now)
    now *= np.float32(0.4)
    cv2.max(over, under, over)
    cv2.max(over, now, over)
    return over


def _tiny(y: Picture, size: tuple[int, int]) -> Floats:
    """Luma + 4 on the small grid; halved first, which OpenCV does many times faster than any other factor."""
    half = cv2.resize(y, (y.shape[1] // 2, y.shape[0] // 2), interpolation=cv2.INTER_AREA)
    tiny: Floats = cv2.resize(half, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return tiny + np.float32(4)


def _enlarged(small: Floats, shape: tuple[int, int]) -> Floats:
    big: Floats = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return big


def _shadow(y: Picture, expected: Floats, luma: Floats, chroma: Floats, noise: Picture) -> Mask:
    """Darker by an even factor, same colour: a shadow keeps the texture of what it falls on.

    Its soft border is uneven, but lies among shadow: where most that differs nearby is shadow.
    """
    ratio = y.astype(np.float32)
    ratio += 2
    ratio /= expected + 2
    mean = cv2.blur(ratio, (5, 5))
    spread: Floats = cv2.blur(ratio * ratio, (5, 5))  # OpenCV's filter of squares takes three times as long
    spread -= mean * mean
    grain = noise * np.float32(0.5)  # twice the noise, which is kept in quarters
    grain /= expected + 8
    grain *= grain
    grain += 0.0016
    able: Mask = (ratio > 0.5) & (ratio < 0.99) & (chroma < 0.7)
    shadow: Mask = able & (ratio < 0.97) & (spread < grain)
    return shadow | (able & _among(shadow, luma > 0.6))


def _among(shadow: Mask, differs: Mask) -> Mask:
    """Where more than half of what differs round about is shadow."""
    dark = (shadow & differs).view(np.uint8)
    points = dark + dark
    points += ~differs  # 2 for shadow, 1 for what does not differ, 0 for what differs and is none
    around = cv2.boxFilter(points, cv2.CV_16S, (_AMONG, _AMONG), normalize=False)
    among: Mask = around > _AMONG * _AMONG
    return among


def grown(ages: NDArray[np.uint16], dt_s: float, cap: int) -> NDArray[np.uint16]:
    """Ages (ms) `dt_s` later, in whole tenths of a second so that a stored age is the same."""
    step = min(cap, round(dt_s * 10) * 100)
    older = cv2.add(ages, step)  # type: ignore[call-overload]  # a number will do; no further than uint16 goes
    capped: NDArray[np.uint16] = cv2.threshold(older, cap, 0, cv2.THRESH_TRUNC, older)[1]
    return capped


def smooth(y: Picture) -> Picture:
    """Luma with sensor noise softened."""
    soft: Picture = cv2.GaussianBlur(y, _BLUR, 0)
    return soft


def clean(score: Floats) -> Mask:
    """Foreground by hysteresis: specks go, strong places keep their weak surroundings."""
    strong: Picture = cv2.morphologyEx((score > 1.0).view(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    if not cv2.countNonZero(strong):
        return strong.view(bool)
    near: Picture = cv2.dilate(strong, np.ones((9, 9), np.uint8))
    weak = (score > 0.6).view(np.uint8) & near | strong
    whole: Mask = cv2.morphologyEx(weak, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).view(bool)
    return whole


def _spread(stack: list[Picture], middle: Picture) -> Picture:
    """Spread over the frames (65 % quantile of a normal's |deviation|), in quarter levels of sigma."""
    light = np.array([float(ranks.median(one.ravel()[::17].astype(np.float32))) + 1 for one in stack])
    levels = (ranks.median(light) / light).astype(np.float32)
    off = [np.abs(one * level - middle) for one, level in zip(stack, levels, strict=True)]
    deviation = ranks.quantile(off, 0.65) * np.float32(4 / 0.9346)
    spread: Picture = np.clip(deviation, _FLOOR, 120).astype(np.uint8)
    half = (middle.shape[1] // 2, middle.shape[0] // 2)
    return cv2.resize(spread, half, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _towards(model: Picture, now: Picture, where: Mask) -> None:
    """Move the model one level towards the picture, in place."""
    up, down = where & (now > model), where & (now < model)
    np.add(model, up.view(np.uint8), out=model)
    np.subtract(model, down.view(np.uint8), out=model)
