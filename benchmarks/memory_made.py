"""Observations as a busy site makes them, without a picture: cameras, tracks, events, evidence, captions, deep looks.

Everything is drawn from one seed, so a store of N events is the same each time. Half of the captions hold the word
"person", so that a search for it is the hard case; a few dozen hold a word that nothing else does.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from vidette import ids
from vidette.geometry import Box
from vidette.models import (
    Assertion,
    Coverage,
    DeepState,
    EventType,
    Evidence,
    FastState,
    Keyframe,
    Label,
    Observation,
    PathPoint,
    Role,
    Run,
    Segment,
    Track,
)
from vidette.streams import Line, Stream, Zone

START = datetime(2026, 1, 5, tzinfo=UTC)
CAMERAS = 20
SEGMENT_S = 30.0
FAST = Run(id=ids.make_id("run", "fast"), model="fast", revision="1", params={"sample": "5"})
DEEP = Run(id=ids.make_id("run", "deep"), model="vlm", revision="7", prompt_hash="c0ffee")
ZONES = ("entrance", "dock", "parking", "corridor", "till")
COLOURS = ("red", "white", "black", "grey", "blue", "green", "yellow", "silver")
KINDS = {
    Label.PERSON: ("person",),
    Label.VEHICLE: ("car", "van", "truck", "bus"),
    Label.BICYCLE: ("bicycle",),
    Label.ANIMAL: ("dog", "cat"),
    Label.OBJECT: ("object",),
}
SIDES = ("left", "right", "top", "bottom")
RARE = ("umbrella", "wheelchair", "ladder", "stretcher", "forklift")
CARRY = random.Random(1).randbytes(20_000)
_SHARES = (50, 25, 8, 4, 13)
_FREE = ("crosses the yard carrying a box", "talks to the driver", "waits beside the barrier", "pushes a pallet truck")


def cameras() -> list[Stream]:
    """The streams of the site, each with the zones and a line."""
    out = []
    for number in range(CAMERAS):
        name = f"camera {number + 1:02d}"
        zones = tuple(
            Zone(id=ids.make_id("zone", name, zone), name=zone, polygon=((0.1, 0.1), (0.6, 0.1), (0.6, 0.9)))
            for zone in ZONES
        )
        line = Line(id=ids.make_id("line", name), name="gate", a=(0.0, 0.5), b=(1.0, 0.5))
        uri = f"rtsp://10.0.0.{number + 1}/main"
        stream_id = ids.stream_id(name)
        out.append(
            Stream(id=stream_id, name=name, kind="live", uri=uri, start=START, zones=zones, lines=(line,), width=1920)
        )
    return out


def observations(events: int, seed: int = 7) -> Iterator[tuple[Observation, int]]:
    """Observations of all cameras in turns until they hold so many events; with how many each adds."""
    chance = random.Random(seed)
    streams = cameras()
    made, sequence = 0, 0
    while made < events:
        for stream in streams:
            fast = _fast(chance, stream, sequence)
            added = sum(said.of == said.id for said in fast.assertions)
            yield fast, added
            made += added
            if sequence % 5 == 0:
                deep = _deep(chance, stream, fast)
                yield deep, 1
                made += 1
            if made >= events:
                return
        sequence += 1


def _box(chance: random.Random) -> Box:
    x, y = chance.uniform(0, 0.8), chance.uniform(0, 0.7)
    return round(x, 4), round(y, 4), round(x + 0.1, 4), round(y + 0.2, 4)


def _fast(chance: random.Random, stream: Stream, sequence: int) -> Observation:
    """Half a minute: some tracks, each with what it did."""
    start = sequence * SEGMENT_S
    tracks, said, frames = [], [], []
    segment_id = ids.segment_id(stream.id, start)
    for number in range(chance.choice((1, 2, 2, 3, 4, 6))):
        track, did, shot = _thing(chance, stream, start, number)
        tracks.append(track)
        said += did
        pts_s = shot.pts_s
        frame_id = ids.make_id("keyframe", segment_id, number)
        frames.append(Keyframe(id=frame_id, segment_id=segment_id, pts_s=pts_s, sha256=shot.sha256, uri=shot.uri))
    end = start + SEGMENT_S
    segment = Segment(
        id=segment_id,
        stream_id=stream.id,
        start_s=start,
        end_s=end,
        caption=" ".join(one.caption for one in said[:6]),
        keyframes=tuple(frames),
        track_ids=tuple(track.id for track in tracks),
    )
    deep = DeepState.EXAMINED if sequence % 3 else DeepState.GATED
    return Observation(
        id=ids.make_id("observation", stream.id, sequence),
        stream_id=stream.id,
        look="fast",
        run=FAST,
        start_s=start,
        end_s=end,
        sequence=sequence,
        watermark_s=end,
        tracks=tuple(tracks),
        assertions=tuple(said),
        segments=(segment,),
        coverage=(Coverage(stream_id=stream.id, start_s=start, end_s=end, state=FastState.WATCHED, deep=deep),),
        carry=CARRY[sequence % 1000 :] + CARRY[: sequence % 1000],  # each differs from the last
    )


def _thing(chance: random.Random, stream: Stream, start: float, number: int) -> tuple[Track, list[Assertion], Evidence]:
    (label,) = chance.choices(list(KINDS), _SHARES)
    kind, colour = chance.choice(KINDS[label]), chance.choice(COLOURS)
    who = f"A person in {colour}" if label is Label.PERSON else f"A {colour} {kind}"
    first = round(start + chance.uniform(0, 12), 2)
    last = round(first + chance.uniform(2, 16), 2)
    box = _box(chance)
    track_id = ids.track_id(stream.id, first, box, number)
    step = (last - first) / 7
    path = tuple(PathPoint(pts_s=round(first + at * step, 3), box=_box(chance)) for at in range(8))
    attributes = {"kind": kind, "colour": colour, "size": round(chance.uniform(0.001, 0.1), 4), "speed": 0.2}
    track = Track(
        id=track_id,
        stream_id=stream.id,
        label=label,
        start_s=first,
        end_s=last,
        confidence=round(chance.uniform(0.4, 0.95), 3),
        path=path,
        attributes=attributes,
    )
    sha = f"{chance.getrandbits(256):064x}"
    shot = Evidence(kind="snapshot", sha256=sha, uri=f"media/{sha[:2]}/{sha}.jpg", pts_s=first, box=box)
    told = [
        (EventType.OBJECT_ENTERED, first, first, f"{who} entered from the {chance.choice(SIDES)}.", {}),
        (
            EventType.OBJECT_EXITED,
            last,
            last,
            f"{who} left at the {chance.choice(SIDES)} after {last - first:.0f} s.",
            {},
        ),
    ]
    zone = chance.choice(ZONES)
    if chance.random() < 0.5:
        told.append((EventType.ZONE_ENTERED, first + 1, first + 1, f"{who} entered the zone {zone}.", {"zone": zone}))
    if chance.random() < 0.3:
        told.append(
            (EventType.LINE_CROSSED, first + 1.5, first + 1.5, f"{who} crossed the line gate.", {"line": "gate"})
        )
    if chance.random() < 0.2:
        waited = f"{who} stopped in the {zone} for {last - first:.0f} s."
        told.append((EventType.OBJECT_STOPPED, first + 0.5, last, waited, {"zone": zone}))
    return track, [_said(stream, track, shot, *one) for one in told], shot


def _said(
    stream: Stream,
    track: Track,
    shot: Evidence,
    type_: EventType,
    start: float,
    end: float,
    caption: str,
    place: dict[str, str],
) -> Assertion:
    key = ids.assertion_id(stream.id, "fast", FAST.id, type_, track.id, start)
    return Assertion(
        id=key,
        stream_id=stream.id,
        look="fast",
        run_id=FAST.id,
        type=type_,
        start_s=round(start, 3),
        end_s=round(end, 3),
        confidence=track.confidence,
        caption=caption,
        of=key,
        box=shot.box,
        roles=(Role(role="subject", track_id=track.id),),
        evidence=(shot,),
        **place,
    )


def _deep(chance: random.Random, stream: Stream, fast: Observation) -> Observation:
    """A deep look at the same half minute: it supports what was seen and says one thing more."""
    segment = fast.segments[0]
    track = fast.tracks[0]
    who = track.attributes["kind"]
    words = f"A {track.attributes['colour']} {who} {chance.choice(_FREE)}"
    words += f" near a {chance.choice(RARE)}." if chance.random() < 0.01 else "."
    known = fast.assertions[0]
    roles = (Role(role="subject", track_id=track.id),)
    supports = replace(known, id=ids.make_id("deep", known.id), look="deep", run_id=DEEP.id, of=None, caption=words)
    key = ids.make_id("deep", fast.id)
    own = replace(supports, id=key, type=EventType.OTHER, roles=roles, segment_id=segment.id, evidence=())
    return Observation(
        id=ids.make_id("observation", "deep", fast.id),
        stream_id=stream.id,
        look="deep",
        run=DEEP,
        start_s=fast.start_s,
        end_s=fast.end_s,
        assertions=(supports, replace(own, end_s=own.start_s + 5)),
        segments=(replace(segment, caption=words, keyframes=(), track_ids=()),),
    )
