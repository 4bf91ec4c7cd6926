"""How much of each stream every look spoke of, watched and examined, in ms: kept by triggers, so that nobody sums rows.

This is a part of the second step of the schema.
"""

LANES = """
CREATE TABLE lanes (
    stream_id TEXT NOT NULL REFERENCES streams, look TEXT NOT NULL, known INTEGER NOT NULL, watched INTEGER NOT NULL,
    examined INTEGER NOT NULL, PRIMARY KEY (stream_id, look)
) STRICT, WITHOUT ROWID;
INSERT INTO lanes SELECT stream_id, look, sum(CAST(round(1000 * end_pts) - round(1000 * start_pts) AS INTEGER)),
    sum((state = 'watched') * CAST(round(1000 * end_pts) - round(1000 * start_pts) AS INTEGER)),
    sum((deep = 'examined') * CAST(round(1000 * end_pts) - round(1000 * start_pts) AS INTEGER))
    FROM coverage GROUP BY stream_id, look;
CREATE TRIGGER lanes_more AFTER INSERT ON coverage BEGIN
    INSERT INTO lanes SELECT new.stream_id, new.look, ms, (new.state = 'watched') * ms, (new.deep = 'examined') * ms
    FROM (SELECT CAST(round(1000 * new.end_pts) - round(1000 * new.start_pts) AS INTEGER) AS ms) WHERE true
    ON CONFLICT DO UPDATE SET known = known + excluded.known, watched = watched + excluded.watched,
        examined = examined + excluded.examined;
END;
CREATE TRIGGER lanes_less AFTER DELETE ON coverage BEGIN
    UPDATE lanes SET known = known - ms, watched = watched - (old.state = 'watched') * ms,
        examined = examined - (old.deep = 'examined') * ms
    FROM (SELECT CAST(round(1000 * old.end_pts) - round(1000 * old.start_pts) AS INTEGER) AS ms)
    WHERE stream_id = old.stream_id AND look = old.look;
END;
CREATE INDEX coverage_dark ON coverage (stream_id, look, start_pts) WHERE state != 'watched';
"""
