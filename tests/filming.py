"""Films of a quiet scene that something crosses, as a camera's packets, and what a feed makes of them."""

from fractions import Fraction

import av
import numpy as np

from ingest.live.source import LiveSource
from ingest.reader import FileSource
from ingest.sampling import Sampling
from tests.arriving import arrivals
from tests.clips import FPS, Recipe, make
from vidette.signals import Signal

SIZE = (320, 180)
FIVE, KEYS = Sampling(fps=Fraction(5)), Sampling(fps=None)
GOP_S = 2.0
BEGIN_S, END_S = 10.6, 12.4  # of the thing that crosses


def scene(seconds, thing=(BEGIN_S, END_S), noise=3.0):
    """A still, grainy scene; something small crosses it within `thing`."""
    rng = np.random.default_rng(3)
    base = rng.integers(70, 150, (18, 32)).repeat(10, 0).repeat(10, 1)
    grain = rng.normal(0, noise, (180, 320))
    thing_look = rng.integers(150, 255, (40, 20))
    chroma = np.full((90, 320), 128, np.uint8)
    for index in range(round(seconds * FPS)):
        at_s = index / FPS
        luma = base + np.roll(grain, 7919 * index)
        if thing[0] <= at_s < thing[1]:
            x = round(20 + 250 * (at_s - thing[0]) / (thing[1] - thing[0]))
            luma[72:112, x : x + 20] = thing_look
        luma = np.clip(luma, 0, 255).astype(np.uint8)
        yield av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")


def filmed(path, seconds, thing=(BEGIN_S, END_S), noise=3.0, **recipe):
    x264 = {"preset": "veryfast", "crf": "24", "sc_threshold": "0"} if "codec" not in recipe else {}
    options = {**x264, **recipe.pop("options", {})}
    recipe = {"gop": round(GOP_S * FPS), "size": SIZE, **recipe}
    return make(path, Recipe(frames=round(seconds * FPS), options=options, **recipe), scene(seconds, thing, noise))


X265 = {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0:min-keyint=50:open-gop=1"}
RECIPES = {
    "plain.mp4": {},
    "bframes.mp4": {"b_frames": 2},
    "open.mp4": {"b_frames": 2, "options": {"x264-params": "open-gop=1"}},
    "h265.mp4": {"codec": "libx265", "b_frames": 3, "options": X265},
}


def source(items, **how):
    return LiveSource(items, **{"sampling": FIVE, "idle": "keyframes", "audit": 0.0, "idle_s": 3.0, "seed": 1} | how)


def told(feed, calm=lambda item: True):
    """All that a feed says, looked at by somebody who is calm or not; its order is checked."""
    said, last_s, last_frame_s = [], 0.0, float("-inf")
    feed.calm(calm(None))
    for item in feed.frames():
        assert item.pts_s >= last_s, "media time went back"
        last_s = item.pts_s
        if not isinstance(item, Signal):
            assert item.pts_s > last_frame_s, "a frame came twice"
            last_frame_s = item.pts_s
        said.append(item)
        feed.calm(calm(item))
    return said


def times(said):
    return [round(item.pts_s, 3) for item in said if not isinstance(item, Signal)]


def losses(said):
    return [item for item in said if isinstance(item, Signal) and item.loss is not None]


def sent(path, **how):
    return arrivals(path, **{"at_s": 0.0} | how)


def every(path):
    """Times of all that sampling wants, and of keyframes."""
    wanted: dict[int, float] = {}
    for one in sorted(sent(path), key=lambda one: one.media_s):
        wanted.setdefault(FIVE.slot(Fraction(one.media_s)), one.media_s)
    keys = {round(one.media_s, 3) for one in sent(path) if one.key}
    return [round(at_s, 3) for at_s in wanted.values()], keys


def looked(item):
    """Somebody who sees the thing while it is there."""
    return item is None or not (BEGIN_S <= item.pts_s < END_S)


def decoded(path):
    return FileSource(path, Sampling(fps=Fraction(25))).frames()


class Camera:
    """A camera that asks for less (ingest.live.camera.Camera)."""

    thin, queued, clock_s = 2, 7, 1.5

    def __init__(self):
        self.reconnects, self.dropped = {"stalled": 2}, {"overload": 3}
        self.renewed, self.closed = [], False

    def renew(self, cause):
        self.renewed.append(cause)

    def close(self):
        self.closed = True
