from pathlib import Path

import av
import numpy as np
import pytest

SIZE = (320, 180)
FPS = 10


SIGN = (230, 0, 210)


def draw(path: Path, seconds: float, crossings: list[tuple[float, float]], *, sign: bool = False) -> Path:
    """A quiet street by night; a lit box crosses it from left to right in each (start, end). A magenta sign may stand there."""
    noise = np.random.default_rng(7)
    ground = noise.integers(60, 90, (SIZE[1], SIZE[0], 1), np.uint8).repeat(3, axis=2)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(int(seconds * FPS)):
            picture = ground.copy()
            if sign:
                picture[10:40, 10:100] = SIGN
            for start, end in crossings:
                share = (number / FPS - start) / (end - start)
                x = int(-30 + share * (SIZE[0] + 30))
                if 0 <= share <= 1:
                    picture[80:130, max(0, x) : max(0, x + 30)] = (220, 60, 60)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """14 s with two crossings, 3 to 6 s and 8 to 11 s."""
    folder = tmp_path_factory.mktemp("street")
    return draw(folder / "street_2026-05-01_12-00-00.mp4", 14, [(3, 6), (8, 11)])
