"""The third step of the schema: how each live stream was when it was last heard of, whole as it was said."""

FEEDS = """
CREATE TABLE feeds (
    stream_id TEXT PRIMARY KEY REFERENCES streams, body_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
