"""Detections of several pictures as things: those of tracks by overlap, what no track covers once each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.perception.vlm.prompt import box_at
from vidette.geometry import Box, iou
from vidette.models import Attributes, Label, PathPoint, Track
from vidette.vision import Detection, SeenEntity

SAME = 0.3  # overlap from which a detection is a track's; boxes of what moves are loose
_MOST = 128  # things that no track follows; a reply keeps fewer
_HELD_S = 0.5  # so long before and after it was followed a thing is where it was
_AGAIN = 0.5  # and two detections, in two pictures, of something that no track follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """A detection in the picture at a media time; `overlap` is that with its track, or 0."""

    at_s: float
    found: Detection
    overlap: float = 0.0


def things(pictures: Sequence[tuple[float, Sequence[Detection]]], tracks: Sequence[Track]) -> tuple[SeenEntity, ...]:
    """What the pictures (media time, detections) show: first what tracks are, then what no track covers.

    A track is what most pictures say, and where they are even what overlaps it more; a picture has at most one detection
    for a track. What is in no track is joined over pictures where label and place are the same.
    """
    of_track: dict[str, list[Sighted]] = defaultdict(list)
    rest: list[list[Sighted]] = []
    for at_s, found in pictures:
        pairs = _matched(found, _boxes(tracks, at_s))
        for number, one in enumerate(found):
            track, overlap = pairs.get(number, ("", 0.0))
            sighted = Sighted(at_s=at_s, found=one, overlap=overlap)
            if track:
                of_track[track].append(sighted)
            else:
                _join(rest, sighted)
    followed = (_entity(_majority(of_track[track.id]), track.id) for track in tracks if track.id in of_track)
    return (*followed, *(_entity(group, None) for group in rest))


def _boxes(tracks: Iterable[Track], at_s: float) -> dict[str, Box]:
    places = ((track.id, box_at(track.path, at_s) or _held(track.path, at_s)) for track in tracks)
    return {id_: box for id_, box in places if box}


def _held(path: Sequence[PathPoint], at_s: float) -> Box | None:
    """The place of the nearer end of the path, shortly before or after it: pictures are not taken where points are."""
    end = min((path[0], path[-1]), key=lambda point: abs(point.pts_s - at_s)) if path else None
    return end.box if end is not None and abs(end.pts_s - at_s) <= _HELD_S else None


def _matched(found: Sequence[Detection], boxes: dict[str, Box]) -> dict[int, tuple[str, float]]:
    """By number of detection its track and their overlap; the pairs that overlap most go first, each thing once."""
    pairs = [(iou(one.box, box), number, id_) for number, one in enumerate(found) for id_, box in boxes.items()]
    matched: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    for overlap, number, id_ in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if overlap >= SAME and number not in matched and id_ not in taken:
            matched[number] = (id_, overlap)
            taken.add(id_)
    return matched


def _join(groups: list[list[Sighted]], one: Sighted) -> None:
    """To the group whose last sighting was of the same label at this place in an earlier picture; else a new one.

    Where there are too many already, it is left out.
    """
    same = (group for group in groups if group[-1].found.label is one.found.label and group[-1].at_s < one.at_s)
    best = max(same, key=lambda group: iou(group[-1].found.box, one.found.box), default=None)
    if best is not None and iou(best[-1].found.box, one.found.box) >= _AGAIN:
        best.append(one)
    elif len(groups) < _MOST:
        groups.append([one])


def _majority(seen: list[Sighted]) -> list[Sighted]:
    """Those sightings that agree with most others on the label."""
    weights: dict[Label, tuple[int, float]] = {}
    for one in seen:
        many, overlap = weights.get(one.found.label, (0, 0.0))
        weights[one.found.label] = (many + 1, overlap + one.overlap)
    best = max(weights, key=lambda label: (weights[label], label))
    return [one for one in seen if one.found.label is best]


def _entity(seen: list[Sighted], track_id: str | None) -> SeenEntity:
    """As the surest of the sightings shows it, of those with an outline where there is one."""
    best = max(seen, key=lambda one: (bool(one.found.polygon), one.found.confidence or 0.0, one.overlap, -one.at_s))
    return SeenEntity(
        label=best.found.label,
        track_id=track_id,
        box=best.found.box,
        polygon=best.found.polygon,
        at_s=best.at_s,
        attributes=_attributes(best.found),
    )


def _attributes(found: Detection) -> Attributes:
    kind: Attributes = {"kind": found.kind} if found.kind and found.kind != found.label else {}
    return kind if found.confidence is None else {**kind, "confidence": round(found.confidence, 3)}
