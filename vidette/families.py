"""Families of event types (design §7); `other` is in none of them."""

from vidette.models import EventType

PRESENCE = frozenset(
    {
        EventType.OBJECT_ENTERED,
        EventType.OBJECT_EXITED,
        EventType.OBJECT_STOPPED,
        EventType.OBJECT_MOVED_OFF,
        EventType.LINE_CROSSED,
        EventType.ZONE_ENTERED,
        EventType.ZONE_EXITED,
        EventType.LOITERING,
        EventType.RUNNING,
        EventType.CROWD_FORMED,
        EventType.COUNT_CHANGED,
    }
)
THINGS = frozenset({EventType.OBJECT_LEFT, EventType.OBJECT_ABANDONED, EventType.OBJECT_REMOVED})
SIGNAL = frozenset({EventType.SIGNAL_LOST, EventType.SIGNAL_RESTORED})
CLOCK = frozenset({EventType.CLOCK_JUMPED, EventType.CLOCK_WRONG})
PICTURE = frozenset(
    {
        EventType.PICTURE_FROZEN,
        EventType.PICTURE_LOOPED,
        EventType.SCENE_CHANGED,
        EventType.CAMERA_MOVED,
        EventType.VIEW_BLOCKED,
        EventType.TOO_DARK,
        EventType.TOO_BRIGHT,
        EventType.BLURRED,
    }
)
CAMERA = SIGNAL | CLOCK | PICTURE
SYSTEM = frozenset({EventType.HOST_OFFLINE, EventType.STORAGE_LOW, EventType.SINK_DISABLED})
MEANING = frozenset(EventType) - PRESENCE - THINGS - CAMERA - SYSTEM - {EventType.OTHER}
"""What only a vision-language model tells."""
