"""The part of the second step of the schema that holds alerts, and the messages that tell of them.

Both are kept whole as they were said (`body_json`, `message_json`), beside the columns that queries need. A delivery is
due at `next_at`; of one that is `sending`, that is the end of its lease.

`TROUBLES` is a step of its own: sinks whose last try failed, since when, and when that last was.
"""

ALERTS = """
CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, rule_version TEXT NOT NULL,
    severity TEXT NOT NULL, state TEXT NOT NULL, change TEXT NOT NULL, sequence INTEGER NOT NULL,
    at INTEGER NOT NULL, raised_at INTEGER NOT NULL, incident TEXT NOT NULL, subject TEXT, body_json TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_at ON alerts (at, id);
CREATE INDEX alerts_rule ON alerts (rule, at, id);
CREATE INDEX alerts_state ON alerts (state, at, id);
CREATE INDEX alerts_incident ON alerts (incident);
CREATE INDEX alerts_subject ON alerts (subject) WHERE subject IS NOT NULL;
CREATE TABLE alert_streams (
    alert_id TEXT NOT NULL REFERENCES alerts (id), stream TEXT NOT NULL, PRIMARY KEY (alert_id, stream)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_streams_stream ON alert_streams (stream);
CREATE TABLE alert_events (
    alert_id TEXT NOT NULL REFERENCES alerts (id), event_id TEXT NOT NULL, PRIMARY KEY (alert_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_events_event ON alert_events (event_id);
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sink TEXT NOT NULL, alert_id TEXT NOT NULL REFERENCES alerts (id),
    sequence INTEGER NOT NULL, raised_at INTEGER NOT NULL, status TEXT NOT NULL, next_at INTEGER NOT NULL,
    tries INTEGER NOT NULL, message_json TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_alert ON deliveries (alert_id, sink, sequence);
CREATE INDEX deliveries_raised ON deliveries (raised_at, sink, sequence, id);
CREATE INDEX deliveries_due ON deliveries (sink, next_at, seq) WHERE status IN ('pending', 'sending');
CREATE TABLE attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id), number INTEGER NOT NULL, at INTEGER NOT NULL,
    status TEXT NOT NULL, body_json TEXT NOT NULL, PRIMARY KEY (delivery_id, number, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
    rule TEXT NOT NULL, event_id TEXT NOT NULL, verdict TEXT NOT NULL, alert_id TEXT, at INTEGER NOT NULL,
    body_json TEXT NOT NULL, PRIMARY KEY (rule, event_id, verdict)
) STRICT;
CREATE INDEX decisions_event ON decisions (event_id);
CREATE INDEX decisions_alert ON decisions (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX decisions_rule ON decisions (rule, at);
CREATE INDEX decisions_at ON decisions (at);
CREATE TABLE rule_states (
    stream_id TEXT NOT NULL REFERENCES streams, rule TEXT NOT NULL, version TEXT NOT NULL, state_json TEXT NOT NULL,
    PRIMARY KEY (stream_id, rule, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE sink_states (
    sink TEXT PRIMARY KEY, address TEXT NOT NULL, disabled_at INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
"""
TROUBLES = """
CREATE TABLE sink_troubles (sink TEXT PRIMARY KEY, since INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
"""
