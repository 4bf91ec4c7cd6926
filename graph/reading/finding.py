"""Which events a query is about: their numbers in its order, without reading more than that takes.

Counts and plain filters are ranges of the indexes (shape, start) and (start, shape). Where very many events hold the
words asked for, an order by time looks among those nearest in time first, and rank is given among the newest.
"""

import json
from dataclasses import replace

from graph.reading import where as conditions
from graph.reading.where import Where
from graph.rows import Connection
from vidette.queries import Events, Filter, Order

_LOOKED = 2_000
"""So many of a filter's events, nearest in time, are looked through for a word that very many hold."""
_FEW = 2_000
"""Of so few events their tracks are found one by one."""
_MANY = 3_000
"""Where more events than this hold the words, not all of them are ranked or sorted."""
_NEAR = 20_000
"""So many events are walked in the order of time before all of a filter's are looked at."""
# An open event or track is the longest: it has not ended.
_ORDERS = {
    "start": "{}.start, {}.id",
    "-start": "{}.start DESC, {}.id DESC",
    "duration": "{}.end_pts IS NULL, {}.end_pts - {}.start_pts, {}.start, {}.id",
    "-duration": "{}.end_pts IS NOT NULL, {}.end_pts - {}.start_pts DESC, {}.start, {}.id",
}


def order_by(table: str, order: str) -> str:
    """The ORDER BY of a table; rows of equal rank or time follow their ids."""
    return " ORDER BY " + _ORDERS.get(order, _ORDERS["start"]).replace("{}", table)


def find(connection: Connection, query: Events) -> list[int]:
    """Numbers of the first `limit` events in the query's order."""
    asked, newest = query.where, query.order == "-start"
    if asked.text and query.order == "rank":
        return _ranked(connection, asked, query.limit)
    if query.order in ("duration", "-duration"):
        return _sorted(connection, conditions.events(asked), query.order, query.limit)
    if asked.text:
        return _worded(connection, asked, newest, query.limit)
    if not plain(asked):
        return _sorted(connection, conditions.events(asked), query.order, query.limit)
    found: list[int] = []
    for where in reversed(stretches(asked)) if newest else stretches(asked):
        found += _timely(connection, where, newest, query.limit - len(found))
    return found


def plain(asked: Filter) -> bool:
    """Whether shapes and instants alone tell which events match."""
    others = asked.ids or asked.tracks or asked.kinds or asked.text or asked.min_confidence > 0
    return not others and asked.from_s is None and asked.to_s is None


def few_events(connection: Connection, asked: Filter) -> bool:
    """Whether a type, zone or line is asked for that not many events have, so that tracks are best found from these."""
    if not (asked.types or asked.zones or asked.lines):
        return False
    where = conditions.shapes(replace(asked, labels=()))
    counted = "".join(("SELECT coalesce(sum(count), 0) FROM shapes", where.text))
    return int(connection.execute(counted, where.values).fetchone()[0]) <= _FEW


def stretches(asked: Filter) -> list[Where]:
    """The events of a plain filter in one or two lots, in the order of time.

    Those that began before a window reach into it; the others begin inside it.
    """
    inside = conditions.events(replace(asked, starts_inside=True))
    if asked.since is None or asked.starts_inside:
        return [inside]
    return [conditions.reaching(asked, asked.since), inside]


def _sorted(connection: Connection, where: Where, order: str, limit: int, index: str = "") -> list[int]:
    asked = "".join(("SELECT events.seq FROM events ", index, where.text, order_by("events", order), " LIMIT ?"))
    return [row[0] for row in connection.execute(asked, (*where.values, limit))]


def _timely(connection: Connection, where: Where, newest: bool, limit: int) -> list[int]:
    """The first of a lot, which is asked for by shape and instant, in the order of time."""
    order, side = ("-start", ">=") if newest else ("start", "<=")
    if limit < 1:
        return []
    if where.split("events.seq")[0].conditions:  # few, whatever their order
        return _sorted(connection, where, order, limit)
    for index in ("events_start", "events_shape"):
        bound = _bound(connection, where, newest, limit, index)
        if bound is not None:
            near = where.split(f"events.start {side[0]}")[1].also(f"events.start {side} ?", bound)
            return _sorted(connection, near, order, limit, f"INDEXED BY {index}")
    return _sorted(connection, where, order, limit)


def _bound(connection: Connection, where: Where, newest: bool, limit: int, index: str) -> int | None:
    """The instant of the last event wanted: by walking in the order of time for a while, or over the shapes asked."""
    order = " ORDER BY events.start DESC" if newest else " ORDER BY events.start"
    shape, rest = where.split("events.shape")
    if index == "events_shape" and not shape.conditions:
        return None
    if index == "events_start":
        near = f"(SELECT start, shape FROM events{rest.text}{order} LIMIT {max(_NEAR, 2 * limit):d}) AS events"  # noqa: S608  fixed text
        found = connection.execute(
            "".join(("SELECT start FROM ", near, shape.text, order, " LIMIT 1 OFFSET ?")),
            (*rest.values, *shape.values, limit - 1),
        ).fetchone()
    else:
        found = connection.execute(
            "".join(("SELECT start FROM events INDEXED BY events_shape", where.text, order, " LIMIT 1 OFFSET ?")),
            (*where.values, limit - 1),
        ).fetchone()
    return None if found is None else int(found[0])


def _floor(connection: Connection, phrase: str) -> int | None:
    """The number of the oldest of the newest `_MANY` events that hold the words; None: there are fewer."""
    found = connection.execute(
        "SELECT rowid FROM event_words WHERE event_words MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?",
        (phrase, _MANY - 1),
    ).fetchone()
    return None if found is None else int(found[0])


def _worded(connection: Connection, asked: Filter, newest: bool, limit: int) -> list[int]:
    """Events that hold the words, in the order of time: of a common word, first among the nearest in time."""
    order, phrase = "-start" if newest else "start", conditions.phrase(asked)
    if _floor(connection, phrase) is not None:
        near, every = _near(connection, replace(asked, text=""), newest)
        found = _sorted(connection, _holding(near, phrase), order, limit)
        if len(found) == limit or every:
            return found
    return _sorted(connection, conditions.events(asked, by_index=False), order, limit)


def _holding(near: list[int], phrase: str) -> Where:
    """Those of some events that hold the words."""
    where = Where()
    low, high = min(near, default=0), max(near, default=0)
    where.add("events.seq IN (SELECT value FROM json_each(?))", json.dumps(near))
    held = "+events.seq IN (SELECT rowid FROM event_words WHERE event_words MATCH ? AND rowid BETWEEN ? AND ?)"
    where.add(held, phrase, low, high)
    return where


def _near(connection: Connection, bare: Filter, newest: bool) -> tuple[list[int], bool]:
    """Numbers of a filter's first events in the order of time, `_LOOKED` at most, and whether these are all."""
    order: Order = "-start" if newest else "start"
    found = find(connection, Events(where=bare, order=order, limit=_LOOKED))
    return found, len(found) < _LOOKED


def _ranked(connection: Connection, asked: Filter, limit: int) -> list[int]:
    """The best by BM25 over the words; of words that very many hold, among the newest of these.

    Where any of several words will do, those that fewer hold decide, and the others only fill up.
    """
    phrase = conditions.phrase(asked)
    bare = conditions.events(replace(asked, text=""), by_index=False)
    floor = _floor(connection, phrase)
    if floor is None:
        return _scored(connection, bare, phrase, limit)
    found: list[int] = []
    if asked.any_word:
        rare = [one for one in phrase.split(" OR ") if _floor(connection, one) is None]
        found = _scored(connection, bare, " OR ".join(rare), limit) if rare else []
    if len(found) < limit:
        common = _scored(connection, _newest(connection, asked, floor), phrase, limit)
        found = list(dict.fromkeys(found + common))[:limit]
    return found


def _newest(connection: Connection, asked: Filter, floor: int) -> Where:
    """The newest of a filter's events, or of all that hold the words where nothing is filtered."""
    if replace(asked, text="", any_word=False, retracted=False) == Filter():
        return conditions.events(replace(asked, text="")).also("event_words.rowid >= ?", floor)
    near, _ = _near(connection, replace(asked, text=""), newest=True)
    where = Where()
    where.add("event_words.rowid BETWEEN ? AND ?", min(near, default=0), max(near, default=0))
    where.add("+event_words.rowid IN (SELECT value FROM json_each(?))", json.dumps(near))
    return where


def _scored(connection: Connection, where: Where, phrase: str, limit: int) -> list[int]:
    matching = where.also("event_words MATCH ?", phrase)
    found = connection.execute(
        "".join(
            (
                "SELECT events.seq FROM event_words JOIN events ON events.seq = event_words.rowid",
                matching.text,
                " ORDER BY bm25(event_words), events.start, events.id LIMIT ?",
            )
        ),
        (*matching.values, limit),
    )
    return [row[0] for row in found]
