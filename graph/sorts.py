"""Tracks counted by what they are: stream, label and kind of their entity, whether they move, and quarter of an hour.

Triggers count, as they do for the shapes of events, so that "how many people" is a sum over few rows, however many
tracks there are. This is a part of the second step of the schema.
"""

QUARTER_MS = 900_000

SORTS = """
CREATE TABLE sorts (
    stream_id TEXT NOT NULL REFERENCES streams, label TEXT NOT NULL, kind TEXT NOT NULL, moving INTEGER NOT NULL,
    quarter INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (stream_id, label, kind, moving, quarter)
) STRICT, WITHOUT ROWID;
INSERT INTO sorts SELECT t.stream_id, n.label, coalesce(n.kind, ''),
    coalesce(json_extract(t.attributes_json, '$.still'), 0) = 0, t.start / 900000, count(*)
    FROM tracks t JOIN identities i ON i.track_seq = t.seq JOIN entities n ON n.seq = i.entity_seq WHERE t.present
    GROUP BY 1, 2, 3, 4, 5;
CREATE TRIGGER sorts_new AFTER INSERT ON identities BEGIN
    INSERT INTO sorts SELECT t.stream_id, n.label, coalesce(n.kind, ''),
        coalesce(json_extract(t.attributes_json, '$.still'), 0) = 0, t.start / 900000, 1
        FROM tracks t JOIN entities n ON n.seq = new.entity_seq WHERE t.seq = new.track_seq AND t.present
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;
CREATE TRIGGER sorts_told AFTER UPDATE OF label, kind ON entities
WHEN old.label != new.label OR old.kind IS NOT new.kind BEGIN
    INSERT INTO sorts SELECT t.stream_id, old.label, coalesce(old.kind, ''),
        coalesce(json_extract(t.attributes_json, '$.still'), 0) = 0, t.start / 900000, -1
        FROM identities i JOIN tracks t ON t.seq = i.track_seq WHERE i.entity_seq = old.seq AND t.present
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
    INSERT INTO sorts SELECT t.stream_id, new.label, coalesce(new.kind, ''),
        coalesce(json_extract(t.attributes_json, '$.still'), 0) = 0, t.start / 900000, 1
        FROM identities i JOIN tracks t ON t.seq = i.track_seq WHERE i.entity_seq = new.seq AND t.present
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;
CREATE TRIGGER sorts_moved AFTER UPDATE OF present, start, attributes_json ON tracks
WHEN old.present != new.present OR old.start != new.start
    OR coalesce(json_extract(old.attributes_json, '$.still'), 0) != coalesce(json_extract(new.attributes_json, '$.still'), 0)
BEGIN
    INSERT INTO sorts SELECT old.stream_id, n.label, coalesce(n.kind, ''),
        coalesce(json_extract(old.attributes_json, '$.still'), 0) = 0, old.start / 900000, -1
        FROM identities i JOIN entities n ON n.seq = i.entity_seq WHERE i.track_seq = old.seq AND old.present
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
    INSERT INTO sorts SELECT new.stream_id, n.label, coalesce(n.kind, ''),
        coalesce(json_extract(new.attributes_json, '$.still'), 0) = 0, new.start / 900000, 1
        FROM identities i JOIN entities n ON n.seq = i.entity_seq WHERE i.track_seq = new.seq AND new.present
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
END;
"""
