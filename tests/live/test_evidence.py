"""Clips and recordings of a real RTSP camera: the right pictures, played by a real browser."""

import json
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from app.simulation.camera import Camera, until
from app.simulation.watch import Watch
from graph.embedded import EmbeddedStore
from ingest.live.address import Address
from ingest.live.arrivals import Arrival, Arrivals
from ingest.live.beside import Beside, Tapped
from ingest.live.cutting import ClipOrder
from ingest.live.keeping import Keeper
from ingest.live.recordings import folder_of
from ingest.media import FolderMedia
from tests.arriving import shown
from tests.clips import read_index
from tests.playing import CHROMIUM, played
from vidette.ids import stream_id
from vidette.queries import StreamOf
from vidette.settings import LiveSettings, Settings
from vidette.streams import Stream

PATIENCE_S = 40


class Watched:
    """A camera whose packets are kept, as its process keeps them."""

    def __init__(self, url, folder, **said):
        self.stream = Stream(id=stream_id("cam"), name="cam", kind="live", uri="rtsp://cam", start=datetime.now(UTC))
        self.media = folder / "media"
        self.ring = Tapped(64_000_000)
        settings = Settings.model_validate({"streams": [{"name": "cam", **said}]})
        self.keeper = Keeper(self.ring, self.media, self.stream, settings)
        self.ring.tap = self.keeper.add
        self.beside = Beside(lambda: Arrivals(Address.parse(url), live=LiveSettings(), now=self.now), self.ring)

    def now(self):
        return (datetime.now(UTC) - self.stream.start).total_seconds()

    def held(self):
        return self.ring.window(-1e9, 1e9)

    def until(self, condition):
        assert until(condition, PATIENCE_S, 0.02)

    def clip(self, start_s, end_s, keep=()):
        """The clip of that stretch, once the camera has sent it."""
        self.keeper.order(ClipOrder(id="alert", start_s=start_s, end_s=end_s, longest_s=60.0))
        done = list(keep)
        self.until(lambda: done.extend(self.keeper.tick(self.now())) or done)
        return done[0]

    def close(self):
        self.beside.close()
        self.keeper.close()


def ready(watched, seconds=2.5):
    watched.until(lambda: (held := watched.held()) and held[-1].media_s - held[0].media_s >= seconds)
    return watched.held()[0].media_s


def check(path, *, keyframe=True):
    """The pictures follow each other as they were played: one number after the other, 40 ms apart."""
    pictures = shown(path)
    numbers = [read_index(luma) for _, _, luma in pictures]
    assert pictures[0][1] == keyframe
    assert all((later - earlier) % 300 == 1 for earlier, later in pairwise(numbers)), numbers
    gaps = [later - earlier for (earlier, _, _), (later, _, _) in pairwise(pictures)]
    assert sum(gaps) == pytest.approx(0.04 * len(gaps), abs=0.15)
    return numbers


@pytest.fixture
def watch(camera, tmp_path):
    made = []

    def start(*clips, **said):
        made.append(Watched(camera(*clips).url(), tmp_path, **said))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_a_clip_begins_before_what_it_is_about_and_a_browser_plays_it(watch, numbered, tmp_path):
    watched = watch(numbered)
    first_s = ready(watched)
    done = watched.clip(first_s + 1.3, watched.now() + 1.0)
    assert done.evidence, done.error
    assert done.start_s <= first_s + 1.3 < done.start_s + 1.1
    path = FolderMedia(watched.media).path(done.evidence.sha256)
    numbers = check(path)
    assert len(numbers) == pytest.approx((done.end_s - done.start_s) * 25, abs=2)
    if CHROMIUM:
        (one,) = played([path], tmp_path / "profile")
        assert (one["state"], one["size"]) == (4, [320, 240])
        assert one["duration"] == pytest.approx(done.end_s - done.start_s, abs=0.15)
        assert all(max(row) - min(row) > 100 for row in one["rows"])


def test_h265_is_kept_as_it_is_and_said(watch, numbered_h265):
    watched = watch(numbered_h265)
    first_s = ready(watched)
    done = watched.clip(first_s, watched.now())
    assert (done.codec, "H.265" in done.note) == ("hevc", True)
    assert len(shown(FolderMedia(watched.media).path(done.evidence.sha256))) >= 50


def test_what_is_recorded_is_what_was_sent(watch, numbered):
    watched = watch(numbered, record="continuous")
    ready(watched)
    watched.close()
    (path,) = folder_of(watched.media, watched.stream.id).iterdir()
    assert len(check(path)) >= 50


def test_a_masked_camera_keeps_nothing_of_what_is_hidden(watch, numbered):
    left = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    watched = watch(numbered, record="continuous", masks=[left])
    first_s = ready(watched)
    done = watched.clip(first_s, watched.now())
    watched.close()
    kept = [path for path in watched.media.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert done.evidence
    for path in kept:
        assert all(luma[:, : luma.shape[1] // 2].max() <= 24 for _, _, luma in shown(path))


def test_a_clip_goes_over_a_camera_that_was_gone_for_a_moment(camera, numbered, tmp_path):
    here = camera(numbered)
    with closing(Watched(here.url(), tmp_path)) as watched:
        first_s = ready(watched, 1.5)
        here.kill()
        here.start()
        watched.until(lambda: len({one.connection for one in watched.held()}) > 1 and watched.held()[-1].key is False)
        again_s = watched.now()
        done = watched.clip(first_s, again_s)
        assert done.evidence, done.error
        assert (done.start_s, done.note) == (pytest.approx(first_s), "")
        assert all(isinstance(one, Arrival) for one in watched.held())
        times = [time for time, _, _ in shown(FolderMedia(watched.media).path(done.evidence.sha256))]
        assert times == sorted(times)
        assert times[-1] == pytest.approx(done.end_s - done.start_s, abs=0.3)


@pytest.fixture
def exits():
    with ExitStack() as stack:
        yield stack


def told(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["data"]["alert"] for line in lines]


def test_an_alert_of_a_watch_gets_the_clip_of_what_came_before_it(camera, numbered, tmp_path, exits):
    """The whole way: a camera is cut off; its process cuts the clip, memory gives it to the alert, the sink is told."""
    here, out = exits.enter_context(Camera({"/cam": [numbered], "/sub": [numbered]})), tmp_path / "told.jsonl"
    stream = {"name": "cam", "source": here.url("/cam"), "sub": here.url("/sub"), "record": "continuous"}
    more = {
        "rules": [{"id": "lost", "when": {"event": "signal_lost"}}],
        "sinks": [{"id": "log", "kind": "jsonl", "path": str(out)}],
        "live": {"pre_s": 1.5, "post_s": 0.5, "lost_s": 1, "timeout_s": 1, "buffer_mb": 8},
    }
    with Watch(tmp_path, [stream], more=more) as watch:
        watch.start()
        watch.ready(["cam"])
        here.kill()
        assert until(lambda: len(told(out)) >= 2, PATIENCE_S, 0.1), watch.log.read_text()
        first, second = told(out)[:2]
        assert (first["change"], second["change"], second["sequence"]) == ("raised", "evidence", 2)
        assert watch.leave() == 0
    (clip,) = [one for one in second["evidence"] if one["kind"] == "clip"]
    path = FolderMedia(tmp_path / "memory.media").path(clip["sha256"])
    assert len(check(path)) >= 30
    lost_s = (datetime.fromisoformat(first["at"]) - watched_since(watch)).total_seconds()
    assert clip["pts_s"] <= lost_s - 1.5 + 0.05
    recorded = list((tmp_path / "memory.media" / "recordings").rglob("*.mp4"))
    assert sum(len(shown(one)) for one in recorded) >= 40


def watched_since(watch):
    store = EmbeddedStore(watch.db)
    try:
        return store.read(StreamOf(name="cam")).start
    finally:
        store.close()
