"""A filter's first events in the order of time, and how many it has: by shape and instant, as in the embedded store.

First so many events as are near are walked in the order of time; only where too few of these match, those of each shape that
is asked for are sought, of which none is looked at that does not match. So a mix of conditions that nothing meets costs no
more than one that half of all events meet. The texts are few, whatever is asked: planning one takes longer than asking it.
"""

from collections.abc import Callable
from dataclasses import replace

from graph.cypher import where as conditions
from graph.cypher.driver import KEPT, Row, Transaction, one, rows
from graph.cypher.lasting import SHORT_MS, reaches
from graph.cypher.shapes import EVENTS, asked_of, shapes
from graph.rows import to_ms
from vidette.queries import Filter

Lot = Callable[[int, str], list[str]]
"""Finds ids of no more than so many, in the order of time or (` DESC`) against it."""
WALKED = 2_000
"""So many events are walked in the order of time before those of each shape are sought."""
_FEW = 3
"""Where a walk finds not even one in so many of the events that are wanted, few shapes are asked for."""
PLACES = {"stream": "s.name", "zone": "h.zone", "line": "h.line"}
"""What events are tallied by where shapes `h` tell it."""
_EVER = 1 << 60
"""Milliseconds after every instant."""
_LABELS = {"e": "Event", "t": "Track"}


def begun(variable: str) -> str:
    """Those events `e` or tracks `t` that begin in the window."""
    return f"{variable}.start >= $given.low AND {variable}.start < $given.high"


def reaching(variable: str) -> str:
    """Those that began before the window and last into it; conditions may follow."""
    node = f"MATCH ({variable}:{_LABELS[variable]}) USING INDEX"
    lasts = f"{variable}.start < $given.before AND ({variable}.end > $given.low OR {variable}.end IS NULL)"
    return (
        f"CALL () {{ {node} {variable}:{_LABELS[variable]}(start)"
        f" WHERE {variable}.start > $given.near AND {lasts} AND {variable}.long IS NULL RETURN {variable}"
        f" UNION ALL UNWIND $given.reaches AS reach {node} SEEK {variable}:{_LABELS[variable]}(long, start)"
        f" WHERE {variable}.long = reach.size AND {variable}.start > reach.low AND {lasts} RETURN {variable} }}"
        f" WITH {variable} WHERE "
    )


_BEGUN, _REACHING = begun("e"), reaching("e")
_ANY: Row = {"streams": None, "types": [], "zones": [], "lines": [], "labels": []}
_END = "COLLECT { MATCH (e:Event) USING INDEX e:Event(start) WHERE e.start IS NOT NULL RETURN e.start ORDER BY e.start$down LIMIT 1 }"
_ENDS = f"RETURN {_END.replace('$down', '')} + {_END.replace('$down', ' DESC')} AS ends"
_OF_STREAM = "e.stream_id = $given.streams[0] AND "


def is_timely(asked: Filter) -> bool:
    """Whether shapes and instants tell most of it."""
    return not (asked.text or asked.ids or asked.tracks) and asked.from_s is None and asked.to_s is None


def is_kept(asked: Filter) -> bool:
    """Whether the counts of shapes tell all of it."""
    return is_timely(asked) and asked.since is None and asked.until is None and not _rest(asked)


def tally(transaction: Transaction, asked: Filter, by: str) -> list[Row]:
    """`key` and `count` of the events at each place, where counts of shapes tell it."""
    given = given_of(transaction, asked)
    of = " MATCH (s:Stream {id: h.stream_id})" if by == "stream" else ""
    text = f"{shapes(given)}{of} WITH {PLACES[by]} AS key, h.count AS held WHERE key <> ''"
    return rows(transaction, f"{KEPT}{text} RETURN key, sum(held) AS count ORDER BY key", given=given)


def first(transaction: Transaction, asked: Filter, order: str, limit: int) -> list[str]:
    """Ids of the first events in the order of time, newest first where the order is `-start`."""
    given, rest = given_of(transaction, asked), _rest(asked)

    def reached(left: int, down: str) -> list[str]:
        return ids(transaction, "e", f"{_REACHING}{_met(given, rest)}", given | {"limit": left}, ordered("e", down))

    def inside(left: int, down: str) -> list[str]:
        return _inside(transaction, given | {"limit": left, "walked": max(WALKED, 2 * left)}, rest, down)

    return in_lots(asked, order, limit, reached, inside)


def in_lots(asked: Filter, order: str, limit: int, reaching: Lot, inside: Lot) -> list[str]:
    """Those that begin before a window, and reach into it, come before the others."""
    lots = [inside] if asked.since is None or asked.starts_inside else [reaching, inside]
    down = " DESC" if order == "-start" else ""
    found: list[str] = []
    for lot in reversed(lots) if down else lots:
        if len(found) < limit:
            found += lot(limit - len(found), down)
    return found


def count(transaction: Transaction, asked: Filter) -> int:
    """How many events."""
    given, rest = given_of(transaction, asked), _rest(asked)
    if is_kept(asked):
        return counted(transaction, f"{shapes(given)} RETURN sum(h.count) AS count", given)
    inside = (
        _most(transaction, asked, given) if _is_most(transaction, given, rest) else _begun(transaction, given, rest)
    )
    if asked.since is None or asked.starts_inside:
        return inside
    return inside + counted(transaction, f"{_REACHING}{_met(given, rest)} RETURN count(e) AS count", given)


def _begun(transaction: Transaction, given: Row, rest: str) -> int:
    """Those that begin in the window: of every shape, or where anything will do all but those that do not hold."""
    if not rest and given == given | _ANY:
        found = f"MATCH (e:Event) USING INDEX e:Event(start) WHERE {_BEGUN} RETURN count(e) AS count"
        gone = "MATCH (h:Shape) WHERE NOT h.live AND NOT $given.retracted AND h.count > 0"
        return counted(transaction, found, given) - counted(transaction, gone + _of_shape(""), given)
    return counted(transaction, shapes(given) + _of_shape(rest), given)


def _of_shape(rest: str) -> str:
    found = " WITH h.key AS shape MATCH (e:Event) USING INDEX e:Event(shape, start)"
    return f"{found} WHERE e.shape = shape AND {_BEGUN}{rest} RETURN count(e) AS count"


def _is_most(transaction: Transaction, given: Row, rest: str) -> bool:
    """Whether the window is more than half of all time, so that those outside it are fewer."""
    found = one(transaction, KEPT + _ENDS)
    if rest or not found or not found["ends"] or given["high"] <= given["low"]:
        return False
    first_ms, last_ms = found["ends"]
    return bool(2 * (min(given["high"], last_ms) - max(given["low"], first_ms)) > last_ms - first_ms)


def _most(transaction: Transaction, asked: Filter, given: Row) -> int:
    """All but those that begin before the window or after it."""
    before, after = given | {"low": -_EVER, "high": given["low"]}, given | {"low": given["high"], "high": _EVER}
    every = count(transaction, replace(asked, since=None, until=None))
    return every - sum(_begun(transaction, outside, "") for outside in (before, after))


def counted(transaction: Transaction, text: str, given: Row) -> int:
    """The `count` that a text gives."""
    found = one(transaction, KEPT + text, given=given)
    return int(found["count"]) if found else 0


def given_of(transaction: Transaction, asked: Filter) -> Row:
    """What a filter asks, as the parameter `$given` of all texts here."""
    streams = conditions.stream_ids(transaction, asked.streams) if asked.streams else None
    low = -_EVER if asked.since is None else to_ms(asked.since)
    high = _EVER if asked.until is None else to_ms(asked.until)
    return {
        **asked_of(asked, streams),
        "low": low,
        "high": high,
        "before": min(low, high),
        "near": low - 2 * SHORT_MS,
        "reaches": reaches(low, 1) if asked.since is not None else [],
        "sure": asked.min_confidence,
        "kinds": list(asked.kinds),
    }


def _rest(asked: Filter) -> str:
    """What shapes and instants do not tell."""
    kinds = f" AND {conditions.KIND.replace('$kinds', '$given.kinds')}" if asked.kinds else ""
    return (" AND e.confidence >= $given.sure" if asked.min_confidence > 0 else "") + kinds


def _met(given: Row, rest: str) -> str:
    return ("" if given["streams"] is None else "e.stream_id IN $given.streams AND ") + EVENTS + rest


def ordered(variable: str, down: str, *before: str) -> str:
    """The ORDER BY of nodes in the order of time, and of an index that has other properties before it."""
    return f" ORDER BY {', '.join(f'{variable}.{name}{down}' for name in (*before, 'start', 'id'))}"


def _inside(transaction: Transaction, given: Row, rest: str, down: str) -> list[str]:
    """Those that begin in the window."""
    alone = given["streams"] is not None
    if alone and len(given["streams"]) != 1:
        return _sought(transaction, given, rest, down)
    index, of = ("stream_id, start", _OF_STREAM) if alone else ("start", "")
    near = f"MATCH (e:Event) USING INDEX e:Event({index}) WHERE {of}{_BEGUN} WITH e"
    nearest = ordered("e", down, *index.split(", ")[:-1])
    walk = f"{near}{nearest} LIMIT $given.walked WITH e WHERE {EVENTS}{rest}"
    found = ids(transaction, "e", walk, given, nearest)
    if len(found) == given["limit"]:
        return found
    if counted(transaction, f"{near} LIMIT $given.walked RETURN count(e) AS count", given) < given["walked"]:
        return found
    if _FEW * len(found) >= given["limit"]:  # so many shapes meet it that walking on is less
        found = ids(transaction, "e", walk, given | {"walked": 2 * _FEW * given["walked"]}, nearest)
    return found if len(found) == given["limit"] else _sought(transaction, given, rest, down)


def _sought(transaction: Transaction, given: Row, rest: str, down: str) -> list[str]:
    """The first of each shape, and of these the first."""
    each = f"MATCH (e:Event) USING INDEX e:Event(shape, start) WHERE e.shape = shape AND {_BEGUN}{rest}"
    each += f" RETURN e{ordered('e', down, 'shape')} LIMIT $given.limit"
    return ids(
        transaction,
        "e",
        f"{shapes(given)} WITH h.key AS shape CALL (shape) {{ {each} }} WITH e",
        given,
        ordered("e", down),
    )


def ids(transaction: Transaction, variable: str, text: str, given: Row, order: str) -> list[str]:
    """Ids of the first `limit` nodes that a text finds, in an order."""
    found = rows(transaction, f"{KEPT}{text} RETURN {variable}.id AS id{order} LIMIT $given.limit", given=given)
    return [row["id"] for row in found]
