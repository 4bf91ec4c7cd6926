"""Counts and timelines: computed by the database."""

from dataclasses import replace

from graph.reading import where as conditions
from graph.reading.tracks import entities_where
from graph.rows import Connection, to_instant
from vidette.errors import ConfigError
from vidette.queries import Bucket, Count, Timeline

_WHERE = {
    "events": conditions.events,
    "tracks": conditions.tracks,
    "entities": entities_where,
    "segments": conditions.segments,
}


def read_count(connection: Connection, query: Count) -> int:
    """How many rows match."""
    where = _WHERE[query.of](query.where)
    counted = connection.execute("".join(("SELECT count(*) FROM ", query.of, where.text)), where.values)
    return int(counted.fetchone()[0])


def read_timeline(connection: Connection, query: Timeline) -> list[Bucket]:
    """What starts in each bucket; buckets count from media time 0 of the stream (of the earliest, if many)."""
    width = round(query.bucket_s * 1000)
    if width < 1:
        raise ConfigError(f"a timeline of {query.bucket_s!r} s buckets; give at least 0.001")
    asked = replace(query.where, starts_inside=True)
    where = _WHERE[query.of](asked)
    origin = connection.execute(
        "".join(
            ("SELECT min(start) FROM streams WHERE id IN (SELECT stream_id FROM ", query.of, where.text, ")"),
        ),
        where.values,
    ).fetchone()[0]
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
