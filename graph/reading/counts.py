"""Counts and timelines: computed by the database."""

from dataclasses import replace
from typing import cast

from graph.reading import sorts
from graph.reading import where as conditions
from graph.reading.finding import plain, stretches
from graph.reading.tracks import entities_where
from graph.rows import Connection, to_instant
from vidette.errors import ConfigError
from vidette.queries import Bucket, Count, Filter, Timeline

_WHERE = {
    "events": conditions.events,
    "tracks": conditions.tracks,
    "entities": entities_where,
    "segments": conditions.segments,
}

_ORIGIN = {
    "events": "SELECT min(start) FROM streams WHERE id IN"
    " (SELECT stream_id FROM shapes WHERE id IN (SELECT shape FROM events$where))",
    "tracks": "SELECT min(start) FROM streams WHERE id IN (SELECT stream_id FROM tracks$where)",
}


def read_count(connection: Connection, query: Count) -> int:
    """How many rows match."""
    if query.of == "events" and plain(query.where):
        return _count_events(connection, query.where)
    if query.of == "tracks" and (known := sorts.counted(query.where)) is not None:
        return sorts.count(connection, known) + _reaching(connection, query.where)
    where = _WHERE[query.of](query.where)
    counted = connection.execute("".join(("SELECT count(*) FROM ", query.of, where.text)), where.values)
    return int(counted.fetchone()[0])


def _reaching(connection: Connection, asked: Filter) -> int:
    """Tracks that began before the window and reach into it."""
    if asked.since is None or asked.starts_inside:
        return 0
    until = asked.since if asked.until is None else min(asked.since, asked.until)
    where = conditions.tracks(replace(asked, until=until))
    counted = connection.execute("".join(("SELECT count(*) FROM tracks", where.text)), where.values)
    return int(counted.fetchone()[0])


def _count_events(connection: Connection, asked: Filter) -> int:
    """Counted by shape; in a window, by the index of shapes."""
    if asked.since is None and asked.until is None:
        where = conditions.shapes(asked)
        counted = "".join(("SELECT coalesce(sum(count), 0) FROM shapes", where.text))
        return int(connection.execute(counted, where.values).fetchone()[0])
    return sum(
        connection.execute("".join(("SELECT count(*) FROM events", where.text)), where.values).fetchone()[0]
        for where in stretches(asked)
    )


def _origin(connection: Connection, of: str, asked: Filter, where: conditions.Where) -> int | None:
    """When media time 0 of the earliest stream was that has a matching row."""
    if of == "tracks" or not plain(asked):
        return cast(
            "int | None", connection.execute(_ORIGIN[of].replace("$where", where.text), where.values).fetchone()[0]
        )
    inside = conditions.Where()
    conditions.window(inside, "events", asked)
    shapes = conditions.shapes(asked).also(
        "".join(("EXISTS (SELECT 1 FROM events", inside.also("events.shape = shapes.id").text, ")")), *inside.values
    )
    found = "".join(("SELECT min(start) FROM streams WHERE id IN (SELECT stream_id FROM shapes", shapes.text, ")"))
    return cast("int | None", connection.execute(found, shapes.values).fetchone()[0])


def read_timeline(connection: Connection, query: Timeline) -> list[Bucket]:
    """What starts in each bucket; buckets count from media time 0 of the stream (of the earliest, if many)."""
    width = round(query.bucket_s * 1000)
    if width < 1:
        raise ConfigError(f"a timeline of {query.bucket_s!r} s buckets; give at least 0.001")
    asked = replace(query.where, starts_inside=True)
    where = _WHERE[query.of](asked)
    origin = _origin(connection, query.of, asked, where)
    found = connection.execute(
        "".join(
            (
                "SELECT (start - ?) / ? AS bucket, count(*) AS count FROM ",
                query.of,
                where.text,
                " GROUP BY bucket ORDER BY bucket",
            )
        ),
        (origin, width, *where.values),
    )
    return [
        Bucket(
            start_s=row["bucket"] * width / 1000, start=to_instant(origin + row["bucket"] * width), count=row["count"]
        )
        for row in found
    ]
