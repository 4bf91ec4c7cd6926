"""Tracks counted from `sorts`, where a filter asks for nothing that these do not tell."""

from dataclasses import replace

from graph.reading.where import Where, streams
from graph.rows import Connection, Row, many, to_ms
from graph.sorts import QUARTER_MS
from vidette.aggregates import Telling, Told
from vidette.queries import Filter, Tally

_KEYS = {"stream": "streams.name", "label": "sorts.label", "quarter": "sorts.quarter"}


def counted(asked: Filter) -> Where | None:
    """Conditions on `sorts` for the tracks of a filter that began in its window; None where sorts cannot tell.

    They tell windows from quarter to quarter of an hour.
    """
    plain = Filter(streams=asked.streams, labels=asked.labels, kinds=asked.kinds, moving=asked.moving)
    others = replace(asked, since=None, until=None, starts_inside=False, retracted=False, any_word=False)
    window = [None if at is None else to_ms(at) for at in (asked.since, asked.until)]
    if others != plain or any(at is not None and at % QUARTER_MS for at in window):
        return None
    where = Where()
    where.add("sorts.count > 0")
    streams(where, "sorts", asked)
    where.among("sorts.label", asked.labels)
    where.among("sorts.kind", asked.kinds)
    if asked.moving:
        where.add("sorts.moving")
    for at, side in zip(window, (">=", "<"), strict=True):
        if at is not None:
            where.add(f"sorts.quarter {side} ?", at // QUARTER_MS)
    return where


def count(connection: Connection, where: Where) -> int:
    """How many tracks."""
    asked = "".join(("SELECT coalesce(sum(count), 0) FROM sorts", where.text))
    return int(connection.execute(asked, where.values).fetchone()[0])


def tally(connection: Connection, query: Tally) -> list[Row] | None:
    """`key` and `count` of groups of tracks; None where sorts do not tell."""
    reaching = query.where.since is not None and not query.where.starts_inside
    where = None if reaching else counted(query.where)
    if where is None or query.distinct or query.of != "tracks" or query.by not in _KEYS:
        return None
    asked = (
        f"SELECT {_KEYS[query.by]} AS key, sum(count) AS count FROM sorts",  # noqa: S608  words of ours, values are bound
        " JOIN streams ON streams.id = sorts.stream_id" if query.by == "stream" else "",
        where.text,
        " GROUP BY key ORDER BY key",
    )
    return connection.execute("".join(asked), where.values).fetchall()


_LABEL = "label IN (SELECT value FROM json_each(?1))"
_NAMED = f"SELECT EXISTS (SELECT 1 FROM entities WHERE present AND {_LABEL})"  # noqa: S608  fixed text
_KIND = (
    f"SELECT EXISTS (SELECT 1 FROM entities WHERE present AND {_LABEL} AND kind IN (SELECT value FROM json_each(?2)))"  # noqa: S608  fixed text
)
_TRACKED = f"SELECT EXISTS (SELECT 1 FROM sorts WHERE count > 0 AND kind != '' AND {_LABEL})"  # noqa: S608  fixed text
_SOME = f"SELECT EXISTS (SELECT 1 FROM (SELECT kind FROM entities WHERE present AND {_LABEL} LIMIT 10000) WHERE kind IS NOT NULL)"  # noqa: S608  fixed text


def read_told(connection: Connection, query: Told) -> Telling:
    """What is told of things; of what is not tracked, the first thousands speak for all."""

    def holds(asked: str, *values: str) -> bool:
        return bool(connection.execute(asked, values).fetchone()[0])

    labels, kinds = many(query.labels), many(query.kinds)
    kind = bool(query.kinds) and holds(_KIND, labels, kinds)
    return Telling(
        labels=holds(_NAMED, labels),
        kinds=kind,
        any_kind=kind or holds(_TRACKED, labels) or holds(_SOME, labels),
    )
