"""How live streams were when they were last heard of."""

from graph.reading.where import Where
from graph.rows import Connection, many
from vidette.codec import decode
from vidette.feeds import FeedRow, FeedState
from vidette.queries import Feeds

_ROWS = "SELECT name, body_json FROM feeds JOIN streams ON streams.id = feeds.stream_id"


def read_feeds(connection: Connection, query: Feeds) -> list[FeedRow]:
    """The newest state of each live stream, by name; `streams` may be names or ids."""
    where, listed = Where(), many(query.streams)
    if query.streams:
        where.add(
            "(name IN (SELECT value FROM json_each(?)) OR id IN (SELECT value FROM json_each(?)))", listed, listed
        )
    found = connection.execute("".join((_ROWS, where.text, " ORDER BY name")), where.values)
    return [FeedRow(stream=row["name"], feed=decode(FeedState, row["body_json"])) for row in found]
