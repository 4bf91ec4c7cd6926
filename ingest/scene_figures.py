"""The figures of the drawn scene: a person in side view, a car, a bag; metres, facing right, foot at (0, 0)."""

import math
from dataclasses import dataclass

import numpy as np

from ingest.scene_paint import Colour, Shape, blob, disc, limb, shade

Joint = tuple[float, float]
_SHOE: Colour = (38, 32, 30)
_GLASS: Colour = (58, 74, 88)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person looks like; `height` in metres."""

    height: float = 1.74
    shirt: Colour = (176, 52, 44)
    trousers: Colour = (44, 50, 74)
    skin: Colour = (214, 168, 136)
    hair: Colour = (52, 38, 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A moment of a person: gait `phase` (radians), `stride` 0 (stands) .. 1 (walks), `stoop` 0..1, facing ±1."""

    phase: float = 0.0
    stride: float = 0.0
    stoop: float = 0.0
    facing: int = 1


def _step(joint: Joint, angle: float, length: float) -> Joint:
    """The next joint; angle 0 hangs down, positive swings forward."""
    return joint[0] + length * math.sin(angle), joint[1] - length * math.cos(angle)


def _leg(hip: Joint, phase: float, pose: Pose) -> tuple[Joint, Joint, Joint]:
    thigh = 0.42 * pose.stride * math.sin(phase) + 0.55 * pose.stoop
    bend = pose.stride * (0.12 + 0.75 * max(0.0, math.cos(phase))) + 0.9 * pose.stoop
    knee = _step(hip, thigh, 0.245)
    return hip, knee, _step(knee, thigh - bend, 0.235)


def _arm(shoulder: Joint, phase: float, pose: Pose) -> tuple[Joint, Joint, Joint]:
    swing = 0.5 * pose.stride * math.sin(phase) + 0.35 * pose.stoop
    elbow = _step(shoulder, swing, 0.165)
    return shoulder, elbow, _step(elbow, swing + 0.18 + 0.3 * pose.stride * (1 - pose.stoop), 0.16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """Joints of a posed person of height 1, lowest foot on the ground."""

    hip: Joint
    shoulder: Joint
    legs: tuple[tuple[Joint, Joint, Joint], ...]
    arms: tuple[tuple[Joint, Joint, Joint], ...]
    lean: float


def skeleton(pose: Pose) -> Skeleton:
    """Joints of a pose; far limbs come first. Legs swing half a turn apart, arms against them."""
    far, near = pose.phase, pose.phase + math.pi
    ankles = [_leg((offset, 0.0), phase, pose)[2][1] for offset, phase in ((-0.02, far), (0.02, near))]
    hip = (0.0, 0.035 - min(ankles))
    lean = 0.05 * pose.stride + 1.0 * pose.stoop
    shoulder = (hip[0] + 0.31 * math.sin(lean), hip[1] + 0.31 * math.cos(lean))
    legs = tuple(_leg((hip[0] + offset, hip[1]), phase, pose) for offset, phase in ((-0.02, far), (0.02, near)))
    arms = tuple(
        _arm((shoulder[0] + offset, shoulder[1]), phase, pose) for offset, phase in ((-0.05, near), (0.05, far))
    )
    return Skeleton(hip=hip, shoulder=shoulder, legs=legs, arms=arms, lean=lean)


def hand(look: Look, pose: Pose) -> tuple[float, float]:
    """Where the near hand is, in metres from the foot point."""
    x, y = skeleton(pose).arms[1][2]
    return x * look.height * pose.facing, y * look.height


def person(look: Look, pose: Pose) -> list[Shape]:
    """A person, far limbs first."""
    bones = skeleton(pose)
    dark = Look(height=1, shirt=shade(look.shirt, 0.72), trousers=shade(look.trousers, 0.72), skin=look.skin)
    parts = [*_arm_shapes(bones.arms[0], dark), *_leg_shapes(bones.legs[0], dark), *_leg_shapes(bones.legs[1], look)]
    parts += [*_torso(bones, look), *_head(bones, look), *_arm_shapes(bones.arms[1], look)]
    turn = np.array([look.height * pose.facing, look.height])
    return [Shape(points=part.points * turn, colour=part.colour) for part in parts]


def _leg_shapes(leg: tuple[Joint, Joint, Joint], look: Look) -> list[Shape]:
    hip, knee, ankle = leg
    toe = (ankle[0] + 0.075, ankle[1] - 0.012)
    shoe = limb((ankle[0] - 0.015, ankle[1] - 0.008), toe, 0.028, 0.018, _SHOE)
    return [shoe, limb(hip, knee, 0.066, 0.046, look.trousers), limb(knee, ankle, 0.046, 0.031, look.trousers)]


def _arm_shapes(arm: tuple[Joint, Joint, Joint], look: Look) -> list[Shape]:
    shoulder, elbow, wrist = arm
    sleeve = shade(look.shirt, 0.88)
    palm = disc(wrist[0], wrist[1], 0.023, 0.027, look.skin, 10)
    return [palm, limb(shoulder, elbow, 0.04, 0.031, sleeve), limb(elbow, wrist, 0.031, 0.023, sleeve)]


def _torso(bones: Skeleton, look: Look) -> list[Shape]:
    hip, shoulder = bones.hip, bones.shoulder
    along = np.array([math.sin(bones.lean), math.cos(bones.lean)])
    across = np.array([along[1], -along[0]])

    def at(base: Joint, side: float, up: float) -> tuple[float, float]:
        point = np.array(base) + side * across + up * along
        return float(point[0]), float(point[1])

    back = [at(hip, -0.075, -0.05), at(hip, -0.08, 0.1), at(shoulder, -0.105, -0.05), at(shoulder, -0.06, 0.03)]
    front = [at(shoulder, 0.07, 0.03), at(shoulder, 0.105, -0.06), at(hip, 0.075, 0.1), at(hip, 0.075, -0.05)]
    light = [at(shoulder, -0.09, -0.05), at(shoulder, -0.05, 0.0), at(hip, -0.03, 0.02), at(hip, -0.07, 0.02)]
    return [blob(back + front, look.shirt), blob(light, shade(look.shirt, 1.2))]


def _head(bones: Skeleton, look: Look) -> list[Shape]:
    nod = bones.lean * 0.7
    x = bones.shoulder[0] + 0.11 * math.sin(nod) + 0.008
    y = bones.shoulder[1] + 0.115 * math.cos(nod)
    neck = limb(bones.shoulder, (x, y), 0.034, 0.03, shade(look.skin, 0.85))
    face = disc(x + 0.006, y, 0.052, 0.066, look.skin)
    nose = disc(x + 0.056, y - 0.006, 0.012, 0.014, look.skin, 8)
    hair = blob(
        [
            (x + 0.045, y + 0.035),
            (x + 0.02, y + 0.08),
            (x - 0.05, y + 0.075),
            (x - 0.068, y),
            (x - 0.045, y - 0.055),
            (x - 0.02, y + 0.01),
        ],
        look.hair,
    )
    return [neck, face, nose, hair]


def car(colour: Colour, roll: float, facing: int) -> list[Shape]:
    """A saloon car 4.3 m long; `roll` is the wheels' turn in radians."""
    hull = [
        (-2.15, 0.35),
        (-2.15, 0.78),
        (-1.75, 0.92),
        (-1.15, 0.95),
        (-0.7, 1.38),
        (0.55, 1.4),
        (1.15, 0.98),
        (1.95, 0.85),
        (2.15, 0.65),
        (2.12, 0.33),
    ]
    parts = [blob(hull, colour), blob([(-2.1, 0.34), (-2.1, 0.52), (2.1, 0.5), (2.1, 0.32)], shade(colour, 0.7), 1)]
    parts += [
        blob([(-1.0, 0.95), (-0.62, 1.3), (-0.1, 1.32), (-0.1, 0.96)], _GLASS, 1),
        blob([(0.0, 0.96), (0.0, 1.32), (0.5, 1.32), (0.98, 0.97)], _GLASS, 1),
        blob([(-0.75, 1.0), (-0.45, 1.28), (-0.3, 1.28), (-0.55, 1.0)], (122, 142, 156), 0),
        blob([(-1.8, 0.84), (1.2, 0.9), (1.2, 0.86), (-1.8, 0.8)], shade(colour, 1.25), 0),
        blob([(-0.05, 0.45), (-0.05, 0.95), (-0.08, 0.95), (-0.08, 0.45)], shade(colour, 0.6), 0),
        blob([(1.88, 0.8), (2.12, 0.7), (2.12, 0.6), (1.9, 0.66)], (250, 240, 205), 1),
        blob([(-2.14, 0.78), (-1.98, 0.8), (-1.98, 0.66), (-2.14, 0.64)], (190, 28, 24), 1),
    ]
    parts += [shape for x in (-1.35, 1.3) for shape in _wheel(x, roll)]
    return [Shape(points=part.points * (facing, 1), colour=part.colour) for part in parts]


def _wheel(x: float, roll: float) -> list[Shape]:
    spokes = []
    for angle in (roll, roll + math.pi / 2):
        dx, dy = 0.17 * math.cos(angle), 0.17 * math.sin(angle)
        spokes.append(limb((x - dx, 0.33 - dy), (x + dx, 0.33 + dy), 0.025, 0.025, (96, 98, 102)))
    return [disc(x, 0.33, 0.34, 0.33, (24, 24, 26)), disc(x, 0.33, 0.2, 0.2, (168, 170, 174)), *spokes]


def bag(colour: Colour) -> list[Shape]:
    """A travel bag about 0.5 m wide and 0.45 m high with its handle."""
    dark = shade(colour, 0.6)
    handle = [
        limb((-0.1, 0.34), (-0.07, 0.45), 0.018, 0.018, dark),
        limb((0.1, 0.34), (0.07, 0.45), 0.018, 0.018, dark),
    ]
    return [
        *handle,
        limb((-0.07, 0.45), (0.07, 0.45), 0.018, 0.018, dark),
        blob([(-0.27, 0.0), (-0.27, 0.32), (-0.18, 0.38), (0.18, 0.38), (0.27, 0.32), (0.27, 0.0)], colour, 1),
        blob([(-0.26, 0.0), (-0.26, 0.07), (0.26, 0.07), (0.26, 0.0)], dark, 0),
        blob([(-0.24, 0.3), (0.24, 0.3), (0.24, 0.275), (-0.24, 0.275)], shade(colour, 1.4), 0),
        blob([(-0.14, 0.1), (-0.14, 0.22), (0.14, 0.22), (0.14, 0.1)], shade(colour, 0.8), 1),
    ]
