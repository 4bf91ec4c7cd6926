"""The fourth step of the schema: what deep looks cost and answered, and which segments the gate left out.

Of looks before it, only what became of them is known: as coverage says, and at no cost.
"""

LOOKING = """
ALTER TABLE segments ADD COLUMN gated INTEGER NOT NULL DEFAULT 0;
UPDATE segments SET gated = 1 WHERE NOT EXISTS (SELECT 1 FROM keyframes k WHERE k.segment_seq = segments.seq);
CREATE TABLE looks (
    seq INTEGER PRIMARY KEY REFERENCES observations (seq), segment_seq INTEGER NOT NULL,
    stream_id TEXT NOT NULL REFERENCES streams, run_seq INTEGER NOT NULL REFERENCES runs (seq), start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, start_pts REAL NOT NULL, end_pts REAL NOT NULL, size INTEGER NOT NULL, outcome TEXT NOT NULL,
    calls INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0, wall_s REAL NOT NULL DEFAULT 0, gpu_s REAL NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX looks_stream ON looks (stream_id, start_pts);
CREATE INDEX looks_segment ON looks (segment_seq);
CREATE TABLE verdicts (
    look_seq INTEGER NOT NULL REFERENCES looks (seq), place INTEGER NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, confidence REAL NOT NULL, pts REAL, PRIMARY KEY (look_seq, place)
) STRICT, WITHOUT ROWID;
INSERT INTO looks (seq, segment_seq, stream_id, run_seq, start, "end", start_pts, end_pts, size, outcome)
    SELECT o.seq, s.seq, s.stream_id, o.run_seq, s.start, s."end", s.start_pts, s.end_pts, s.size, c.deep
    FROM observations o
    JOIN segments s ON s.stream_id = o.stream_id AND s.start_pts = o.start_pts AND s.end_pts = o.end_pts
    JOIN coverage c ON c.stream_id = s.stream_id AND c.look = 'deep' AND c.start_pts = (SELECT max(d.start_pts)
    FROM coverage d WHERE d.stream_id = s.stream_id AND d.look = 'deep' AND d.start_pts <= s.start_pts)
    WHERE o.look = 'deep' AND c.end_pts > s.start_pts AND c.deep IN ('examined', 'failed', 'dropped');
"""

LOOKS_NEAR = """
CREATE INDEX looks_start ON looks (start);
CREATE INDEX looks_long ON looks (size, start) WHERE size > 16;
CREATE INDEX looks_long_pts ON looks (size, start_pts) WHERE size > 16;
"""
"""The eleventh step: looks that reach into a window by index, as events, tracks and segments are found (graph.reach)."""
