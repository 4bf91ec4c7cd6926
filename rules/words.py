"""Words as they are compared and listed."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from re import findall

_CAPTION = 2000  # letters of a caption that are looked at


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """Words without case and accents, of the first 2,000 letters."""
    return frozenset(findall(r"\w+", folded(text[:_CAPTION])))


def folded(text: str) -> str:
    """Without case, accents and doubled space: NFKD, marks dropped, folded (Unicode 3.13, default caseless matching)."""
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).casefold().split())


def listed(values: Iterable[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`, in order of the alphabet."""
    names = sorted(values)
    return f" {joint} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
