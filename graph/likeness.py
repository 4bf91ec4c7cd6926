"""A step of the schema: embeddings, readings of clocks burnt into the picture, and who read what text in a keyframe.

A vector is a unit vector in little-endian float16, some 1 kB: a few rows a page, read in one sweep. `said` is what was
embedded, so that other words are embedded anew. A keyframe's `text` is derived: every run's own words, each once.
"""

LIKENESS = """
CREATE TABLE embeddings (
    run_seq INTEGER NOT NULL REFERENCES runs (seq), "of" TEXT NOT NULL, seq INTEGER NOT NULL, said TEXT NOT NULL,
    vector BLOB NOT NULL, PRIMARY KEY (run_seq, "of", seq)
) STRICT;
CREATE TABLE clock_readings (
    stream_id TEXT NOT NULL REFERENCES streams, pts REAL NOT NULL, text TEXT NOT NULL, box_json TEXT NOT NULL,
    PRIMARY KEY (stream_id, pts, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE keyframe_texts (
    keyframe_seq INTEGER NOT NULL REFERENCES keyframes (seq), run_seq INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (keyframe_seq, run_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX keyframes_text ON keyframes (segment_seq) WHERE text != '';
INSERT INTO keyframe_texts SELECT k.seq, coalesce((SELECT max(c.run_seq) FROM segment_captions c
    WHERE c.segment_seq = k.segment_seq AND c.look = 'deep'), 0), k.text FROM keyframes k WHERE k.text != '';
"""
