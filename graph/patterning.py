"""The step of the schema that holds what rules over time remember.

`leaf_matches` is what fits the leaves of a rule, `said_matches` what it found; `until` is the last millisecond at which
they are known to hold, `GOES_ON` where they still do. `heard` is how far each stream has spoken.
"""

GOES_ON = 2**62

PATTERNS = """
CREATE TABLE patterns (
    seq INTEGER PRIMARY KEY, rule TEXT NOT NULL, version TEXT NOT NULL, wake INTEGER, state_json TEXT NOT NULL,
    UNIQUE (rule, version)
) STRICT;
CREATE INDEX patterns_wake ON patterns (wake) WHERE wake IS NOT NULL;
CREATE TABLE leaf_matches (
    pattern INTEGER NOT NULL REFERENCES patterns, leaf INTEGER NOT NULL, id TEXT NOT NULL, start INTEGER NOT NULL,
    until INTEGER NOT NULL, subject TEXT NOT NULL, stream TEXT NOT NULL, zones_json TEXT NOT NULL, cited INTEGER NOT NULL,
    PRIMARY KEY (pattern, leaf, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX leaf_matches_until ON leaf_matches (pattern, until);
CREATE INDEX leaf_matches_id ON leaf_matches (id);
CREATE TABLE said_matches (
    pattern INTEGER NOT NULL REFERENCES patterns, id TEXT NOT NULL, until INTEGER NOT NULL, alert_id TEXT,
    body_json TEXT NOT NULL, PRIMARY KEY (pattern, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX said_matches_until ON said_matches (pattern, until);
CREATE INDEX said_matches_alert ON said_matches (alert_id) WHERE alert_id IS NOT NULL;
CREATE TABLE heard (stream_id TEXT PRIMARY KEY REFERENCES streams, body_json TEXT NOT NULL) STRICT;
"""
