"""Real clips as a camera would give them: the same events as the file's."""

import pytest

from ingest.media import MemoryMedia
from ingest.open import open_source
from tests.conftest import VIDEOS
from tests.feeds import look, playing, tick
from tests.looking import watch
from vidette.models import EventType

pytestmark = pytest.mark.real_clips

FAMILY = {one for one in EventType if one.value.startswith(("object_", "zone_", "line_", "count_", "running"))}


def said(watched):
    events = [(one.type, one.start_s, one.end_s, one.caption) for one in watched.events()]
    return events, [(one.id, one.start_s, one.end_s) for one in watched.tracks]


@pytest.mark.parametrize("name", ["street_cars.mp4", "crossing_cyclist.mkv"])
def test_a_clip_as_a_stream_gives_the_events_of_the_file(name):
    source = open_source([VIDEOS / name], sample="5")
    file = watch(source, media=MemoryMedia())
    frames = [item for frame in source.frames() for item in (frame, tick(frame.pts_s + 0.1))]
    live = look(frames, media=MemoryMedia())
    live_events, live_tracks = said(live)
    assert closed(live_events) == closed(said(file)[0])
    assert len(live_events) >= 3
    assert {one[0] for one in live_tracks} == {one[0] for one in said(file)[1]}


def closed(events):
    """Without ends: what is open when a file ends is closed by it, and goes on for a camera."""
    return [(kind, start, text) for kind, start, _, text in events]


def test_a_loss_in_a_clip_changes_nothing_of_what_was_over_before_it():
    source = open_source([VIDEOS / "street_cars.mp4"], sample="5")
    whole, torn = (look(playing(source, *gaps), media=MemoryMedia()) for gaps in ((), ((31.0, 35.0),)))
    before = [row for row in said(whole)[0] if row[2] is not None and row[2] < 24 and row[0] in FAMILY]
    assert len(before) > 3
    assert [row for row in said(torn)[0] if row[2] is not None and row[2] < 24 and row[0] in FAMILY] == before
    assert [one.type for one in torn.events(EventType.SIGNAL_LOST)] == [EventType.SIGNAL_LOST]
