"""Which events a question is about, in its order; of words that very many events hold, not all of these are looked at.

As in the embedded store (graph.reading.finding): an order by time looks among the filter's events nearest in time first, and
rank is given among the filter's newest. Where nothing else is asked, the index of words gives the best there are.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, one, rows
from graph.cypher.reading.timely import first, is_timely
from graph.cypher.where import Where
from vidette.queries import Events, Filter

MANY = 3_000
"""Where more events than this hold the words, not all of them are ranked or sorted."""
LOOKED = 2_000
"""So many of a filter's events, nearest in time, are looked through for words that many hold."""
_SATURATION, _LENGTH = 1.2, 0.75
"""Lucene's k1 and b."""
# An open event or track is the longest: it has not ended.
_ORDERS = {
    "start": "{}.start, {}.id",
    "-start": "{}.start DESC, {}.id DESC",
    "duration": "{}.end_pts IS NULL, {}.end_pts - {}.start_pts, {}.start, {}.id",
    "-duration": "{}.end_pts IS NOT NULL, {}.end_pts - {}.start_pts DESC, {}.start, {}.id",
}
_BEST = " ORDER BY score DESC, e.start, e.id"
_COMMON = (
    "CALL db.index.fulltext.queryNodes('event_words', $phrase, {skip: $skip, limit: 1}) YIELD node RETURN node.id AS id"
)
_HOLDS = {
    False: "all(stem IN $stems WHERE ' ' + e.words + ' ' CONTAINS stem)",
    True: "any(stem IN $stems WHERE ' ' + e.words + ' ' CONTAINS stem)",
}


def order_by(variable: str, order: str) -> str:
    """The ORDER BY of a node; those of equal time follow their ids."""
    return " ORDER BY " + _ORDERS.get(order, _ORDERS["start"]).replace("{}", variable)


def find(transaction: Transaction, query: Events) -> list[str]:
    """Ids of the first `limit` events in the query's order."""
    asked, limit = query.where, max(0, query.limit)
    timely = query.order in ("start", "-start", "rank")
    if timely and is_timely(asked):
        return first(transaction, asked, query.order, limit)
    if timely and asked.text and not asked.ids and common(transaction, conditions.phrase(asked)):
        return _ranked(transaction, asked, limit) if query.order == "rank" else _worded(transaction, query, limit)
    return _sorted(transaction, query, limit)


def common(transaction: Transaction, phrase: str) -> bool:
    """Whether very many events hold the words."""
    return one(transaction, _COMMON, phrase=phrase, skip=MANY) is not None


def _sorted(transaction: Transaction, query: Events, limit: int) -> list[str]:
    """The first of all that match."""
    words = query.where.text
    order = _BEST if query.order == "rank" and words else order_by("e", query.order)
    return _first(transaction, conditions.events(transaction, query.where), "e, score" if words else "e", order, limit)


def _first(transaction: Transaction, where: Where, names: str, order: str, limit: int) -> list[str]:
    found = rows(transaction, f"{where.first(names, order)} RETURN e.id AS id", **where.values, limit=limit)
    return [row["id"] for row in found]


def _worded(transaction: Transaction, query: Events, limit: int) -> list[str]:
    """The first in time: among the filter's first ones, and only where those do not suffice among all that hold the words."""
    found, every = _near(transaction, query.where, query.order, "e.id", limit)
    return found if every or len(found) == limit else _sorted(transaction, query, limit)


def _near(transaction: Transaction, asked: Filter, order: str, told: str, limit: int) -> tuple[list[Any], bool]:
    """What is told of those that hold the words among a filter's first, and whether these are all of the filter's."""
    where = conditions.events(transaction, replace(asked, text=""))
    found = one(
        transaction,
        f"{where.first('e', order_by('e', order))} WITH collect(e) AS near RETURN size(near) AS seen,"
        f" [e IN near WHERE {_HOLDS[asked.any_word]} | {told}][..$wanted] AS found",
        **where.values,
        limit=LOOKED,
        wanted=limit,
        stems=[f" {stem} " for stem in conditions.stems(asked)],
    )
    return (found["found"], found["seen"] < LOOKED) if found else ([], True)


def _ranked(transaction: Transaction, asked: Filter, limit: int) -> list[str]:
    """The best: the words that few hold decide, where any will do."""
    where = conditions.events(transaction, asked)
    if replace(asked, text="", any_word=False, retracted=False) == Filter():
        where.start = where.start.replace("$phrase)", "$phrase, {limit: $most})")
        where.values["most"] = MANY
        return _first(transaction, where, "e, score", _BEST, limit)
    rare = [f'"{stem}"' for stem in conditions.stems(asked) if asked.any_word and not common(transaction, f'"{stem}"')]
    where.values["phrase"] = " OR ".join(rare)
    found = _first(transaction, where, "e, score", _BEST, limit) if rare else []
    near, _ = _near(transaction, asked, "-start", "e{.id, .start, .words}", LOOKED)
    best = _scored(near, conditions.stems(asked)) if len(found) < limit else []
    return list(dict.fromkeys(found + best))[:limit]


def _scored(found: Iterable[Row], stems: list[str]) -> list[str]:
    """Ids of nodes, best first, by BM25 of their words, of which none weighs more than another."""
    given = [(row, str(row["words"]).split()) for row in found]
    mean = sum(len(words) for _, words in given) / max(1, len(given))
    scores = {row["id"]: _score(words, stems, mean) for row, words in given}
    ordered = sorted((row for row, _ in given), key=lambda row: (-scores[row["id"]], row["start"], row["id"]))
    return [row["id"] for row in ordered]


def _score(words: list[str], stems: list[str], mean: float) -> float:
    """Robertson and Zaragoza, «The Probabilistic Relevance Framework», 2009, §3.4, without what a word weighs."""
    length = _SATURATION * (1 - _LENGTH + _LENGTH * len(words) / mean)
    counts = [_apart(words).count(_apart(stem.split())) for stem in stems]
    return sum(count / (count + length) for count in counts)


def _apart(words: list[str]) -> str:
    """Words of which no two share a space, so that each is found as often as it is said."""
    return f" {'  '.join(words)} "
