"""Small films with people who pass and something that parks; each seed is another place and other people."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SIZE, FPS = (240, 180), 10
_TURN_S, _ACROSS_S = 7.0, 4.0


def film(path: Path, seconds: int, seed: int) -> Path:
    """Write a film of so many seconds, a keyframe every two."""
    rng = np.random.default_rng(seed)
    place = np.kron(rng.integers(90, 130, (18, 24), np.uint8), np.ones((10, 10), np.uint8))
    row = 100 + 8 * (seed % 4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "20", "preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(seconds * FPS):
            picture = np.clip(place + rng.normal(0, 1.5, place.shape), 0, 255).astype(np.uint8)
            _passer(picture, number / FPS, row)
            _parked(picture, number / FPS, seconds)
            shown = np.repeat(picture[:, :, None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _passer(picture: NDArray[np.uint8], at_s: float, row: int) -> None:
    """Every 7 s somebody crosses, high and low in turn."""
    turn, into_s = divmod(at_s, _TURN_S)
    if into_s < _ACROSS_S:
        x, top = int(into_s / _ACROSS_S * 270) - 30, row + 25 * (int(turn) % 2)
        picture[top : top + 35, max(0, x) : max(0, x + 22)] = 225


def _parked(picture: NDArray[np.uint8], at_s: float, seconds: int) -> None:
    """Something rolls in at 8 s and out again 6 s before the end."""
    out_s = seconds - 6.0
    if 8 <= at_s < out_s + 4:
        x = int(min(at_s - 8, 2) * 50) + int(max(0.0, at_s - out_s) * 60)
        picture[20:60, x : x + 40] = 15
