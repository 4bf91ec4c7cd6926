"""A real clip as a file and as a live stream from a real server: the same events."""

import contextlib
import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from agent.perception.live import live_look
from app.simulation.clips import Encoding, encoded
from ingest.live.address import Address
from ingest.live.open import open_feed
from ingest.media import MemoryMedia
from ingest.open import open_source
from tests.conftest import VIDEOS
from tests.looking import Watched, watch
from vidette.models import EventType, FastState
from vidette.settings import LiveSettings, Settings, StreamSettings
from vidette.streams import Stream

SIGNAL = (EventType.SIGNAL_LOST, EventType.SIGNAL_RESTORED)
LOST_S, LIMIT_S = 1.0, 120.0


def live(url):
    """Look at a camera until its signal is said to be lost."""
    start = datetime.now(UTC)
    settings = Settings(live=LiveSettings(lost_s=LOST_S))
    stream_settings = StreamSettings(name="yard", idle="full")
    feed = open_feed(Address.parse(url), stream_settings=stream_settings, live=settings.live, sample="5", start=start)
    stream = Stream(id="s", name="yard", kind="live", uri="rtsp://camera", start=start)
    watched = Watched()

    def now():
        return (datetime.now(UTC) - start).total_seconds()

    limit = threading.Timer(LIMIT_S, feed.close)
    limit.start()
    with contextlib.closing(feed):
        for observation in live_look(feed, stream, settings=settings, media=MemoryMedia(), now=now):
            watched.take(observation)
            if watched.events(EventType.SIGNAL_LOST):
                feed.close()
    limit.cancel()
    return watched


def told(watched):
    """Types in order, and their times from the first picture on."""
    first_s = next(row.start_s for row in watched.coverage if row.state is FastState.WATCHED)
    events = [one for one in watched.events() if one.type not in SIGNAL]
    return [one.type for one in events], np.array([one.start_s - first_s for one in events])


@pytest.mark.real_clips
def test_a_clip_as_a_file_and_as_a_live_stream_gives_the_same_events(camera, tmp_path):
    clip = encoded(VIDEOS / "night_ir_cat.mp4", tmp_path / "clip.mp4", Encoding(gop_s=1))
    file = watch(open_source([clip], sample="5"), media=MemoryMedia())
    seen = live(camera(clip, once=True).url())
    (types, times), (live_types, live_times) = told(file), told(seen)
    assert len(types) >= 2
    assert sorted(live_types) == sorted(types)
    for kind in set(types):
        mine, theirs = (at[[one == kind for one in of]] for of, at in ((types, times), (live_types, live_times)))
        assert np.abs(mine - theirs).max() <= 0.5
    assert {row.state for row in seen.coverage} <= {FastState.WATCHED, FastState.OFFLINE, FastState.STALLED}
