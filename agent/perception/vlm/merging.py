"""Two answers about one segment as one: what was seen in a whole picture and again in a part of it is one thing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidette.geometry import iou
from vidette.models import Verdict
from vidette.vision import LookReply, SeenEntity, SeenEvent

SAME = 0.5  # intersection over union from which two boxes of one label are one thing


def merged(first: LookReply, second: LookReply) -> LookReply:
    """All that either says; where both say it, as the second does, which looked closer."""
    return replace(
        second,
        caption=second.caption or first.caption,
        captions=first.captions,  # it saw all parts
        entities=entities((*second.entities, *first.entities)),
        events=events((*second.events, *first.events), placeless=True),
        text=tuple(dict.fromkeys((*first.text, *second.text))),
        verdicts=verdicts(first.verdicts, second.verdicts),
    )


def entities(seen: Iterable[SeenEntity]) -> tuple[SeenEntity, ...]:
    """Things once each: the first word on one counts, and borrows what it lacks from the others."""
    before = tuple(seen)
    while len(kept := _joined(before)) < len(before):
        before = kept  # what was borrowed may show that two more are one
    return kept


def _joined(seen: Iterable[SeenEntity]) -> tuple[SeenEntity, ...]:
    kept: list[SeenEntity] = []
    for one in seen:
        at = next((i for i, other in enumerate(kept) if _one_thing(other, one)), None)
        if at is None:
            kept.append(one)
        else:
            kept[at] = _filled(kept[at], one)
    return tuple(kept)


def events(seen: Iterable[SeenEvent], *, placeless: bool = False) -> tuple[SeenEvent, ...]:
    """Events once each: the first word on one counts.

    One type at one time is one event where tracks or boxes say so; with `placeless` also where one has neither.
    """
    kept: list[SeenEvent] = []
    for one in seen:
        if not any(_one_event(other, one, placeless) for other in kept):
            kept.append(one)
    return tuple(kept)


def verdicts(first: Sequence[Verdict], second: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """One for each question: the second, unless only the first one knows."""
    known = {one.question: one for one in first}
    for one in second:
        if one.answer != "unknown" or one.question not in known:
            known[one.question] = one
    return tuple(known.values())


def _one_thing(a: SeenEntity, b: SeenEntity) -> bool:
    if a.track_id and b.track_id:
        return a.track_id == b.track_id
    return a.label == b.label and a.box is not None and b.box is not None and iou(a.box, b.box) >= SAME


def _filled(a: SeenEntity, b: SeenEntity) -> SeenEntity:
    shown = max((a, b), key=_placed)
    return replace(
        a,
        description=a.description or b.description,
        track_id=a.track_id or b.track_id,
        box=shown.box,
        attributes={**b.attributes, **a.attributes},
        polygon=shown.polygon,
        at_s=shown.at_s,
    )


def _placed(one: SeenEntity) -> tuple[bool, bool]:
    """How well it is known where it was: a place, its outline and its time are of one picture."""
    return one.box is not None, one.at_s is not None


def _one_event(a: SeenEvent, b: SeenEvent, placeless: bool) -> bool:
    if a.type != b.type or a.end_s < b.start_s or b.end_s < a.start_s:
        return False
    if a.track_ids and b.track_ids:
        return bool(set(a.track_ids) & set(b.track_ids))
    if a.box is None or b.box is None:
        return placeless
    return iou(a.box, b.box) >= SAME
