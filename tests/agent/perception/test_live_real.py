"""Real clips as a camera would give them: the same events as the file's."""

import pytest

from ingest.media import MemoryMedia
from ingest.open import open_source
from tests.conftest import VIDEOS
from tests.feeds import look, tick
from tests.looking import watch

pytestmark = pytest.mark.real_clips


def said(watched):
    events = [(one.type, one.start_s, one.end_s, one.caption) for one in watched.events()]
    return events, [(one.id, one.start_s, one.end_s) for one in watched.tracks]


@pytest.mark.parametrize("name", ["night_ir_cat.mp4", "crossing_cyclist.mkv"])
def test_a_clip_as_a_stream_gives_the_events_of_the_file(name):
    source = open_source([VIDEOS / name], sample="5")
    file = watch(source, media=MemoryMedia())
    frames = [item for frame in source.frames() for item in (frame, tick(frame.pts_s + 0.1))]
    live = look(frames, media=MemoryMedia())
    live_events, live_tracks = said(live)
    assert closed(live_events) == closed(said(file)[0])
    assert len(live_events) >= 2
    assert {one[0] for one in live_tracks} == {one[0] for one in said(file)[1]}


def closed(events):
    """Without ends: what is open when a file ends is closed by it, and goes on for a camera."""
    return [(kind, start, text) for kind, start, _, text in events]
