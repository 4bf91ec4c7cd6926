"""JSON as models write it: single quotes, trailing commas, Python's literals, line breaks in texts. Nothing is guessed.

An object that is cut off is not closed: what would have come is not known.
"""

import re
from typing import Any

_DEEP = 12
_LONGEST_NUMBER = 40
_SPACE = re.compile(r"[\s\ufeff]*")
_WORD = re.compile(r"[A-Za-z]+")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PLAIN = re.compile(r"[^\\\"']+")
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Fault(ValueError):
    """Why a text is not readable: a few words."""


def parse(text: str, at: int) -> tuple[Any, int]:
    """The object that begins at `at`, and where it ends. Raises Fault."""
    return _Text(text).value(at, 0)


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > _DEEP:
            raise Fault("nested too deeply")
        at = self._skip(at)
        match self._char(at):
            case "{":
                return self._table(at + 1, depth)
            case "[":
                return self._list(at + 1, depth)
            case '"' | "'":
                return self._string(at)
        return self._plain(at)

    def _char(self, at: int) -> str:
        if at >= len(self._text):
            raise Fault("cut off before its end")
        return self._text[at]

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        assert found is not None
        return found.end()

    def _table(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        out: dict[str, Any] = {}
        while self._char(at := self._skip(at)) != "}":
            if self._char(at) not in "\"'":
                raise Fault(f"a key without quotes at character {at}")
            key, at = self._string(at)
            if self._char(at := self._skip(at)) != ":":
                raise Fault(f"no `:` behind a key at character {at}")
            if key in out:
                raise Fault(f"the key {key[:40]!r} is there twice")
            out[key], at = self.value(at + 1, depth + 1)
            at = self._comma(at, "}")
        return out, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        out: list[Any] = []
        while self._char(at := self._skip(at)) != "]":
            one, at = self.value(at, depth + 1)
            out.append(one)
            at = self._comma(at, "]")
        return out, at + 1

    def _comma(self, at: int, end: str) -> int:
        """Behind the comma, of which the last may be one too many; at the end where there is none."""
        found = self._char(at := self._skip(at))
        if found not in (",", end):
            raise Fault(f"no comma at character {at}")
        return at + 1 if found == "," else at

    def _string(self, at: int) -> tuple[str, int]:
        quote, parts = self._text[at], []
        at += 1
        while (char := self._char(at)) != quote:
            if char == "\\":
                part, at = self._escape(at + 1)
            else:
                found = _PLAIN.match(self._text, at)
                part = found[0] if found else char  # the other kind of quote
                at += len(part)
            parts.append(part)
        return _unicode("".join(parts)), at + 1

    def _escape(self, at: int) -> tuple[str, int]:
        char = self._char(at)
        if char != "u":
            return _ESCAPES.get(char, char), at + 1
        digits = self._text[at + 1 : at + 5]
        if not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
            raise Fault(f"a damaged \\u at character {at}")
        return chr(int(digits, 16)), at + 5

    def _plain(self, at: int) -> tuple[Any, int]:
        word = _WORD.match(self._text, at)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        number = _NUMBER.match(self._text, at)
        if number is None or len(number[0]) > _LONGEST_NUMBER:
            raise Fault(f"no value at character {at}")
        whole = number[0].lstrip("+-").isdecimal()
        return (int(number[0]) if whole else float(number[0])), number.end()


def _unicode(text: str) -> str:
    """Pairs of surrogates, as `\\u` writes them, as the characters they are; a lone one as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
