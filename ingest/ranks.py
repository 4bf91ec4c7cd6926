"""Medians, to the last bit those of numpy, and quantiles, for less: numpy's have much to do besides."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def median(values: NDArray[Any]) -> Any:
    """The median of floats that are all numbers, one at least; of an even count the mean of the middle two."""
    half, odd = divmod(values.size, 2)
    if odd:
        return np.partition(values, half, axis=None)[half]
    parted = np.partition(values, (half - 1, half), axis=None)
    return (parted[half - 1] + parted[half]) / 2


def middle(stack: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The median of each pixel over some pictures, one at least, rounded down."""
    ranked = _ranked(stack)
    below, above = ranked[(len(stack) - 1) // 2], ranked[len(stack) // 2]
    half: NDArray[np.uint8] = (below & above) + ((below ^ above) >> 1)  # of their sum, which eight bits might not hold
    return half


def quantile(stack: Sequence[NDArray[Any]], share: float) -> NDArray[Any]:
    """The quantile of each pixel over some pictures of float32, one at least; between two of them linear, in float32."""
    ranked = _ranked(stack)
    place = np.float32(share) * np.float32(len(stack) - 1)
    low = math.floor(place)
    high, part = min(low + 1, len(stack) - 1), place - np.float32(low)
    step = ranked[high] - ranked[low]
    between: NDArray[Any] = ranked[low] + step * part if part < 0.5 else ranked[high] - step * (np.float32(1) - part)
    return between


def _ranked(stack: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """The pictures, each pixel in rising order, by a network of least and greatest: whole pictures at a time."""
    rows = list(stack)
    for i, j in _exchanges(len(rows)):
        rows[i], rows[j] = np.minimum(rows[i], rows[j]), np.maximum(rows[i], rows[j])
    return rows


@cache
def _exchanges(count: int) -> tuple[tuple[int, int], ...]:
    """Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M)."""
    return tuple(_merge_exchange(count)) if count > 1 else ()


def _merge_exchange(count: int) -> Iterator[tuple[int, int]]:
    top = 1 << (count - 1).bit_length() - 1
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            yield from ((i, i + d) for i in range(count - d) if i & p == r)
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2
