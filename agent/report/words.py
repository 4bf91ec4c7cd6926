"""Numbers, times and names as a reader sees them."""

from collections.abc import Sequence

_LABELS = {
    "person": "people",
    "vehicle": "vehicles",
    "bicycle": "bicycles",
    "animal": "animals",
    "bag": "bags",
    "package": "packages",
    "flame": "flames",
    "smoke": "smoke",
    "other": "other things",
    "object": "objects",
}


def plain(text: str) -> str:
    """The text in one line without control or direction characters: a name must not steer a reader."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def brief(text: str, length: int = 60) -> str:
    """The text in one line of at most so many characters."""
    text = plain(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def media_time(seconds: float) -> str:
    """`0:12`, `1:02:03`; tenths where they are not zero."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def lasting(seconds: float) -> str:
    """A length of time: `4.2 s`, `75 s`, `12 min`, `3 h 05 min`, `2 d 4 h`; two figures are enough for a reader."""
    if seconds < 9.95:
        return f"{round(seconds, 1):g} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def number(value: float) -> str:
    """`12,345`; what is no whole number with two digits after the point at most."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 event`, `12 events`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def labelled(count: int, label: str) -> str:
    """`1 person`, `12 people`."""
    return counted(count, label, _LABELS.get(label, f"{label}s"))


def plural(label: str) -> str:
    """`people`, `objects`."""
    return _LABELS.get(label, f"{label}s")


def happening(type_: str) -> str:
    """An event type in words: `object left`, `zone entered`."""
    return type_.replace("_", " ")


def listed(items: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; those beyond `most` are counted."""
    shown = list(items[:most])
    if len(items) > most:
        return ", ".join(shown) + f" and {len(items) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def share(value: float) -> str:
    """A share in per cent; only what is all says 100 %, only what is nothing 0 %."""
    percent = round(value * 100)
    if value < 1 and percent == 100:
        return "99.9 %" if value > 0.9985 else f"{value * 100:.1f} %"
    return "less than 1 %" if value > 0 and percent == 0 else f"{percent} %"
