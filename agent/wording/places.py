"""Zones, lines and streams in a sentence, by the names that the settings give them; a slip of the pen is read as the name."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.wording.left import Left, normal
from agent.wording.vocabulary import FILL, VOCABULARY
from vidette.settings import StreamSettings

_SORTS = {"zones": r"zone|area|region", "lines": r"line|tripwire", "streams": r"camera|cam|stream|feed"}
_BEFORE = r"(?:(?:in|at|on|near|by|into|inside|within|through|from|of|over|across|past|onto|to|around|outside|along|for|towards?) )?(?:the )?"
_GUESS = re.compile(
    r"\b(?:in|at|near|into|inside|through|to|from|across|over|by|on) the ([a-z][\w-]*(?: [a-z][\w-]*)?)"
)
_LINE = re.compile(r"\bcross(?:es|ed|ing)? (?:the )?([a-z][\w-]*)(?: line)?\b")
_NEAR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The places of one clause; `text` is the clause without them."""

    text: str
    zones: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Names that the settings give."""

    zones: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()

    def take(self, left: Left) -> Named:
        """The places that the clause names; the longest names first: a front door is no door."""
        _correct(left, self)
        found: dict[str, list[str]] = {sort: [] for sort in _SORTS}
        names = [(name, sort) for sort in _SORTS for name in getattr(self, sort)]
        for name, sort in sorted(names, key=lambda one: -len(one[0])):
            while left.take(_pattern(name, _SORTS[sort])):
                found[sort].append(name)
        if not any((self.zones, self.lines)):
            self._guess(left, found)
        return Named(text=left.text, **{sort: tuple(dict.fromkeys(there)) for sort, there in found.items()})

    def _guess(self, left: Left, found: dict[str, list[str]]) -> None:
        """Where nothing has a name yet, the place that the clause names is one that is still to be drawn."""
        for pattern, sort in ((_LINE, "lines"), (_GUESS, "zones")):
            said = pattern.search(left.text)
            name = said[1] if said else ""
            words = [word for word in name.split() if word in VOCABULARY]
            if said is None or name in ("line", "camera", "picture", "view", "scene") or (words and " " not in name):
                continue
            name = name if not words else name.split()[0]
            if name in VOCABULARY:
                continue
            left.text = left.text[: said.start(1)] + left.text[said.start(1) + len(name) :]
            left.text = " ".join(left.text.split())
            found[sort].append(name)
            left.doubts.append(f"no {sort[:-1]} {name!r} in the settings: draw it, or say another place")


def places_of(streams: Iterable[StreamSettings]) -> Places:
    """The names that these streams give, and their own."""
    rows = list(streams)
    return Places(
        zones=tuple(dict.fromkeys(zone.name for row in rows for zone in row.zones)),
        lines=tuple(dict.fromkeys(line.name for row in rows for line in row.lines)),
        streams=tuple(row.name for row in rows),
    )


def _pattern(name: str, sort: str) -> "re.Pattern[str]":
    """A name that is an ordinary word, too, counts only beside the word for its sort, or after `the`."""
    plain = normal(name)
    written = r"[-_ ]?".join(re.escape(part) for part in re.split(r"[-_ ]+", plain) if part)
    marked = rf"(?<![\w-]){_BEFORE}(?:(?:{sort}) {written}|{written} (?:{sort}))s?(?![\w-])"
    free = rf"(?<![\w-]){_BEFORE}{written}(?![\w-])"
    article = rf"(?<![\w-])(?:(?:in|at|on|near|by|into|inside|through|from|over|across|to) )?the {written}(?![\w-])"
    return re.compile(f"{marked}|{article if plain in VOCABULARY else free}")


def _correct(left: Left, places: Places) -> None:
    """Words that are nearly a name, written as that name."""
    names = {normal(name): name for name in (*places.zones, *places.lines, *places.streams)}
    words = left.text.split()
    for at, word in enumerate(words):
        if len(word) < 3 or word in VOCABULARY or word in FILL or any(word in name.split() for name in names):
            continue
        near = difflib.get_close_matches(word, names, n=2, cutoff=_NEAR)
        if len(near) == 1:
            words[at] = near[0]
            left.notes.append(f"{word!r} is read as {names[near[0]]!r}")
    left.text = " ".join(words)
