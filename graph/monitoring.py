"""The third step of the schema: what those who watch over Vidette read often.

How each live stream was when it was last heard of, whole as it was said; alerts and deliveries by what they are counted by.
"""

MONITORING = """
CREATE TABLE feeds (
    stream_id TEXT PRIMARY KEY REFERENCES streams, body_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_counted ON alerts (severity, state);
CREATE INDEX deliveries_counted ON deliveries (sink, status);
"""
