"""Captions by their words: filters first, then BM25 (Robertson, Zaragoza, 2009; SQLite FTS5) ranks what is left."""

import re
from dataclasses import replace

from agent.ask.covering import covered
from agent.ask.evidence import MOST_CLAIMS, Asked, unknown
from agent.ask.footage import Footage
from agent.ask.likeness import fused
from agent.ask.lookup import SEEN_BY_PIXELS
from agent.ask.names import Known, find_names, normal
from agent.ask.say import plain
from agent.ask.times import read_times
from vidette.answers import Answer, Claim, Plan
from vidette.models import EventType
from vidette.queries import Events, Filter, Segments
from vidette.rows import EventRow, SegmentRow

_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{2,400})[\"“”«»]")
_EXPLICIT = re.compile(
    r"^(?:please )?(?:search|look|find)(?: (?:the |all |in )?(?:captions?|descriptions?|text|words))?(?: (?:for|about|of|with|mentioning|that mention|that say|saying|where))+ (?P<words>.+)$"
    r"|^(?:which |what |show |list |find )?(?:me )?(?:the |all )?(?:captions?|descriptions?) (?:about|of|with|mention|mentioning|that mention|say|saying|that say|contain|containing) (?P<more>.+)$"
    r"|^(?:was|is|were|are) (?P<said>.+?) (?:ever )?(?:mentioned|described)(?: (?:in|by) (?:the |a )?captions?)?(?P<tail>.*)$"
)
_AMOUNT = re.compile(r"^(?:how (?:many|much|often|long)|number of|count|is it true|will|why)\b")
_COMMON = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "like",
        "me",
        "more",
        "most",
        "my",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "s",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "t",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "two",
        "under",
        "until",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
_WORDS_AS_ASKED = 25
_POOL = 50
_MEANT = tuple(t for t in EventType if t not in SEEN_BY_PIXELS)


def asked_for(question: str, known: Known, footage: Footage) -> Plan | None:
    """The plan of a question that names the words to look for, in quotes or after "search for"; else None."""
    if quoted := _QUOTED.search(question):
        rest = f"{question[: quoted.start()]} {question[quoted.end() :]}"
        where, _ = filtered(normal(rest), known, footage)
        return _plan(quoted[1], where)
    found = _EXPLICIT.match(normal(question))
    if not found:
        return None
    text = found["words"] or found["more"] or f"{found['said']} {found['tail'] or ''}"
    where, words = filtered(text, known, footage)
    return _plan(words, where)


def by_its_words(question: str, known: Known, footage: Footage) -> Plan | None:
    """The plan that looks for what a question says among what others said of the pictures, None where it asks for an amount.

    A long text is a caption itself, so nothing in it is read as a name or a time.
    """
    text = normal(question)
    if _AMOUNT.match(text):
        return None
    where, words = (Filter(), text) if text.count(" ") >= _WORDS_AS_ASKED else filtered(text, known, footage)
    return _plan(words, replace(where, types=_MEANT))


def filtered(text: str, known: Known, footage: Footage) -> tuple[Filter, str]:
    """Streams and times in a text as a filter, and the words without them."""
    named = find_names(text, known)
    words = named.text if named.streams and not named.zones and not named.lines else text
    rest, window = read_times(words, footage)
    if window.problem:
        rest, window = words, replace(window, from_s=None, to_s=None, since=None, until=None)
    return (
        Filter(
            streams=named.streams if words is named.text else (),
            since=window.since,
            until=window.until,
            from_s=window.from_s,
            to_s=window.to_s,
        ),
        rest,
    )


def _plan(text: str, where: Filter) -> Plan | None:
    words = telling_words(text)
    if not words:
        return None
    where, said = replace(where, text=" ".join(words), any_word=True), " ".join(text.split())
    return Plan(kind="search", where=where, subject="caption", subjects="captions", verb="found", said=said)


def telling_words(text: str) -> list[str]:
    """The words of a text that tell something, each once, at most 60."""
    words = re.findall(r"\w+", text.casefold())
    return list(dict.fromkeys(word for word in words if word not in _COMMON and len(word) > 1))[:60]


def found_by_words(asked: Asked, *, least: float) -> Answer | None:
    """Captions that hold at least that share (0..1) of the words, or mean the same, the best first; None where none does."""
    where = asked.plan.where
    words = where.text.split()
    rows = _events(asked, words, least) or _segments(asked, words, least)
    if not rows:
        return None
    footage, streams = asked.clock.footage, tuple({row.stream for row in rows})
    kept = tuple(stream for stream in footage.streams if stream.name in streams)
    claims = tuple(Claim(text=_said(asked, row, words), citations=cited(asked, row)) for row in rows)
    most = f"; the best has {round(100 * _share(words, _told(rows[0])))} % of the words"
    text = f"{len(rows)} caption{'s' if len(rows) > 1 else ''} found{most}: {claims[0].text}."
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=text,
        claims=claims,
        rows=tuple(rows),
        coverage=covered(asked.store, replace(where, streams=streams), replace(footage, streams=kept)),
        value=len(rows),
        unit="captions",
    )


def _events(asked: Asked, words: list[str], least: float) -> list[EventRow | SegmentRow]:
    where = asked.plan.where
    worded = asked.store.read(Events(where=where, order="rank", limit=_pool(asked)))
    near = asked.likeness.by_meaning(asked.store, "event", asked.plan.said, _any(where), _POOL)
    held = {row.id: row for row in worded if _share(words, row.caption) >= least}
    best = fused(list(held), [one.id for one in near])[:MOST_CLAIMS]
    more = tuple(id_ for id_ in best if id_ not in held)
    if more:
        held |= {row.id: row for row in asked.store.read(Events(where=Filter(ids=more), limit=MOST_CLAIMS))}
    return [held[id_] for id_ in best if id_ in held]


def _segments(asked: Asked, words: list[str], least: float) -> list[EventRow | SegmentRow]:
    where = replace(asked.plan.where, types=())
    worded = asked.store.read(Segments(where=where, order="rank", limit=_pool(asked)))
    near = asked.likeness.by_meaning(asked.store, "segment", asked.plan.said, _any(where), _POOL)
    held = {row.id: row for row in worded if _share(words, _told(row)) >= least}
    best = fused(list(held), [one.id for one in near])[:MOST_CLAIMS]
    more = tuple(id_ for id_ in best if id_ not in held)
    if more:
        held |= {row.id: row for row in asked.store.read(Segments(where=Filter(ids=more), limit=MOST_CLAIMS))}
    return [held[id_] for id_ in best if id_ in held]


def _pool(asked: Asked) -> int:
    """So many are ranked by their words: more than are told where another ranking is fused with it."""
    return _POOL if asked.likeness.captions else MOST_CLAIMS


def _any(where: Filter) -> Filter:
    """The filter without its words."""
    return replace(where, text="", any_word=False)


def _told(row: EventRow | SegmentRow) -> str:
    """Caption, and what can be read in the pictures of a segment."""
    read = (frame.text for frame in row.keyframes) if isinstance(row, SegmentRow) else ()
    return " / ".join(filter(None, (row.caption, *read)))


def none_found(asked: Asked) -> Answer:
    """No caption has any of the words: it is not told that none of it happened."""
    return unknown(asked, f"cannot tell: no caption has any of the words {plain(asked.plan.where.text, 200)!r}")


def _said(asked: Asked, row: EventRow | SegmentRow, words: list[str]) -> str:
    if isinstance(row, EventRow):
        return asked.clock.claim(row)
    clock, what = asked.clock, plain(row.caption, 160)
    read = max((frame.text for frame in row.keyframes), key=lambda text: _share(words, text), default="")
    if _share(words, read) > _share(words, row.caption):
        what = f"{plain(read, 160)!r} can be read"
    return f"{what}, from {clock.at(row.start, row.start_s)} to {clock.at(row.end, row.end_s)}{clock.on(row.stream)}"


def cited(asked: Asked, row: EventRow | SegmentRow) -> tuple[str, ...]:
    """Events that show a row: an event cites itself; a stretch the events that began in it."""
    if isinstance(row, EventRow):
        return (row.id,)
    where = Filter(streams=(row.stream,), since=row.start, until=row.end, starts_inside=True)
    return tuple(event.id for event in asked.store.read(Events(where=where, limit=5, brief=True)))


def _share(words: list[str], caption: str) -> float:
    """How many of the words a caption has, whatever their endings."""
    said = re.findall(r"\w+", caption.casefold())
    exact, stems = set(said), {_stem(word) for word in said}
    return sum(word in exact or _stem(word) in stems for word in words) / len(words) if words else 0.0


def _stem(word: str) -> str:
    """A rough stem: what is cut off the end is what English adds there."""
    return re.sub(r"(?:ing|ed|es|s|ly|e)$", "", word) if len(word) > 4 else word
