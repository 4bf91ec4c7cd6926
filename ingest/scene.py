"""A drawn scene with known truth: people and a car on a street, a bag left and taken, the light going down and up."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from ingest.scene_backdrop import street
from ingest.scene_figures import Look, Pose, bag, car, hand, person
from ingest.scene_paint import Colour, Place, Shape, cast, extent, paint, scale
from vidette.errors import StoreError
from vidette.geometry import Box
from vidette.models import EventType, Label
from vidette.ports import Image

SIZE = (640, 360)
FPS = 10
_BAG: Colour = (38, 60, 120)
_STEP_M = 0.72  # metres a step
_NOISE = 2.0  # levels of a sensor
_STOOP_S = 0.8  # how long bending down takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """Where an actor's foot point is at a time, in 0..1 of the picture."""

    at_s: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a car that goes from knot to knot; there only from the first to the last.

    `carries` is when a person has the bag in hand, `stoops` when they bend down for it.
    """

    name: str
    label: Label
    knots: tuple[Knot, ...]
    look: Look | None = None
    colour: Colour = (150, 30, 34)
    carries: tuple[float, float] | None = None
    stoops: float | None = None

    def place(self, t: float) -> Place | None:
        """Where it stands at `t`, None where it is not there."""
        for a, b in pairwise(self.knots):
            if a.at_s <= t <= b.at_s:
                share = (t - a.at_s) / (b.at_s - a.at_s)
                return Place(x=a.x + (b.x - a.x) * share, y=a.y + (b.y - a.y) * share)
        return None

    def shapes(self, t: float, place: Place) -> list[Shape]:
        """Its figure at `t`."""
        walked = self.walked_m(t)
        facing = self.facing_at(t)
        if self.look is None:
            return car(self.colour, -walked / 0.33, facing)
        return person(self.look, self.pose(t, walked, facing))

    def pose(self, t: float, walked: float, facing: int) -> Pose:
        """How a person holds themselves."""
        moving = self.walked_m(t + 0.05) > walked or self.walked_m(t - 0.05) < walked
        bent = 0.0 if self.stoops is None else max(0.0, 1 - abs(t - self.stoops) / _STOOP_S)
        return Pose(phase=walked * math.pi / _STEP_M, stride=float(moving), stoop=0.8 * bent, facing=facing)

    def walked_m(self, t: float) -> float:
        """Metres gone by `t`."""
        metres = 0.0
        for a, b in pairwise(self.knots):
            share = min(1.0, max(0.0, (t - a.at_s) / (b.at_s - a.at_s)))
            metres += share * abs(b.x - a.x) * SIZE[0] / SIZE[1] / scale((a.y + b.y) / 2)
        return metres

    def facing_at(self, t: float) -> int:
        """The way it goes; while it stands, the way it went."""
        facing = 1
        for a, b in pairwise(self.knots):
            if a.at_s > t and facing:
                break
            facing = facing if a.x == b.x else (1 if b.x > a.x else -1)
        return facing


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueTrack:
    """A thing and when any of it is in view."""

    name: str
    label: Label
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEvent:
    """What happens, and when."""

    type: EventType
    at_s: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Actors, a bag with the times at which it is put down and taken, and the light (time, gain)."""

    actors: tuple[Actor, ...]
    bag_at: Place
    bag_s: tuple[float, float]
    light: tuple[tuple[float, float], ...]
    duration_s: float
    seed: int = 11

    def picture(self, t: float) -> Image:
        """The frame at `t`, `(H, W, 3) uint8 RGB`."""
        rgb = self.drawn(t)
        rng = np.random.default_rng((self.seed, round(t * 1000)))
        lit = rgb * np.float32(self.gain(t)) + rng.normal(0, _NOISE, rgb.shape).astype(np.float32)
        out: Image = np.clip(lit, 0, 255).astype(np.uint8)
        return out

    def drawn(self, t: float, size: tuple[int, int] = SIZE) -> Image:
        """The scene at `t` in full light and without a sensor's noise; `size` is (width, height)."""
        rgb = street(*size, self.seed).copy()
        for shapes, place in self._figures(t):
            cast(rgb, shapes, place)
        for shapes, place in self._figures(t):
            paint(rgb, shapes, place)
        return rgb

    def gain(self, t: float) -> float:
        """How light it is at `t`; 1 is full light."""
        times, gains = zip(*self.light, strict=True)
        return float(np.interp(t, times, gains))

    def tracks(self) -> tuple[TrueTrack, ...]:
        """Every actor with the time from its first to its last frame in view, and the bag while it stands."""
        left = TrueTrack(name="a bag", label=Label.BAG, start_s=self.bag_s[0], end_s=self.bag_s[1])
        return (*(_seen(actor) for actor in self.actors), left)

    def events(self) -> tuple[TrueEvent, ...]:
        """Everything that happens, in time order."""
        out = []
        for track in map(_seen, self.actors):
            out.append(TrueEvent(type=EventType.OBJECT_ENTERED, at_s=track.start_s, what=f"{track.name} comes in"))
            out.append(TrueEvent(type=EventType.OBJECT_EXITED, at_s=track.end_s, what=f"{track.name} goes out"))
        out.append(TrueEvent(type=EventType.OBJECT_LEFT, at_s=self.bag_s[0], what="a bag is put down"))
        out.append(TrueEvent(type=EventType.OBJECT_REMOVED, at_s=self.bag_s[1], what="the bag is taken"))
        return tuple(sorted(out, key=lambda event: event.at_s))

    def _figures(self, t: float) -> list[tuple[list[Shape], Place]]:
        """What is there, farthest first."""
        out = []
        if self.bag_s[0] <= t < self.bag_s[1]:
            out.append((bag(_BAG), self.bag_at))
        for actor in self.actors:
            place = actor.place(t)
            if place is not None:
                out.append((actor.shapes(t, place), place))
                if actor.carries and actor.look and actor.carries[0] <= t < actor.carries[1]:
                    out.append(_carried(actor, actor.look, t, place))
        return sorted(out, key=lambda figure: figure[1].y)


def _carried(actor: Actor, look: Look, t: float, place: Place) -> tuple[list[Shape], Place]:
    walked, facing = actor.walked_m(t), actor.facing_at(t)
    x, y = hand(look, actor.pose(t, walked, facing))
    across = x * scale(place.y) * SIZE[1] / SIZE[0]
    return bag(_BAG), Place(x=place.x + across, y=place.y + 1e-4, lift=max(0.0, y - 0.44))


def _seen(actor: Actor) -> TrueTrack:
    times = [n / FPS for n in range(int(actor.knots[0].at_s * FPS), int(actor.knots[-1].at_s * FPS) + 1)]
    seen = [t for t in times if (place := actor.place(t)) and _in_view(extent(actor.shapes(t, place), place, SIZE))]
    return TrueTrack(name=actor.name, label=actor.label, start_s=seen[0], end_s=seen[-1] + 1 / FPS)


def _in_view(box: Box) -> bool:
    return box[2] > 0 and box[0] < 1 and box[3] > 0 and box[1] < 1


def demo_scene() -> Scene:
    """A minute on a street: three people, a car, a bag left and taken, and a cloud that changes nothing."""
    walker = _walk("a walker in red", Look(), (4.0, -0.08, 0.78), (12.0, 1.08, 0.78))
    bringer = _walk(
        "a walker in blue with a bag",
        Look(shirt=(46, 84, 168), trousers=(70, 62, 50), hair=(30, 26, 24)),
        (14.0, -0.1, 0.9),
        (18.0, 0.42, 0.9),
        (20.0, 0.42, 0.9),
        (25.0, 1.1, 0.9),
        carries=(14.0, 19.0),
        stoops=19.0,
    )
    taker = _walk(
        "a walker in green",
        Look(shirt=(60, 120, 66), trousers=(40, 40, 46), hair=(120, 84, 40)),
        (44.0, 1.1, 0.92),
        (49.0, 0.48, 0.92),
        (51.0, 0.48, 0.92),
        (56.0, 1.1, 0.92),
        carries=(50.0, 56.0),
        stoops=50.0,
    )
    driver = Actor(
        name="a red car",
        label=Label.VEHICLE,
        knots=(Knot(at_s=27.0, x=1.3, y=0.53), Knot(at_s=32.0, x=-0.3, y=0.53)),
    )
    return Scene(
        actors=(walker, bringer, driver, taker),
        bag_at=Place(x=0.45, y=0.905),
        bag_s=(19.0, 50.0),
        light=((0.0, 1.0), (34.0, 1.0), (36.0, 0.72), (39.0, 0.72), (41.0, 1.0)),
        duration_s=60.0,
    )


def _walk(
    name: str,
    look: Look,
    *knots: tuple[float, float, float],
    carries: tuple[float, float] | None = None,
    stoops: float | None = None,
) -> Actor:
    return Actor(
        name=name,
        label=Label.PERSON,
        look=look,
        knots=tuple(Knot(at_s=t, x=x, y=y) for t, x, y in knots),
        carries=carries,
        stoops=stoops,
    )


def pictures(scene: Scene, seconds: float | None = None) -> Iterator[tuple[float, Image]]:
    """(media time, frame) at FPS frames a second, of the first `seconds` (None: all)."""
    for number in range(round(min(seconds or scene.duration_s, scene.duration_s) * FPS)):
        yield number / FPS, scene.picture(number / FPS)


def write(scene: Scene, path: Path, *, seconds: float | None = None) -> None:
    """Draw the scene (its first `seconds`) into an H.264 file. Raises StoreError."""
    try:
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23", "g": "50"})
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
            stream.time_base = Fraction(1, FPS)
            for _, picture in pictures(scene, seconds):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode())
    except (av.FFmpegError, OSError) as error:
        raise StoreError(f"cannot write {str(path)!r} ({error}); choose another folder") from error
