"""Every annotated real clip, watched in spans and in one go: the same events, tracks and coverage."""

import itertools
import json

import pytest

from ingest.sources import expand
from tests.conftest import VIDEOS
from vidette.queries import CoverageIn, Events, Filter, Segments, Tracks
from vidette.settings import Settings
from workers.inline import watch_sources
from workers.wiring import pipeline_of

pytestmark = pytest.mark.real_clips

EXPECTED = VIDEOS / "expected.json"
CLIPS = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {"none": {"duration_s": 0.0}}
ALL = 100_000


def span_of(name):
    """20 s; 5 s for clips that are shorter than that."""
    return 20.0 if CLIPS[name]["duration_s"] > 20 else 5.0


def held(clip, folder, media, span_s):
    pipeline = pipeline_of(Settings(db=str(folder / f"{span_s}.db"), media=str(media)))
    try:
        (spec,) = expand([str(clip)], name="clip").specs
        (outcome,) = watch_sources(pipeline, [spec], span_s=span_s)
        read = pipeline.store.read
        return {
            "outcome": (outcome.status, outcome.error, round(outcome.watched_s, 3)),
            "events": read(Events(where=Filter(retracted=True), limit=ALL)),
            "tracks": read(Tracks(limit=ALL)),
            "segments": read(Segments(limit=ALL)),
            "coverage": read(CoverageIn()),
        }
    finally:
        pipeline.close()


@pytest.mark.parametrize("name", CLIPS)
def test_spans_change_nothing_on_real_clips(name, tmp_path, videos):
    whole, spans = (held(videos / name, tmp_path, tmp_path / "media", span_s) for span_s in (None, span_of(name)))
    assert whole["outcome"][:2] == ("watched", None)
    for part, rows in whole.items():
        assert spans[part] == rows, part
    rows = whole["coverage"]
    assert rows[0].start_s == 0
    assert rows[-1].end_s == pytest.approx(CLIPS[name]["duration_s"], abs=0.3)
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(rows))
