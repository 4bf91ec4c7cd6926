"""Slips of the pen: a word that is not known, read as the one known word that it is a slip of, and said so."""

import re
from collections.abc import Iterable

from agent.ask.words import SINGLE

_LONG = 8
_FEW = 4
_SHORT = frozenset({"the", "how", "was", "did", "any", "and"})


def slip_of(word: str, names: Iterable[str]) -> str:
    """The one known word that this is a slip of; empty where there is none, or more than one.

    Two letters beside each other that changed places, in words of five letters or more, in names and in a few short
    words; in words of eight letters also one that is missing, or
    too many. The first letter of longer words is always right. Another letter in the place of one is no slip: it
    makes another word too often ("trunk", "truck").
    """
    called = {part for name in names for part in re.findall(r"[^\W\d_]{4,}", name.casefold())}
    if word in SINGLE or word in called or not re.fullmatch(r"[^\W\d_]{3,30}", word):
        return ""
    long = {one for one in SINGLE if len(one) > _FEW}
    for slip, known in (
        (_swapped, {*long, *called, *_SHORT}),
        (_lacks, {*long, *called}),
        (_has_one_more, {*long, *called}),
    ):
        near = [other for other in known if slip(word, other)]
        if near:
            return near[0] if len(near) == 1 else ""
    return ""


def _swapped(word: str, other: str) -> bool:
    if len(word) != len(other):
        return False
    apart = [at for at in range(len(word)) if word[at] != other[at]]
    if len(apart) != 2 or apart[1] != apart[0] + 1 or (apart[0] == 0 and len(word) > 3):
        return False
    first, second = apart
    return word[first] == other[second] and word[second] == other[first]


def _has_one_more(word: str, other: str) -> bool:
    return _lacks(other, word)


def _lacks(short: str, long: str) -> bool:
    """Whether one letter of a long word is missing."""
    if len(long) - len(short) != 1 or len(long) < _LONG or short[0] != long[0]:
        return False
    return any(long[:at] + long[at + 1 :] == short for at in range(1, len(long)))
