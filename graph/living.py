"""The step of the schema that holds the life of alerts: where they were, silences, feedback, timers, storms.

A place of an alert is a zone of a stream (empty: outside of its zones), or, with no stream, its subject.
"""

LIVING = """
CREATE TABLE alert_places (
    stream TEXT NOT NULL, zone TEXT NOT NULL, at INTEGER NOT NULL, alert_id TEXT NOT NULL REFERENCES alerts (id),
    PRIMARY KEY (stream, zone, at, alert_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_places_alert ON alert_places (alert_id);
INSERT INTO alert_places
SELECT s.stream, '', a.at, a.id FROM alerts a JOIN alert_streams s ON s.alert_id = a.id
UNION ALL SELECT '', subject, at, id FROM alerts WHERE subject IS NOT NULL;
DROP INDEX alerts_incident;
CREATE INDEX alerts_incident ON alerts (incident, at, id);
DROP INDEX alerts_subject;
CREATE INDEX alerts_subject ON alerts (subject, at, id) WHERE subject IS NOT NULL;
CREATE TABLE silences (id TEXT PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL, body_json TEXT NOT NULL) STRICT;
CREATE INDEX silences_end ON silences (end);
CREATE TABLE feedback (
    alert_id TEXT NOT NULL REFERENCES alerts (id), at INTEGER NOT NULL, says TEXT NOT NULL, body_json TEXT NOT NULL,
    PRIMARY KEY (alert_id, at, says)
) STRICT, WITHOUT ROWID;
CREATE TABLE timers (
    alert_id TEXT NOT NULL REFERENCES alerts (id), kind TEXT NOT NULL, rule TEXT NOT NULL, due_at INTEGER NOT NULL,
    PRIMARY KEY (alert_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (rule, due_at);
CREATE TABLE storms (
    sink TEXT NOT NULL, start INTEGER NOT NULL, due_at INTEGER NOT NULL, holding INTEGER NOT NULL,
    body_json TEXT NOT NULL, PRIMARY KEY (sink, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX storms_due ON storms (sink, due_at);
"""
