"""From still regions to events: left, abandoned, removed, moved off; told from tracks that stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.perception import captions
from agent.perception.blobs import PixelBox, area_of
from agent.perception.ledger import Ledger, Saying
from agent.perception.still import Change, StillThing
from agent.perception.views import unit
from vidette import geometry, ids
from vidette.geometry import Box
from vidette.models import EventType, Evidence, Label, PathPoint, Role, Track
from vidette.settings import FastSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A track as still things see it: when and where it was, and whether it is still in view."""

    id: str
    birth_s: float
    birth: PixelBox
    path: Sequence[tuple[float, PixelBox]]
    seen_s: float
    live: bool


class Belongings:
    """Things left and taken in one scene; `things` are those still there."""

    def __init__(self, stream_id: str, settings: FastSettings, ledger: Ledger, shape: tuple[int, int]) -> None:
        self.stream_id = stream_id
        self.settings = settings
        self.ledger = ledger
        self.shape = shape
        self.things: list[StillThing] = []
        self.gone: list[Track] = []

    def changed(self, change: Change, movers: Sequence[Mover], colour: str, picture: tuple[Evidence, ...]) -> None:
        """A judged region: say what it means."""
        box = unit(change.box, self.shape)
        if change.verdict == "left":
            self._left(change, box, _near(change, movers), colour, picture)
        elif change.verdict == "removed":
            self._removed(change, box, _near(change, movers), picture)

    def step(self, pts_s: float, live: Sequence[str]) -> None:
        """A thing whose bringer has been out of view long enough is abandoned."""
        for thing in self.things:
            if thing.bringer in live:
                thing.alone_s = None
            elif thing.alone_s is None:
                thing.alone_s = pts_s
            elif not thing.abandoned and pts_s - thing.alone_s >= self.settings.abandoned_s:
                self._abandoned(thing)

    def tracks(self) -> tuple[Track, ...]:
        """Left things as tracks that stay put, those removed since the last call included."""
        there = tuple(self._track(thing, None) for thing in self.things)
        gone, self.gone = tuple(self.gone), []
        return gone + there

    def finish(self, pts_s: float) -> None:
        """The scene is over: what lay there until now is no longer in view."""
        for thing in self.things:
            self.ledger.end(thing.event, pts_s)
            self.gone.append(self._track(thing, pts_s))
        self.things = []

    def restore(self, things: Sequence[dict[str, Any]]) -> None:
        """Go on with these still things."""
        self.things = [StillThing(**{**thing, "box": tuple(thing["box"])}) for thing in things]

    def _left(
        self, change: Change, box: Box, near: Sequence[Mover], colour: str, picture: tuple[Evidence, ...]
    ) -> None:
        part_of = self._part_of(change)
        if part_of is not None:
            part_of.box = geometry.hull(part_of.box, change.box)
            return
        bringer = max(near, key=lambda mover: mover.seen_s).id if near else None
        thing_id = ids.track_id(self.stream_id, change.since_s, box, 1)
        text = captions.said(f"{captions.thing(Label.OBJECT, colour)} was left, {captions.place(box)}")
        roles: tuple[Role, ...] = (Role(role="subject", track_id=thing_id),)
        if bringer:
            roles += (Role(role="bringer", track_id=bringer),)
        saying = Saying(
            type=EventType.OBJECT_LEFT,
            caption=text,
            confidence=change.certainty * 0.9,
            box=box,
            roles=roles,
            evidence=picture,
        )
        event = self.ledger.begin(saying, thing_id, change.since_s)
        self.things.append(
            StillThing(
                box=change.box,
                since_s=change.since_s,
                certainty=change.certainty,
                bringer=bringer,
                id=thing_id,
                event=event,
                colour=colour,
            )
        )

    def _removed(self, change: Change, box: Box, near: Sequence[Mover], picture: tuple[Evidence, ...]) -> None:
        if any(_set_off(change, mover) for mover in near):
            return  # the thing went by itself: its track says so
        known = self._known(change.box)
        subject = known.id if known else ids.track_id(self.stream_id, change.since_s, box, 2)
        roles = [Role(role="subject", track_id=subject)] if known else []
        if near:
            roles.append(Role(role="taker", track_id=max(near, key=lambda mover: mover.seen_s).id))
        what = captions.thing(Label.OBJECT, known.colour) if known else "something"
        saying = Saying(
            type=EventType.OBJECT_REMOVED,
            caption=captions.said(f"{what} was taken away, {captions.place(box)}"),
            confidence=change.certainty * 0.9,
            box=box,
            roles=tuple(roles),
            evidence=picture,
        )
        self.ledger.happened(saying, subject, change.since_s)
        if known:
            self.ledger.end(known.event, change.since_s)
            self.things.remove(known)
            self.gone.append(self._track(known, change.since_s))

    def _part_of(self, change: Change) -> StillThing | None:
        """A thing left at the same moment of which the region is another part: above, below, within."""
        for thing in self.things:
            a, b = thing.box, change.box
            over = min(a[2], b[2]) - max(a[0], b[0]) > 0.5 * min(a[2] - a[0], b[2] - b[0])
            if over and abs(thing.since_s - change.since_s) < 2.0 and geometry.gap(a, b) < 0.5 * (a[2] - a[0]):
                return thing
        return None

    def _known(self, box: PixelBox) -> StillThing | None:
        """The left thing that lay where something was taken."""
        shared = [
            (geometry.iou(unit(box, self.shape), unit(thing.box, self.shape)), -i)
            for i, thing in enumerate(self.things)
        ]
        best = max(shared, default=(0.0, 0))
        return self.things[-best[1]] if best[0] > 0.3 else None

    def _abandoned(self, thing: StillThing) -> None:
        thing.abandoned = True
        assert thing.alone_s is not None
        box = unit(thing.box, self.shape)
        roles: tuple[Role, ...] = (Role(role="subject", track_id=thing.id),)
        if thing.bringer:
            roles += (Role(role="bringer", track_id=thing.bringer),)
        text = f"{captions.thing(Label.OBJECT, thing.colour)} was abandoned, {captions.place(box)}"
        saying = Saying(
            type=EventType.OBJECT_ABANDONED,
            caption=captions.said(text),
            confidence=thing.certainty * 0.8,
            box=box,
            roles=roles,
        )
        self.ledger.happened(saying, thing.id, thing.alone_s)

    def _track(self, thing: StillThing, end_s: float | None) -> Track:
        box = unit(thing.box, self.shape)
        attributes: dict[str, Any] = {"still": True, "size": round(geometry.area(box), 4)}
        if thing.colour:
            attributes["colour"] = thing.colour
        return Track(
            id=thing.id,
            stream_id=self.stream_id,
            label=Label.OBJECT,
            start_s=round(thing.since_s, 3),
            end_s=None if end_s is None else round(end_s, 3),
            confidence=round(thing.certainty * 0.9, 3),
            path=(PathPoint(pts_s=round(thing.since_s, 3), box=box),),
            attributes=attributes,
            entity_id=ids.entity_id(thing.id),
        )


def mover(data: dict[str, Any]) -> Mover:
    """A mover from its `asdict`."""
    path: Sequence[tuple[float, PixelBox]] = [(at, tuple(box)) for at, box in data["path"]]
    return Mover(**{**data, "birth": tuple(data["birth"]), "path": path})


def _near(change: Change, movers: Sequence[Mover]) -> list[Mover]:
    """Tracks that covered the region about when it changed."""
    out = []
    for mover in movers:
        boxes = [box for at, box in mover.path if abs(at - change.since_s) < 2.5]
        if any(geometry.intersection(box, change.box) > 0 for box in boxes):
            out.append(mover)
    return out


def _set_off(change: Change, mover: Mover) -> bool:
    """Whether the mover was born where the region is: it is what used to be there."""
    shared = geometry.intersection(mover.birth, change.box)
    smaller = min(area_of(mover.birth), area_of(change.box))
    return abs(mover.birth_s - change.since_s) < 4.0 and shared > 0.3 * smaller
