"""A rule in words, as `vidette rules list` prints it."""

from datetime import tzinfo

from rules.active import active_of
from rules.sentence import duration
from rules.words import listed
from vidette.models import EventType
from vidette.rule_settings import RuleSettings, WhenSettings

_HAPPENS = {
    EventType.OBJECT_ENTERED: "{who} comes into view",
    EventType.OBJECT_EXITED: "{who} goes out of view",
    EventType.OBJECT_STOPPED: "{who} stops",
    EventType.OBJECT_MOVED_OFF: "{who} moves off",
    EventType.LINE_CROSSED: "{who} crosses {line}",
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
}
_IN_ZONE = frozenset({EventType.ZONE_ENTERED, EventType.ZONE_EXITED})
_AT_LINE = frozenset({EventType.LINE_CROSSED})


def reading(rule: RuleSettings, tz: tzinfo) -> str:
    """`alert (high) when a thing is left in zone entrance and stays so for 60 s, Mon-Fri 08:00-18:00 Europe/Paris`."""
    hours = active_of(rule.active, tz)
    parts = [
        f"alert ({rule.severity}) when {condition(rule.when)}",
        str(hours) if hours else "",
        f"at most one message every {duration(rule.cooldown_s)}" if rule.cooldown_s else "",
        f"telling {listed(rule.sinks, 'and')}" if rule.sinks else "",
    ]
    return ", ".join(part for part in parts if part)


def condition(when: WhenSettings) -> str:
    """What must be true, in words."""
    parts = [
        _happening(when),
        f" with “{when.caption}” in the caption" if when.caption else "",
        f" in {_names('zone', when.zone)}" if when.zone and not _all_of(when, _IN_ZONE) else "",
        f" at {_names('line', when.line)}" if when.line and not _all_of(when, _AT_LINE) else "",
        f" on {listed(when.stream)}" if when.stream else "",
        f", at least {when.confidence:.0%} sure," if when.confidence else "",
        f" and stays so for {duration(when.for_s)}" if when.for_s else "",
    ]
    return "".join(parts).rstrip(",")


def _happening(when: WhenSettings) -> str:
    who = listed(f"{'an' if label[0] in 'aeiou' else 'a'} {label}" for label in when.label) if when.label else "a thing"
    if not when.event:
        return f"anything happens to {who}" if when.label else "anything happens"
    zone, line = _names("zone", when.zone), _names("line", when.line)
    return listed(_HAPPENS.get(type_, _told(type_)).format(who=who, zone=zone, line=line) for type_ in when.event)


def _all_of(when: WhenSettings, types: frozenset[EventType]) -> bool:
    """Whether every type that is asked for says the place itself."""
    return bool(when.event) and types.issuperset(when.event)


def _names(noun: str, names: tuple[str, ...]) -> str:
    return f"{noun} {listed(names)}" if names else f"a {noun}"


def _told(type_: EventType) -> str:
    return f"{str(type_).replace('_', ' ')} is seen"
