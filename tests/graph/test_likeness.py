"""What was read before a file knew who read it stays; a sweep reads the embeddings of one run alone."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from graph import schema
from graph.embedded import EmbeddedStore
from graph.likeness import LIKENESS
from vidette.likeness import Nearest, Unembedded
from vidette.models import Embedding, Keyframe, Observation, Run, Segment
from vidette.queries import ClockReadings, Filter, Segments
from vidette.streams import Stream

FAST, OCR = Run(id="fast", model="fast", revision="1"), Run(id="ocr", model="rapidocr", revision="1")
YARD = Stream(id="yard", name="yard", kind="file", uri="x", start=datetime(2026, 1, 1, tzinfo=UTC))


def frame(text=""):
    return Keyframe(id="k", segment_id="s", pts_s=1.0, sha256="h", uri="u", text=text)


def told(id_, run, look, text="", **more):
    segment = Segment(id="s", stream_id="yard", start_s=0.0, end_s=9.0, keyframes=(frame(text),))
    return Observation(id=id_, stream_id="yard", look=look, run=run, start_s=0, end_s=9, segments=(segment,), **more)


def test_a_file_of_before_goes_on(tmp_path, monkeypatch: pytest.MonkeyPatch):
    path, steps = tmp_path / "v.db", schema.STEPS
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", steps[: steps.index(LIKENESS)])
        with closing(EmbeddedStore(path)) as store:
            store.open_stream(YARD)
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.executescript(
            "INSERT INTO names VALUES (1, 's'), (2, 'k');"
            'INSERT INTO segments (seq, id, stream_id, start, "end", start_pts, end_pts, size, caption, words, present)'
            " VALUES (1, 's', 'yard', 0, 9000, 0.0, 9.0, 14, '', 'GATE 3', 1);"
            "INSERT INTO keyframes VALUES (2, 'k', 1, 1000, 1.0, 'h', 'u', 'GATE 3');"
        )
    with closing(EmbeddedStore(path)) as store:
        store.settle(told("o", OCR, "deep", "KEEP CLEAR"))
        store.settle(told("g", FAST, "fast", sequence=0))
        (row,) = store.read(Segments(where=Filter(text="clear")))
        assert row.keyframes[0].text == "GATE 3 / KEEP CLEAR"
        assert [one.id for one in store.read(Unembedded(of="keyframe", run_id="x"))] == ["k"]
        assert store.read(ClockReadings(stream_id="yard")) == []
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == len(steps)
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("chunk", [1, 7, 2048])
def test_a_sweep_in_chunks_is_one_of_the_run_asked_for(monkeypatch, chunk):
    """However many are held at once; the index leads to one run's rows, in the order in which they lie."""
    monkeypatch.setattr("graph.reading.likeness._CHUNK", chunk)
    asked = []
    with closing(EmbeddedStore(":memory:")) as store:
        store.open_stream(YARD)
        frames = tuple(Keyframe(id=f"k{n}", segment_id="s", pts_s=n / 10, sha256="h", uri="u") for n in range(50))
        segment = Segment(id="s", stream_id="yard", start_s=0.0, end_s=9.0, keyframes=frames)
        given = {"stream_id": "yard", "start_s": 0.0, "end_s": 9.0}
        store.settle(Observation(id="f", look="fast", run=FAST, sequence=0, segments=(segment,), **given))
        rows = np.random.default_rng(2).normal(size=(50, 8)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        made = tuple(
            Embedding(of="keyframe", id=f"k{n}", vector=row.astype("<f2").tobytes()) for n, row in enumerate(rows)
        )
        for name in ("a", "b"):
            run = Run(id=name, model=name, revision="1")
            store.settle(Observation(id=f"e{name}", look="deep", run=run, embeddings=made, **given))
        with store._database.read() as connection:
            connection.set_trace_callback(asked.append)
        found = store.read(Nearest(of="keyframe", run_id="a", vector=rows[17].astype("<f4").tobytes(), limit=50))
        with store._database.read() as connection:
            connection.set_trace_callback(None)
            sweep = next(one for one in asked if "v.vector" in one)
            plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sweep}"))
    assert "SEARCH v USING INDEX sqlite_autoindex_embeddings_1 (run_seq=? AND of=?)" in plan
    assert "SCAN" not in plan.replace("SCAN json_each", "")
    wanted = sorted(range(50), key=lambda n: -float(rows[n].astype("<f2").astype(np.float32) @ rows[17]))
    assert [one.id for one in found] == [f"k{n}" for n in wanted]
