"""The first step of the schema: what version 1 wrote. A step that shipped is never edited."""

FIRST = """
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
