"""The part of the second step of the schema that counts: a shape is what filters ask of events, with how many have it.

That is stream, type, zone, line, labels and whether retracted: few, however many events there are, so that counts are
sums over shapes and a filter is a range of (shape, start). Triggers count.
"""

SHAPING = """
CREATE TRIGGER events_counted AFTER UPDATE OF shape ON events WHEN old.shape IS NOT new.shape BEGIN
    UPDATE shapes SET count = count - 1 WHERE id = old.shape;
    UPDATE shapes SET count = count + 1 WHERE id = new.shape;
END;
CREATE TRIGGER events_uncounted AFTER DELETE ON events WHEN old.shape IS NOT NULL BEGIN
    UPDATE shapes SET count = count - 1 WHERE id = old.shape;
END;
CREATE TRIGGER events_counted_new AFTER INSERT ON events WHEN new.shape IS NOT NULL BEGIN
    UPDATE shapes SET count = count + 1 WHERE id = new.shape;
END;
CREATE TEMP TABLE shaped (seq INTEGER PRIMARY KEY, stream_id, type, zone, line, live, labels, shape);
INSERT INTO shaped SELECT e.seq, e.stream_id, e.type, coalesce(e.zone, ''), coalesce(e.line, ''),
    e.state != 'retracted', coalesce((SELECT group_concat(label, ' ') FROM
    (SELECT DISTINCT n.label FROM says s JOIN takes_part t ON t.assertion_seq = s.assertion_seq
    LEFT JOIN identities i ON i.track_seq = t.track_seq JOIN entities n ON n.seq = coalesce(t.entity_seq, i.entity_seq)
    WHERE s.event_seq = e.seq ORDER BY n.label)), ''), NULL FROM events e;
INSERT INTO shapes (stream_id, type, zone, line, labels, live)
    SELECT DISTINCT stream_id, type, zone, line, labels, live FROM shaped;
INSERT INTO shape_labels SELECT s.id, l.value FROM shapes s,
    json_each('["' || replace(s.labels, ' ', '","') || '"]') l WHERE s.labels != '';
UPDATE shaped SET shape = (SELECT s.id FROM shapes s WHERE (s.stream_id, s.type, s.zone, s.line, s.labels, s.live)
    = (shaped.stream_id, shaped.type, shaped.zone, shaped.line, shaped.labels, shaped.live));
UPDATE events SET shape = (SELECT x.shape FROM shaped x WHERE x.seq = events.seq);
DROP TABLE shaped;
CREATE INDEX events_shape ON events (shape, start);
CREATE INDEX events_start ON events (start, shape);
ALTER TABLE streams ADD COLUMN tracks INTEGER NOT NULL DEFAULT 0;
UPDATE streams SET tracks = (SELECT count(*) FROM tracks t WHERE t.stream_id = streams.id AND t.present);
CREATE TRIGGER tracks_counted AFTER INSERT ON tracks BEGIN
    UPDATE streams SET tracks = tracks + new.present WHERE id = new.stream_id;
END;
CREATE TRIGGER tracks_recounted AFTER UPDATE OF present ON tracks WHEN old.present != new.present BEGIN
    UPDATE streams SET tracks = tracks + new.present - old.present WHERE id = new.stream_id;
END;
"""
