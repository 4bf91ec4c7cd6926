"""A filter's first tracks in the order of time: so many as are near are walked, only then are all of the filter's sought."""

from dataclasses import replace

from graph.cypher import where as conditions
from graph.cypher.driver import Row, Transaction, rows
from graph.cypher.reading.finding import order_by
from graph.cypher.reading.timely import WALKED, begun, counted, given_of, ids, in_lots, is_timely, ordered, reaching
from graph.cypher.shapes import EVENTS
from graph.cypher.where import Where
from vidette.queries import Tracks

_MET = (
    "t.present AND ($given.sure <= 0 OR t.confidence >= $given.sure) AND NOT ($given.moving AND t.still)"
    " MATCH (t)-[:IS]->(n:Entity) WHERE (size($given.known) = 0 OR n.label IN $given.known)"
    " AND (size($given.kinds) = 0 OR n.kind IN $given.kinds)"
)
_PART = f" AND EXISTS {{ (t)-[:TAKES_PART]->(e:Event) WHERE {EVENTS} }}"


def first(transaction: Transaction, query: Tracks) -> list[str]:
    """Ids of the first `limit` tracks in the query's order."""
    asked, limit = query.where, max(0, query.limit)
    where = conditions.tracks(transaction, asked)
    if query.order not in ("start", "-start", "rank") or not is_timely(asked) or where.before:
        return _sought(transaction, where, query.order, limit)
    given = given_of(transaction, replace(asked, labels=())) | {"known": list(asked.labels), "moving": asked.moving}
    met = _MET + (_PART if asked.types or asked.zones or asked.lines else "")

    def reached(left: int, down: str) -> list[str]:
        of = "" if given["streams"] is None else "t.stream_id IN $given.streams AND "
        return ids(transaction, "t", reaching("t") + of + met, given | {"limit": left}, ordered("t", down))

    def inside(left: int, down: str) -> list[str]:
        walk = given | {"limit": left, "walked": max(WALKED, 2 * left)}
        found = _walked(transaction, walk, met, down) if _is_one(given) else None
        if found is not None:
            return found
        begins = conditions.tracks(transaction, replace(asked, starts_inside=True)) if where.ways else where
        return _sought(transaction, begins, query.order, left)

    return in_lots(asked, query.order, limit, reached, inside)


def _is_one(given: Row) -> bool:
    return given["streams"] is None or len(given["streams"]) == 1


def _walked(transaction: Transaction, given: Row, met: str, down: str) -> list[str] | None:
    """The first that begin in the window; None where a walk does not tell."""
    alone = given["streams"] is not None
    index, of = ("stream_id, start", "t.stream_id = $given.streams[0] AND ") if alone else ("start", "")
    near = f"MATCH (t:Track) USING INDEX t:Track({index}) WHERE {of}{begun('t')} WITH t"
    nearest = ordered("t", down, *index.split(", ")[:-1])
    found = ids(transaction, "t", f"{near}{nearest} LIMIT $given.walked WITH t WHERE {met}", given, nearest)
    if len(found) == given["limit"]:
        return found
    walked = counted(transaction, f"{near} LIMIT $given.walked RETURN count(t) AS count", given)
    return found if walked < given["walked"] else None


def _sought(transaction: Transaction, where: Where, order: str, limit: int) -> list[str]:
    """The first of all that match."""
    found = rows(
        transaction, f"{where.first('t, n', order_by('t', order))} RETURN t.id AS id", **where.values, limit=limit
    )
    return [row["id"] for row in found]
