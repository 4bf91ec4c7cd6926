"""Tables of the embedded store, as steps from one version to the next.

Properties are named as the graph's (design §8), maps end in `_json`; `start`, `end`, `at` are instants
in integer milliseconds, `start_pts`, `end_pts`, `pts` media seconds. `size` is the bit length of a row's
duration in ms (`OPEN` while it has no end): long rows of one size that may reach into a window are a range
of `(size, start)`, so an overlap needs no scan. `present` is 0 on what a new watch has not said again.
"""

import sqlite3

from graph.lanes import LANES
from graph.sorts import SORTS
from vidette.errors import StoreError

APPLICATION_ID = 0x56494454  # "VIDT", in the header of every file that is ours
OPEN = 64

_FIRST = """
CREATE TABLE streams (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, uri TEXT NOT NULL,
    start INTEGER NOT NULL, start_from TEXT NOT NULL, duration REAL, width INTEGER NOT NULL,
    height INTEGER NOT NULL, watch INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE zones (
    id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams, name TEXT NOT NULL,
    polygon_json TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (stream_id, id)
) STRICT;
CREATE INDEX zones_id ON zones (id);
CREATE TABLE lines (
    id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams, name TEXT NOT NULL,
    points_json TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (stream_id, id)
) STRICT;
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL, revision TEXT NOT NULL,
    prompt_hash TEXT NOT NULL, params_json TEXT NOT NULL
) STRICT;
CREATE TABLE observations (
    id TEXT PRIMARY KEY, stream_id TEXT NOT NULL REFERENCES streams, look TEXT NOT NULL,
    sequence INTEGER, run_id TEXT NOT NULL REFERENCES runs (id), start_pts REAL NOT NULL,
    end_pts REAL NOT NULL, watermark REAL NOT NULL
) STRICT;
CREATE INDEX observations_stream ON observations (stream_id, look, sequence);
CREATE TABLE commits (
    stream_id TEXT PRIMARY KEY REFERENCES streams, sequence INTEGER NOT NULL, watermark REAL NOT NULL,
    carry BLOB NOT NULL, final INTEGER NOT NULL, run_id TEXT NOT NULL REFERENCES runs (id)
) STRICT;
CREATE TABLE entities (
    id TEXT PRIMARY KEY, stream_id TEXT NOT NULL REFERENCES streams, label TEXT NOT NULL,
    name TEXT NOT NULL, description TEXT NOT NULL, attributes_json TEXT NOT NULL, kind TEXT,
    present INTEGER NOT NULL
) STRICT;
CREATE INDEX entities_stream ON entities (stream_id, label);
CREATE INDEX entities_label ON entities (label);
CREATE INDEX entities_kind ON entities (kind) WHERE kind IS NOT NULL;
CREATE TABLE descriptions (
    entity_id TEXT NOT NULL REFERENCES entities, observation_id TEXT NOT NULL, look TEXT NOT NULL,
    run_seq INTEGER NOT NULL, at_pts REAL NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, attributes_json TEXT NOT NULL, PRIMARY KEY (entity_id, observation_id)
) STRICT;
CREATE TABLE tracks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL REFERENCES streams,
    run_id TEXT NOT NULL REFERENCES runs (id), label TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER,
    start_pts REAL NOT NULL, end_pts REAL, size INTEGER NOT NULL, confidence REAL NOT NULL,
    attributes_json TEXT NOT NULL, kind TEXT, present INTEGER NOT NULL
) STRICT;
CREATE INDEX tracks_stream ON tracks (stream_id, start_pts);
CREATE INDEX tracks_run ON tracks (run_id);
CREATE INDEX tracks_start ON tracks (start);
CREATE INDEX tracks_size ON tracks (size, start);
CREATE INDEX tracks_size_pts ON tracks (size, start_pts);
CREATE TABLE path (
    track_id TEXT NOT NULL REFERENCES tracks (id), pts REAL NOT NULL,
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, PRIMARY KEY (track_id, pts)
) STRICT, WITHOUT ROWID;
CREATE TABLE identities (
    track_id TEXT PRIMARY KEY REFERENCES tracks (id), entity_id TEXT NOT NULL REFERENCES entities,
    confidence REAL NOT NULL, method TEXT NOT NULL, run_id TEXT NOT NULL REFERENCES runs (id)
) STRICT;
CREATE INDEX identities_entity ON identities (entity_id);
CREATE TABLE segments (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL REFERENCES streams,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, start_pts REAL NOT NULL, end_pts REAL NOT NULL,
    size INTEGER NOT NULL, caption TEXT NOT NULL, words TEXT NOT NULL, present INTEGER NOT NULL
) STRICT;
CREATE INDEX segments_stream ON segments (stream_id, start_pts);
CREATE INDEX segments_start ON segments (start);
CREATE INDEX segments_size ON segments (size, start);
CREATE INDEX segments_size_pts ON segments (size, start_pts);
CREATE TABLE segment_captions (
    segment_id TEXT NOT NULL REFERENCES segments (id), run_seq INTEGER NOT NULL, look TEXT NOT NULL,
    caption TEXT NOT NULL, PRIMARY KEY (segment_id, run_seq)
) STRICT;
CREATE TABLE segment_tracks (
    segment_id TEXT NOT NULL REFERENCES segments (id), track_id TEXT NOT NULL,
    PRIMARY KEY (segment_id, track_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_tracks_track ON segment_tracks (track_id);
CREATE TABLE keyframes (
    id TEXT PRIMARY KEY, segment_id TEXT NOT NULL REFERENCES segments (id), at INTEGER NOT NULL,
    pts REAL NOT NULL, sha256 TEXT NOT NULL, uri TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX keyframes_segment ON keyframes (segment_id, pts);
CREATE INDEX keyframes_sha256 ON keyframes (sha256);
CREATE TABLE assertions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL REFERENCES streams,
    run_id TEXT NOT NULL REFERENCES runs (id), look TEXT NOT NULL, type TEXT NOT NULL, "of" TEXT,
    start INTEGER NOT NULL, "end" INTEGER, start_pts REAL NOT NULL, end_pts REAL, size INTEGER NOT NULL,
    confidence REAL NOT NULL, caption TEXT NOT NULL, segment_id TEXT, body_json TEXT NOT NULL
) STRICT;
CREATE INDEX assertions_free ON assertions (stream_id, type, size, start_pts) WHERE "of" IS NULL;
CREATE INDEX assertions_segment ON assertions (segment_id) WHERE segment_id IS NOT NULL;
CREATE INDEX assertions_run ON assertions (run_id);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream_id TEXT NOT NULL REFERENCES streams,
    look TEXT NOT NULL, derived INTEGER NOT NULL, watch INTEGER NOT NULL, type TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER, start_pts REAL NOT NULL, end_pts REAL, size INTEGER NOT NULL,
    confidence REAL NOT NULL, caption TEXT NOT NULL, words TEXT NOT NULL, box_json TEXT, zone TEXT, line TEXT,
    state TEXT NOT NULL, attributes_json TEXT NOT NULL
) STRICT;
CREATE INDEX events_stream ON events (stream_id, start_pts);
CREATE INDEX events_type ON events (stream_id, type, size, start_pts);
CREATE INDEX events_start ON events (start);
CREATE INDEX events_size ON events (size, start);
CREATE INDEX events_size_pts ON events (size, start_pts);
CREATE INDEX events_zone ON events (zone) WHERE zone IS NOT NULL;
CREATE TABLE says (
    assertion_id TEXT PRIMARY KEY REFERENCES assertions (id), event_id TEXT NOT NULL REFERENCES events (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX says_event ON says (event_id);
CREATE TABLE takes_part (
    assertion_id TEXT NOT NULL REFERENCES assertions (id), place INTEGER NOT NULL, role TEXT NOT NULL,
    track_id TEXT, entity_id TEXT, PRIMARY KEY (assertion_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX takes_part_track ON takes_part (track_id) WHERE track_id IS NOT NULL;
CREATE INDEX takes_part_entity ON takes_part (entity_id) WHERE entity_id IS NOT NULL;
CREATE TABLE shown_in (
    assertion_id TEXT NOT NULL REFERENCES assertions (id), place INTEGER NOT NULL, kind TEXT NOT NULL,
    sha256 TEXT NOT NULL, uri TEXT NOT NULL, pts REAL NOT NULL, box_json TEXT, PRIMARY KEY (assertion_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_in_sha256 ON shown_in (sha256);
CREATE TABLE coverage (
    stream_id TEXT NOT NULL REFERENCES streams, look TEXT NOT NULL, start_pts REAL NOT NULL, end_pts REAL NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, state TEXT NOT NULL, deep TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (stream_id, look, start_pts)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE event_words USING fts5 (words, content='events', content_rowid='seq', tokenize='porter unicode61');
CREATE TRIGGER event_words_in AFTER INSERT ON events BEGIN
    INSERT INTO event_words (rowid, words) VALUES (new.seq, new.words);
END;
CREATE TRIGGER event_words_out AFTER DELETE ON events BEGIN
    INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', old.seq, old.words);
END;
CREATE TRIGGER event_words_moved AFTER UPDATE OF words ON events BEGIN
    INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO event_words (rowid, words) VALUES (new.seq, new.words);
END;
CREATE VIRTUAL TABLE segment_words USING fts5 (words, content='segments', content_rowid='seq', tokenize='porter unicode61');
CREATE TRIGGER segment_words_in AFTER INSERT ON segments BEGIN
    INSERT INTO segment_words (rowid, words) VALUES (new.seq, new.words);
END;
CREATE TRIGGER segment_words_moved AFTER UPDATE OF words ON segments BEGIN
    INSERT INTO segment_words (segment_words, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO segment_words (rowid, words) VALUES (new.seq, new.words);
END;
"""

# Alerts, and the messages that tell of them, whole as they were said (`body_json`, `message_json`), beside the columns
# that queries need. A delivery is due at `next_at`; of one that is `sending`, that is the end of its lease.
_ALERTS = """
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

# Speed. What is said, takes part and is shown is joined by numbers, which grow with time, instead of by ids, which do
# not. A `shape` is what filters ask of events (stream, type, zone, line, labels, whether retracted): few, however many
# events there are, so that counts are sums over shapes and a filter is a range of (shape, start). Triggers count.
# Most rows last less than 2^16 ms, so what may reach into a window is a stretch of time before it, and few long ones.
# Each index of ids or hashes costs a page a row at every commit: there is none that a query can do without.
_SPEED = """
CREATE TABLE says_new (
    assertion_seq INTEGER PRIMARY KEY REFERENCES assertions (seq), event_seq INTEGER NOT NULL REFERENCES events (seq)
) STRICT;
INSERT INTO says_new SELECT a.seq, e.seq FROM says s JOIN assertions a ON a.id = s.assertion_id
    JOIN events e ON e.id = s.event_id ORDER BY a.seq;
DROP TABLE says;
ALTER TABLE says_new RENAME TO says;
CREATE INDEX says_event ON says (event_seq);
CREATE TABLE takes_part_new (
    assertion_seq INTEGER NOT NULL REFERENCES assertions (seq), place INTEGER NOT NULL, role TEXT NOT NULL,
    track_id TEXT, entity_id TEXT, PRIMARY KEY (assertion_seq, place)
) STRICT, WITHOUT ROWID;
INSERT INTO takes_part_new SELECT a.seq, t.place, t.role, t.track_id, t.entity_id FROM takes_part t
    JOIN assertions a ON a.id = t.assertion_id ORDER BY a.seq;
DROP TABLE takes_part;
ALTER TABLE takes_part_new RENAME TO takes_part;
CREATE INDEX takes_part_track ON takes_part (track_id) WHERE track_id IS NOT NULL;
CREATE INDEX takes_part_entity ON takes_part (entity_id) WHERE entity_id IS NOT NULL;
CREATE TABLE shown_in_new (
    assertion_seq INTEGER NOT NULL REFERENCES assertions (seq), place INTEGER NOT NULL, kind TEXT NOT NULL,
    sha256 TEXT NOT NULL, uri TEXT NOT NULL, pts REAL NOT NULL, box_json TEXT, PRIMARY KEY (assertion_seq, place)
) STRICT, WITHOUT ROWID;
INSERT INTO shown_in_new SELECT a.seq, p.place, p.kind, p.sha256, p.uri, p.pts, p.box_json FROM shown_in p
    JOIN assertions a ON a.id = p.assertion_id ORDER BY a.seq;
DROP TABLE shown_in;
ALTER TABLE shown_in_new RENAME TO shown_in;
CREATE INDEX shown_in_pts ON shown_in (pts);
ALTER TABLE assertions ADD COLUMN rest_json TEXT NOT NULL DEFAULT '{}';
UPDATE assertions SET rest_json = json_object('state', body_json ->> '$.state', 'box', json(body_json -> '$.box'),
    'zone', body_json ->> '$.zone', 'line', body_json ->> '$.line', 'attributes', json(body_json -> '$.attributes'));
ALTER TABLE assertions DROP COLUMN body_json;
DROP INDEX keyframes_sha256;
CREATE INDEX keyframes_pts ON keyframes (pts);
CREATE TABLE path_new (
    track_seq INTEGER NOT NULL REFERENCES tracks (seq), pts REAL NOT NULL,
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, PRIMARY KEY (track_seq, pts)
) STRICT, WITHOUT ROWID;
INSERT INTO path_new SELECT t.seq, p.pts, p.x1, p.y1, p.x2, p.y2 FROM path p JOIN tracks t ON t.id = p.track_id
    ORDER BY t.seq, p.pts;
DROP TABLE path;
ALTER TABLE path_new RENAME TO path;
DROP INDEX tracks_run;
DROP INDEX assertions_run;
DROP INDEX observations_stream;
DROP INDEX entities_label;
DROP INDEX entities_kind;
DROP INDEX events_type;
DROP INDEX events_size;
DROP INDEX events_size_pts;
DROP INDEX tracks_size;
DROP INDEX tracks_size_pts;
DROP INDEX segments_size;
DROP INDEX segments_size_pts;
CREATE INDEX events_long ON events (size, start) WHERE size > 16;
CREATE INDEX events_long_pts ON events (size, start_pts) WHERE size > 16;
CREATE INDEX tracks_long ON tracks (size, start) WHERE size > 16;
CREATE INDEX tracks_long_pts ON tracks (size, start_pts) WHERE size > 16;
CREATE INDEX segments_long ON segments (size, start) WHERE size > 16;
CREATE INDEX segments_long_pts ON segments (size, start_pts) WHERE size > 16;
CREATE TABLE shapes (
    id INTEGER PRIMARY KEY, stream_id TEXT NOT NULL REFERENCES streams, type TEXT NOT NULL, zone TEXT NOT NULL,
    line TEXT NOT NULL, labels TEXT NOT NULL, live INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (stream_id, type, zone, line, labels, live)
) STRICT;
CREATE TABLE shape_labels (
    shape INTEGER NOT NULL REFERENCES shapes (id), label TEXT NOT NULL, PRIMARY KEY (shape, label)
) STRICT, WITHOUT ROWID;
ALTER TABLE events ADD COLUMN shape INTEGER REFERENCES shapes (id);
DROP INDEX events_zone;
DROP INDEX events_start;
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
    LEFT JOIN identities i ON i.track_id = t.track_id JOIN entities n ON n.id = coalesce(t.entity_id, i.entity_id)
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
DROP TRIGGER event_words_moved;
CREATE TRIGGER event_words_moved AFTER UPDATE OF words ON events WHEN old.words IS NOT new.words BEGIN
    INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO event_words (rowid, words) VALUES (new.seq, new.words);
END;
DROP TRIGGER segment_words_moved;
CREATE TRIGGER segment_words_moved AFTER UPDATE OF words ON segments WHEN old.words IS NOT new.words BEGIN
    INSERT INTO segment_words (segment_words, rowid, words) VALUES ('delete', old.seq, old.words);
    INSERT INTO segment_words (rowid, words) VALUES (new.seq, new.words);
END;
ALTER TABLE streams ADD COLUMN tracks INTEGER NOT NULL DEFAULT 0;
UPDATE streams SET tracks = (SELECT count(*) FROM tracks t WHERE t.stream_id = streams.id AND t.present);
CREATE TRIGGER tracks_counted AFTER INSERT ON tracks BEGIN
    UPDATE streams SET tracks = tracks + new.present WHERE id = new.stream_id;
END;
CREATE TRIGGER tracks_recounted AFTER UPDATE OF present ON tracks WHEN old.present != new.present BEGIN
    UPDATE streams SET tracks = tracks + new.present - old.present WHERE id = new.stream_id;
END;
"""

STEPS: tuple[str, ...] = (_FIRST, _ALERTS, _SPEED, SORTS, LANES)
"""What brings a file from version i to i + 1; a step that shipped is never edited."""


def version(connection: sqlite3.Connection) -> int:
    """How many steps the file has taken. Raises StoreError for another program's file or a newer version's."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if used and owner != APPLICATION_ID:
        raise StoreError("a database of another program; name another file with --db")
    if found > len(STEPS):
        raise StoreError(
            f"written by a newer Vidette: its schema is version {found}, this one knows {len(STEPS)}; update Vidette"
        )
    return found


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to this version, all steps or none. Raises StoreError as `version` does."""
    if version(connection) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[version(connection) :]:  # read again: another process may have been first
            for statement in statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute(f"PRAGMA user_version = {len(STEPS):d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already (sqlite.org/lang_transaction.html)
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> list[str]:
    """The statements of a script: `executescript` would commit between them."""
    out, text = [], ""
    for row in script.splitlines(keepends=True):
        text += row
        if text.strip() and sqlite3.complete_statement(text):
            out.append(text.strip())
            text = ""
    return out
