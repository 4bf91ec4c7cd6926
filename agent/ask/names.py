"""Names in a question: the streams, zones and lines that exist, and those that do not."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agent.ask.words import SINGLE, WORDS
from vidette.ports import GraphStore
from vidette.queries import StreamOf, Streams
from vidette.rows import StreamRow

_TAG = re.compile(r"[-_ .][0-9a-f]{8}$")
_STREAM = r"(?:stream|camera|cam|feed|file|video|clip)"
_PLACE = r"(?:zone|area|region)"
_SLIP = re.compile(r"(?!(?:mon|tues|wednes|thurs|fri|satur|sun)day$|yesterday$)[^\W\d_][\w-]*")
_NUMBERED = re.compile(r"\b(?:camera|cam|stream) (?:number |no )?(\d{1,6})\b(?! ?[-_])")
_NUMBERED_NAME = re.compile(r"(?:camera|cam|stream)[-_ ]?0*(\d{1,6})")
_WAY = re.compile(r"\x01 (?:to|into|and then) (?:the )?\x01")
_PART = re.compile(
    r"\b(?:left|right|top|bottom|middle|cent(?:re|er)|corner|side|half|end|edge|back|front) (?:side |half |part |corner )?of (?:the )?\x01"
)
_PART_SAID = "nothing is told by parts of a picture; name a zone there in the settings, and ask of that"
_WAY_SAID = "nothing here follows things from one place to another; ask of each place"
_PREPOSITION = re.compile(r"(?<!\S)(?:to|of|about|for|near|past|beside) (?:the )?\x01")
_FROM = re.compile(r"(?<!\S)(?:from|off) (?:the )?\x01")
_TAKEN = re.compile(r"\b(?:tak(?:e|en|es|ing)|took|st[oe]le?n?|steals?|remov\w+|missing|picked|carried|disappear\w*)\b")
_COMING = re.compile(
    r"\b(?:c[oa]m(?:e|es|ing)|go|goes|went|going|walk\w*|dr[io]v\w+|enter\w*|arriv\w+|r[ua]n\w*|mov\w+|cross\w*)\b"
)
_PLACE_WORD = "".join(
    f"(?<={word} )|" for word in ("at", "on", "in", "of", "to", "from", "the", "for", "near", "than", "or")
).rstrip("|")
_OF_TIME = frozenset({"till", "until", "before", "after", "since", "while", "during", "between", "once", "as"})
_MOST = 200
_NOT_NAMES = frozenset(
    [
        "the",
        "a",
        "an",
        "any",
        "which",
        "what",
        "this",
        "that",
        "is",
        "was",
        "are",
        "were",
        "in",
        "on",
        "at",
        "of",
        "no",
        "every",
        "each",
        "one",
        "two",
    ]
)


@dataclass(frozen=True, slots=True)
class Known:
    """What can be named: stream rows, and the names of zones and lines."""

    streams: tuple[StreamRow, ...]
    zones: tuple[str, ...]
    lines: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """All of them, of files also without their tags."""
        return (*_stream_names(self.streams), *self.zones, *self.lines)

    def said(self) -> str:
        """The names that exist, for a person."""
        parts = [
            f"streams: {_listed([s.name for s in self.streams])}",
            f"zones: {_listed(self.zones)}",
            f"lines: {_listed(self.lines)}",
        ]
        return "; ".join(part for part in parts if not part.endswith(": none")) or "nothing has a name yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a question names; `text` is the question without the names."""

    text: str
    streams: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def known(store: GraphStore) -> Known:
    """What the store has names for (of zones and lines: those of the first 200 streams)."""
    rows = store.read(Streams())
    streams = [found for row in rows[:_MOST] if (found := store.read(StreamOf(name=row.name)))]
    zones = {zone.name for stream in streams for zone in stream.zones}
    lines = {line.name for stream in streams for line in stream.lines}
    return Known(tuple(rows), tuple(sorted(zones)), tuple(sorted(lines)))


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Lower case, plain quotes, no punctuation but what times and names need."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("‘", "'")
    text = re.sub(r"\b(what|who|when|where|how)'?s\b", r"\1 is", text)
    text = re.sub(r"[^\w\s:.'&/,–-]|\x00|\x01", " ", text)
    text = re.sub(r"\b([ap])\.m\b\.?", r"\1m", text)
    text = re.sub(r"[.,:'](?=\s|$)|(?:^|(?<=\s))[.,:'](?=\S)", " ", text)
    return " ".join(text.split())


def find_names(text: str, known: Known) -> Named:
    """Takes the names out of a normalised question; a slip of the pen is read as the one name it is near to."""
    text, notes = _corrected(text, known)
    text, (lines, zones, streams) = _taken(
        text,
        ({name: (name,) for name in known.lines}, r"(?:line)"),
        ({name: (name,) for name in known.zones}, _PLACE),
        (_stream_names(known.streams), _STREAM),
    )
    problem = _WAY_SAID if _WAY.search(text) else _PART_SAID if _PART.search(text) else _unknown(text, known)
    text = _PREPOSITION.sub("\x01", text)
    text = _FROM.sub("\x01", text) if _TAKEN.search(text) or not _COMING.search(text) else text
    text = re.sub(r"\x01(?: (?:and |or )?(?:the )?\x01)+", "\x01", " ".join(text.replace("\x01", " \x01 ").split()))
    return Named(
        text=text.replace("\x01", " "), streams=streams, zones=zones, lines=lines, notes=notes, problem=problem
    )


def _corrected(text: str, known: Known) -> tuple[str, tuple[str, ...]]:
    """The text with words that are nearly a name written as that name, and what was read so."""
    text = _NUMBERED.sub(lambda found: _numbered(found, known), text)
    names = {normal(name): name for name in (*_stream_names(known.streams), *known.zones, *known.lines)}
    words, notes = text.split(), []
    for at, word in enumerate(words):
        if len(word) < 4 or len(word) > 60 or word in SINGLE or word in names or not _SLIP.fullmatch(word):
            continue
        near = difflib.get_close_matches(word, names, n=2, cutoff=0.82)
        if len(near) == 1 and not any(word in name.split() for name in names):
            words[at] = near[0]
            notes.append(f"{word!r} read as {names[near[0]][:60]!r}")
    return " ".join(words), tuple(notes)


def _numbered(found: re.Match[str], known: Known) -> str:
    """ "camera 2" is cam2, camera-02 or the like, where there is one such."""
    same = [
        s.name
        for s in known.streams
        if (n := _NUMBERED_NAME.fullmatch(s.name.casefold())) and int(n[1]) == int(found[1])
    ]
    return normal(same[0]) if len(same) == 1 else found[0]


def _stream_names(rows: Iterable[StreamRow]) -> dict[str, tuple[str, ...]]:
    """Names and, for files, their stems without the tag that tells files of one name apart."""
    out: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for name in {row.name, _TAG.sub("", row.name)}:
            out[name] = (*out.get(name, ()), row.name)
    return out


def _taken(text: str, *sorts: tuple[dict[str, tuple[str, ...]], str]) -> tuple[str, list[tuple[str, ...]]]:
    """The text without names, and those of each sort; the longest first: a front door is no door."""
    found: list[list[str]] = [[] for _ in sorts]
    names = [(name, at) for at, (known, _) in enumerate(sorts) for name in known]
    for name, at in sorted(names, key=lambda one: (-len(one[0]), one[1])):
        known, word = sorts[at]
        plain = normal(name)
        if not plain or re.sub(r"[-_ ]", "", plain) not in re.sub(r"[-_ ]", "", text):
            continue
        pattern = _pattern(plain, word)
        if re.search(pattern, text):
            found[at] += known[name]
            text = re.sub(pattern, "\x01", text)
    return text, [tuple(dict.fromkeys(names)) for names in found]


def _pattern(plain: str, word: str) -> str:
    """A name that could be an ordinary word or a number counts only beside the word for its sort.

    One of several such words ("till 2"), or one that is only part of phrases, counts also where a place is spoken
    of: "at till 2", "off the shelf".
    """
    name = r"[-_ ]?".join(re.escape(part) for part in re.split(r"[-_ ]", plain) if part)
    marked = rf"(?<!\S)(?:the )?{word} {name}(?!\S)|(?<!\S)(?:the )?{name} {word}(?!\S)"
    if re.fullmatch(r"(?!going|running)[a-z]+ing", plain) and plain in SINGLE:
        return rf"{marked}|(?<!\S)the {name}(?!\S)"  # "the parking" is a place, "parking" alone is not
    ordinary = all(
        part in SINGLE or part in _NOT_NAMES or part in _OF_TIME or not re.search(r"[^\W\d]", part)
        for part in plain.split()
    )
    told = re.match(rf"{word}\b.*\d", plain)  # "camera 02" is nothing else
    if ordinary and not told:
        of_phrases = plain in SINGLE and plain not in WORDS  # "shelf" says nothing, "empty shelf" does
        placed = " " in plain or plain in _OF_TIME or of_phrases
        return rf"{marked}|(?:{_PLACE_WORD}){name}(?!\S)" if placed else marked
    return rf"{marked}|(?<!\S){name}(?!\S)"


def _unknown(text: str, known: Known) -> str:
    patterns = (r"\b(?:stream|camera|cam|zone|area|region|line) ([\w./-]+)", rf"([\w./-]+) {_PLACE}\b")
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            if found[1] not in SINGLE and found[1] not in _NOT_NAMES:
                return f"nothing here is called {found[1][:60]!r}; {known.said()}"
    return ""


def _listed(names: Iterable[str]) -> str:
    rows = list(names)
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return ", ".join(name[:60] for name in rows[:8]) + more if rows else "none"
