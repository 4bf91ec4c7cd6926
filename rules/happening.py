"""What must be true of one event, in words: `a person (kind guard) enters zone gate`."""

from rules.sentence import plain, quoted, quoted_name
from rules.words import listed
from vidette.models import EventType
from vidette.rule_settings import WhenSettings

_HAPPENS = {
    EventType.OBJECT_ENTERED: "{who} comes into view",
    EventType.OBJECT_EXITED: "{who} goes out of view",
    EventType.OBJECT_STOPPED: "{who} stops",
    EventType.OBJECT_MOVED_OFF: "{who} moves off",
    EventType.LINE_CROSSED: "{who} crosses {line}{way}",
    EventType.ZONE_ENTERED: "{who} enters {zone}",
    EventType.ZONE_EXITED: "{who} leaves {zone}",
    EventType.LOITERING: "{who} loiters",
    EventType.RUNNING: "{who} runs",
    EventType.CROWD_FORMED: "a crowd forms",
    EventType.COUNT_CHANGED: "the number in view changes",
    EventType.OBJECT_LEFT: "{who} is left",
    EventType.OBJECT_ABANDONED: "{who} is abandoned",
    EventType.OBJECT_REMOVED: "{who} is taken away",
    EventType.SIGNAL_LOST: "the signal is lost",
    EventType.SIGNAL_RESTORED: "the signal is back",
    EventType.PICTURE_FROZEN: "the picture freezes",
    EventType.PICTURE_LOOPED: "the picture repeats",
    EventType.SCENE_CHANGED: "the scene changes",
    EventType.CAMERA_MOVED: "the camera is moved",
    EventType.VIEW_BLOCKED: "the view is blocked",
    EventType.TOO_DARK: "it is too dark",
    EventType.TOO_BRIGHT: "it is too bright",
    EventType.BLURRED: "the picture is blurred",
    EventType.CLOCK_JUMPED: "the clock jumps",
    EventType.CLOCK_WRONG: "the clock is wrong",
    EventType.HOST_OFFLINE: "a host goes offline",
    EventType.STORAGE_LOW: "storage runs low",
    EventType.SINK_DISABLED: "a sink is disabled",
    EventType.PERSON_FELL: "a person falls",
    EventType.FIGHT: "a fight is seen",
    EventType.WEAPON_SHOWN: "a weapon is shown",
    EventType.THEFT: "a theft is seen",
    EventType.TRAFFIC_ACCIDENT: "a traffic accident is seen",
    EventType.VEHICLE_STOPPED_ON_ROAD: "a vehicle stops on the road",
    EventType.DEBRIS_ON_ROAD: "debris is seen on the road",
    EventType.PPE_MISSING: "protective gear is missing",
    EventType.SHELF_EMPTY: "a shelf is empty",
    EventType.QUEUE_FORMED: "a queue forms",
    EventType.PARCEL_DELIVERED: "a parcel is delivered",
    EventType.SPILL: "a spill is seen",
    EventType.MACHINE_FAULT: "a machine fault is seen",
    EventType.OTHER: "something else is seen",
}
_IN_ZONE = frozenset({EventType.ZONE_ENTERED, EventType.ZONE_EXITED})
_AT_LINE = frozenset({EventType.LINE_CROSSED})
_WORD = 120


def happening(when: WhenSettings) -> str:
    """What happens, where, how surely; without how long."""
    parts = [
        _what(when),
        f" with {words} in the caption" if (words := quoted(when.caption)) else "",
        f" in {_names('zone', when.zone)}" if when.zone and not _all_of(when, _IN_ZONE) else "",
        f" at {_names('line', when.line)}" if when.line and not _all_of(when, _AT_LINE) else "",
        f" going {when.direction}" if when.direction and EventType.LINE_CROSSED not in when.event else "",
        where_and_how_sure(when),
    ]
    return "".join(parts)


def where_and_how_sure(when: WhenSettings) -> str:
    """` on yard, at least 60% sure,`, each where it is asked for."""
    on = f" on {listed(map(quoted_name, when.stream))}" if when.stream else ""
    return f"{on}, at least {when.confidence:.0%} sure," if when.confidence else on


def _what(when: WhenSettings) -> str:
    who, asked = _who(when), bool(when.label or when.attributes)
    if not when.event:
        return f"anything happens to {who}" if asked else "anything happens"
    words = {"who": who, "zone": _names("zone", when.zone), "line": _names("line", when.line)}
    way = f" {when.direction}" if when.direction else ""
    return listed(_told(type_, asked).format(**words, way=way) for type_ in when.event)


def _who(when: WhenSettings) -> str:
    what = listed(f"{'an' if label[0] in 'aeiou' else 'a'} {label}" for label in when.label) or "a thing"
    asked = (f"{plain(key, _WORD) or '?'} {listed(_plain(values))}" for key, values in sorted(when.attributes.items()))
    return f"{what} ({', '.join(asked)})" if when.attributes else what


def _plain(values: tuple[str, ...]) -> list[str]:
    return [plain(value, _WORD) or "?" for value in values]


def _all_of(when: WhenSettings, types: frozenset[EventType]) -> bool:
    """Whether every type that is asked for says the place itself."""
    return bool(when.event) and types.issuperset(when.event)


def _names(noun: str, names: tuple[str, ...]) -> str:
    return f"{noun} {listed(map(quoted_name, names))}" if names else f"a {noun}"


def _told(type_: EventType, asked: bool) -> str:
    """The words of a type; whom it is about is added where it says nothing of anybody, and somebody is asked for."""
    told = _HAPPENS.get(type_, f"{str(type_).replace('_', ' ')} is seen")
    return told if "{who}" in told or not asked else f"{told} with {{who}}"
