"""The part of the second step of the schema that joins rows by numbers.

Every id has one number, in `names`: an event and the first assertion of it share theirs. Numbers grow with time, ids do
not: an index of ids costs a page an id at every commit, one of numbers a page for many. So an id is looked up in `names`
alone, and every relation is one of numbers. `id` stays beside the number where rows are told or sorted by it.
`rejoined` lists the few things that have several tracks, so that nobody looks through all tracks for them.
Most rows last less than 2^16 ms, so what may reach into a window is a stretch of time before it, and few long ones.
"""

_OLD = (
    *("segment_captions", "segment_tracks", "keyframes", "path", "identities", "descriptions", "says", "takes_part"),
    *("shown_in", "observations", "events", "assertions", "segments", "tracks", "entities"),
)
"""Tables that are written anew; those that refer to others come before them."""

_TABLES = """
CREATE TABLE names (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE shapes (
    id INTEGER PRIMARY KEY, stream_id TEXT NOT NULL REFERENCES streams, type TEXT NOT NULL, zone TEXT NOT NULL,
    line TEXT NOT NULL, labels TEXT NOT NULL, live INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (stream_id, type, zone, line, labels, live)
) STRICT;
CREATE TABLE shape_labels (
    shape INTEGER NOT NULL REFERENCES shapes (id), label TEXT NOT NULL, PRIMARY KEY (shape, label)
) STRICT, WITHOUT ROWID;
CREATE TABLE observations (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams, look TEXT NOT NULL,
    sequence INTEGER, run_seq INTEGER NOT NULL REFERENCES runs (seq), start_pts REAL NOT NULL,
    end_pts REAL NOT NULL, watermark REAL NOT NULL
) STRICT;
CREATE TABLE entities (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams, label TEXT NOT NULL,
    name TEXT NOT NULL, description TEXT NOT NULL, attributes_json TEXT NOT NULL, kind TEXT,
    present INTEGER NOT NULL
) STRICT;
CREATE TABLE descriptions (
    entity_seq INTEGER NOT NULL REFERENCES entities (seq), source TEXT NOT NULL, look TEXT NOT NULL,
    run_seq INTEGER NOT NULL, at_pts REAL NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, attributes_json TEXT NOT NULL, PRIMARY KEY (entity_seq, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE tracks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams,
    run_seq INTEGER NOT NULL REFERENCES runs (seq), label TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER,
    start_pts REAL NOT NULL, end_pts REAL, size INTEGER NOT NULL, confidence REAL NOT NULL,
    attributes_json TEXT NOT NULL, kind TEXT, present INTEGER NOT NULL
) STRICT;
CREATE TABLE path (
    track_seq INTEGER NOT NULL REFERENCES tracks (seq), pts REAL NOT NULL,
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, PRIMARY KEY (track_seq, pts)
) STRICT, WITHOUT ROWID;
CREATE TABLE identities (
    track_seq INTEGER PRIMARY KEY REFERENCES tracks (seq), entity_seq INTEGER NOT NULL REFERENCES entities (seq),
    confidence REAL NOT NULL, method TEXT NOT NULL, run_seq INTEGER NOT NULL REFERENCES runs (seq)
) STRICT;
CREATE TABLE rejoined (entity_seq INTEGER PRIMARY KEY REFERENCES entities (seq)) STRICT;
CREATE TABLE segments (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, start_pts REAL NOT NULL, end_pts REAL NOT NULL,
    size INTEGER NOT NULL, caption TEXT NOT NULL, words TEXT NOT NULL, present INTEGER NOT NULL
) STRICT;
CREATE TABLE segment_captions (
    segment_seq INTEGER NOT NULL REFERENCES segments (seq), run_seq INTEGER NOT NULL, look TEXT NOT NULL,
    caption TEXT NOT NULL, PRIMARY KEY (segment_seq, run_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_tracks (
    segment_seq INTEGER NOT NULL REFERENCES segments (seq), track_seq INTEGER NOT NULL,
    PRIMARY KEY (segment_seq, track_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE keyframes (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, segment_seq INTEGER NOT NULL REFERENCES segments (seq),
    at INTEGER NOT NULL, pts REAL NOT NULL, sha256 TEXT NOT NULL, uri TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE assertions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams,
    run_seq INTEGER NOT NULL REFERENCES runs (seq), look TEXT NOT NULL, type TEXT NOT NULL, of_seq INTEGER,
    start INTEGER NOT NULL, "end" INTEGER, start_pts REAL NOT NULL, end_pts REAL, size INTEGER NOT NULL,
    confidence REAL NOT NULL, caption TEXT NOT NULL, segment_seq INTEGER, rest_json TEXT NOT NULL
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, stream_id TEXT NOT NULL REFERENCES streams,
    shape INTEGER REFERENCES shapes (id), look TEXT NOT NULL, derived INTEGER NOT NULL, watch INTEGER NOT NULL,
    type TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER, start_pts REAL NOT NULL, end_pts REAL,
    size INTEGER NOT NULL, confidence REAL NOT NULL, caption TEXT NOT NULL, words TEXT NOT NULL, box_json TEXT,
    zone TEXT, line TEXT, state TEXT NOT NULL, attributes_json TEXT NOT NULL
) STRICT;
CREATE TABLE says (
    assertion_seq INTEGER PRIMARY KEY REFERENCES assertions (seq), event_seq INTEGER NOT NULL REFERENCES events (seq)
) STRICT;
CREATE TABLE takes_part (
    assertion_seq INTEGER NOT NULL REFERENCES assertions (seq), place INTEGER NOT NULL, role TEXT NOT NULL,
    track_seq INTEGER, entity_seq INTEGER, PRIMARY KEY (assertion_seq, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE shown_in (
    assertion_seq INTEGER NOT NULL REFERENCES assertions (seq), place INTEGER NOT NULL, kind TEXT NOT NULL,
    sha256 TEXT NOT NULL, uri TEXT NOT NULL, pts REAL NOT NULL, box_json TEXT, PRIMARY KEY (assertion_seq, place)
) STRICT, WITHOUT ROWID;
"""

_COPY = """
INSERT INTO names (id) SELECT id FROM events_1 ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT id FROM assertions_1 ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT "of" FROM assertions_1 WHERE "of" IS NOT NULL ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT segment_id FROM assertions_1 WHERE segment_id IS NOT NULL ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT id FROM tracks_1 ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT track_id FROM takes_part_1 WHERE track_id IS NOT NULL;
INSERT OR IGNORE INTO names (id) SELECT id FROM entities_1;
INSERT OR IGNORE INTO names (id) SELECT entity_id FROM takes_part_1 WHERE entity_id IS NOT NULL;
INSERT OR IGNORE INTO names (id) SELECT id FROM segments_1 ORDER BY seq;
INSERT OR IGNORE INTO names (id) SELECT track_id FROM segment_tracks_1;
INSERT OR IGNORE INTO names (id) SELECT id FROM keyframes_1;
INSERT OR IGNORE INTO names (id) SELECT id FROM observations_1;
INSERT INTO observations SELECT m.seq, o.id, o.stream_id, o.look, o.sequence, r.seq, o.start_pts, o.end_pts, o.watermark
    FROM observations_1 o JOIN names m ON m.id = o.id JOIN runs r ON r.id = o.run_id;
INSERT INTO entities SELECT m.seq, n.* FROM entities_1 n JOIN names m ON m.id = n.id;
INSERT INTO descriptions SELECT m.seq, d.observation_id, d.look, d.run_seq, d.at_pts, d.label, d.name, d.description,
    d.attributes_json FROM descriptions_1 d JOIN names m ON m.id = d.entity_id;
INSERT INTO tracks SELECT m.seq, t.id, t.stream_id, r.seq, t.label, t.start, t."end", t.start_pts, t.end_pts, t.size,
    t.confidence, t.attributes_json, t.kind, t.present
    FROM tracks_1 t JOIN names m ON m.id = t.id JOIN runs r ON r.id = t.run_id ORDER BY t.seq;
INSERT INTO path SELECT m.seq, p.pts, p.x1, p.y1, p.x2, p.y2 FROM path_1 p JOIN names m ON m.id = p.track_id;
INSERT INTO identities SELECT m.seq, n.seq, i.confidence, i.method, r.seq FROM identities_1 i
    JOIN names m ON m.id = i.track_id JOIN names n ON n.id = i.entity_id JOIN runs r ON r.id = i.run_id;
INSERT INTO rejoined SELECT entity_seq FROM identities GROUP BY entity_seq HAVING count(*) > 1;
INSERT INTO segments SELECT m.seq, s.id, s.stream_id, s.start, s."end", s.start_pts, s.end_pts, s.size, s.caption, s.words,
    s.present FROM segments_1 s JOIN names m ON m.id = s.id ORDER BY s.seq;
INSERT INTO segment_captions SELECT m.seq, c.run_seq, c.look, c.caption FROM segment_captions_1 c
    JOIN names m ON m.id = c.segment_id;
INSERT INTO segment_tracks SELECT m.seq, n.seq FROM segment_tracks_1 s JOIN names m ON m.id = s.segment_id
    JOIN names n ON n.id = s.track_id;
INSERT INTO keyframes SELECT m.seq, k.id, s.seq, k.at, k.pts, k.sha256, k.uri, k.text FROM keyframes_1 k
    JOIN names m ON m.id = k.id JOIN names s ON s.id = k.segment_id;
INSERT INTO assertions SELECT m.seq, a.id, a.stream_id, r.seq, a.look, a.type, o.seq, a.start, a."end", a.start_pts,
    a.end_pts, a.size, a.confidence, a.caption, s.seq, json_object('state', a.body_json ->> '$.state',
    'box', json(a.body_json -> '$.box'), 'zone', a.body_json ->> '$.zone', 'line', a.body_json ->> '$.line',
    'attributes', json(a.body_json -> '$.attributes'))
    FROM assertions_1 a JOIN names m ON m.id = a.id JOIN runs r ON r.id = a.run_id
    LEFT JOIN names o ON o.id = a."of" LEFT JOIN names s ON s.id = a.segment_id ORDER BY a.seq;
INSERT INTO events SELECT m.seq, e.id, e.stream_id, NULL, e.look, e.derived, e.watch, e.type, e.start, e."end",
    e.start_pts, e.end_pts, e.size, e.confidence, e.caption, e.words, e.box_json, e.zone, e.line, e.state,
    e.attributes_json FROM events_1 e JOIN names m ON m.id = e.id ORDER BY e.seq;
INSERT INTO says SELECT m.seq, n.seq FROM says_1 s JOIN names m ON m.id = s.assertion_id
    JOIN names n ON n.id = s.event_id;
INSERT INTO takes_part SELECT m.seq, t.place, t.role, k.seq, n.seq FROM takes_part_1 t
    JOIN names m ON m.id = t.assertion_id LEFT JOIN names k ON k.id = t.track_id
    LEFT JOIN names n ON n.id = t.entity_id;
INSERT INTO shown_in SELECT m.seq, p.place, p.kind, p.sha256, p.uri, p.pts, p.box_json FROM shown_in_1 p
    JOIN names m ON m.id = p.assertion_id;
"""

# Each index costs work at every commit: there is none that a query can do without.
_INDEXES = """
CREATE INDEX entities_stream ON entities (stream_id, label);
CREATE INDEX tracks_stream ON tracks (stream_id, start_pts);
CREATE INDEX tracks_start ON tracks (start);
CREATE INDEX tracks_long ON tracks (size, start) WHERE size > 16;
CREATE INDEX tracks_long_pts ON tracks (size, start_pts) WHERE size > 16;
CREATE INDEX identities_entity ON identities (entity_seq);
CREATE INDEX segments_stream ON segments (stream_id, start_pts);
CREATE INDEX segments_start ON segments (start);
CREATE INDEX segments_long ON segments (size, start) WHERE size > 16;
CREATE INDEX segments_long_pts ON segments (size, start_pts) WHERE size > 16;
CREATE INDEX segment_tracks_track ON segment_tracks (track_seq);
CREATE INDEX keyframes_segment ON keyframes (segment_seq, pts);
CREATE INDEX keyframes_pts ON keyframes (pts);
CREATE INDEX assertions_free ON assertions (stream_id, type, size, start_pts) WHERE of_seq IS NULL;
CREATE INDEX assertions_segment ON assertions (segment_seq) WHERE segment_seq IS NOT NULL;
CREATE INDEX events_stream ON events (stream_id, start_pts);
CREATE INDEX events_long ON events (size, start) WHERE size > 16;
CREATE INDEX events_long_pts ON events (size, start_pts) WHERE size > 16;
CREATE INDEX says_event ON says (event_seq);
CREATE INDEX takes_part_track ON takes_part (track_seq) WHERE track_seq IS NOT NULL;
CREATE INDEX takes_part_entity ON takes_part (entity_seq) WHERE entity_seq IS NOT NULL;
CREATE INDEX shown_in_pts ON shown_in (pts);
"""

_WORDS = """
DROP TABLE $thing_words;
CREATE VIRTUAL TABLE $thing_words USING fts5 (words, content='$things', content_rowid='seq', tokenize='porter unicode61');
INSERT INTO $thing_words ($thing_words) VALUES ('rebuild');
"""

_TRIGGERS = tuple(
    f"DROP TRIGGER {name};\n"
    for name in ("event_words_in", "event_words_out", "event_words_moved", "segment_words_in", "segment_words_moved")
)
NUMBERING = "".join(
    (
        *_TRIGGERS,
        *(f"ALTER TABLE {table} RENAME TO {table}_1;\n" for table in _OLD),
        _TABLES,
        _COPY,
        *(f"DROP TABLE {table}_1;\n" for table in _OLD),
        _INDEXES,
        *(_WORDS.replace("$thing", thing) for thing in ("event", "segment")),
    )
)
