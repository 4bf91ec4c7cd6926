"""Orders of clips: cut when they are over, out of the ring or of recordings, each answered once."""

import time
from datetime import UTC, datetime

import pytest

from ingest.live.cutting import ClipOrder
from ingest.live.keeping import Keeper
from ingest.live.ring import AROUND, Ring
from ingest.media import FolderMedia
from tests.arriving import arrivals, ringed, shown
from tests.clips import Recipe, make, read_index
from vidette.ids import stream_id
from vidette.settings import Settings
from vidette.streams import Stream

YARD = Stream(
    id=stream_id("yard"), name="yard", kind="live", uri="rtsp://yard", start=datetime(2026, 5, 1, 12, tzinfo=UTC)
)
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """20 s of numbered pictures from media time 100 on, a keyframe a second."""
    recipe = Recipe(frames=500, gop=25, options={"sc_threshold": "0"})
    return arrivals(make(tmp_path_factory.mktemp("sent") / "clip.mp4", recipe))


def settings(**stream):
    return Settings.model_validate({"streams": [{"name": "yard", **stream}]})


@pytest.fixture
def keep(tmp_path):
    made = []

    def keeper(ring, **stream):
        made.append(Keeper(ring, tmp_path / "media", YARD, settings(**stream)))
        return made[-1]

    yield keeper
    for one in made:
        one.close()


def order(name="alert", start_s=105.5, end_s=110.0, longest_s=60.0):
    return ClipOrder(id=name, start_s=start_s, end_s=end_s, longest_s=longest_s)


def waited(keeper, now_s, count=1):
    """What is done, in time."""
    done, deadline = [], time.monotonic() + 30
    while len(done) < count and time.monotonic() < deadline:
        done += keeper.tick(now_s)
    return done


def numbers(media, done):
    path = FolderMedia(media).path(done.evidence.sha256)
    return [read_index(luma) for _, _, luma in shown(path)]


def test_a_clip_is_cut_once_its_end_has_come_and_kept_by_its_content(sent, keep, tmp_path):
    keeper = keep(ringed(sent))
    keeper.order(order())
    keeper.order(order())
    assert keeper.tick(110.9) == []
    (done,) = waited(keeper, 111.0)
    assert (done.id, done.error, done.codec, done.note) == ("alert", "", "h264", "")
    assert (done.evidence.kind, done.evidence.pts_s) == ("clip", pytest.approx(105.0))
    assert (done.start_s, done.end_s) == (pytest.approx(105.0), pytest.approx(110.0))
    assert numbers(tmp_path / "media", done) == list(range(125, 250))
    kept = [path.name for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert kept == [f"{done.evidence.sha256}.mp4"]  # and nothing half done
    assert FolderMedia(tmp_path / "media").get(done.evidence.sha256)
    assert keeper.tick(200.0) == []


def test_the_ring_may_go_on_while_a_clip_is_cut(sent, keep, tmp_path):
    ring = Ring(sum(one.packet.size + AROUND for one in sent))
    for arrival in sent[:300]:
        ring.add(arrival)
    keeper = keep(ring)
    keeper.order(order())
    keeper.tick(111.0)
    for _ in range(3):
        for arrival in sent:
            ring.add(arrival)
    (done,) = waited(keeper, 111.0)
    assert numbers(tmp_path / "media", done) == list(range(125, 250))


@pytest.mark.parametrize(
    ("held_from", "longest_s", "first", "last"),
    [
        (0, 3.0, 125, 212),  # the beginning, where it is there
        (150, 60.0, 150, 249),  # what is left of it
        (150, 2.0, 200, 249),  # the end, where the beginning is gone
    ],
)
def test_what_is_too_long_or_gone_is_left_out(sent, keep, tmp_path, held_from, longest_s, first, last):
    keeper = keep(ringed(sent[held_from:]))
    keeper.order(order(longest_s=longest_s))
    (done,) = waited(keeper, 111.0)
    found = numbers(tmp_path / "media", done)
    assert (found[0], found[-1]) == (first, last)


def test_what_was_never_held_is_said(keep):
    keeper = keep(Ring(1_000_000))
    keeper.order(order())
    (done,) = waited(keeper, 111.0)
    assert (done.id, done.evidence) == ("alert", None)
    assert "no picture of it is held" in done.error


def test_a_camera_that_left_gives_what_there_was(sent, keep, tmp_path):
    keeper = keep(ringed(sent[:200]))
    keeper.order(order())
    (done,) = keeper.close()
    assert numbers(tmp_path / "media", done) == list(range(125, 200))


def test_masks_are_in_clips_and_recordings(sent, keep, tmp_path):
    keeper = keep(ringed(sent), masks=[LEFT], record="continuous")
    for arrival in sent[:100]:
        keeper.add(arrival)
    keeper.order(order())
    (done,) = waited(keeper, 111.0)
    keeper.close()
    files = list((tmp_path / "media").rglob("*.mp4"))
    assert len(files) == 2
    for path in files:
        pictures = shown(path)
        assert len(pictures) >= 75
        assert all(luma[:, :80].max() <= 24 for _, _, luma in pictures)
    assert done.codec == "h264"


def test_recordings_have_what_the_ring_has_lost(sent, keep, tmp_path):
    keeper = keep(ringed(sent[350:]), record="continuous")
    for arrival in sent:
        keeper.add(arrival)
    keeper.order(order())
    (before,) = waited(keeper, 111.0)  # while the file still grows
    found = numbers(tmp_path / "media", before) if before.evidence else []
    keeper.close()
    again = keep(Ring(1_000_000))
    again.order(order("again"))
    (after,) = waited(again, 111.0)
    assert numbers(tmp_path / "media", after) == list(range(125, 250))
    assert set(found) <= set(range(125, 250))


def test_an_order_too_many_is_answered(keep, monkeypatch):
    from ingest.live import keeping

    monkeypatch.setattr(keeping, "_MOST_WAITING", 1)
    keeper = keep(Ring(1_000_000))
    keeper.order(order("one"))
    keeper.order(order("two"))
    assert [(one.id, bool(one.error)) for one in keeper.tick(0.0)] == [("two", True)]


def test_a_folder_that_cannot_be_written_is_said(sent, tmp_path):
    (tmp_path / "file").write_text("in the way")
    keeper = Keeper(ringed(sent), tmp_path / "file", YARD, settings())
    keeper.order(order())
    (done,) = waited(keeper, 111.0)
    keeper.close()
    assert "cannot keep a clip" in done.error


def test_many_orders_at_once_are_cut_one_after_another(sent, keep):
    keeper = keep(ringed(sent))
    for number in range(20):
        keeper.order(order(f"alert {number}"))
    done = keeper.tick(111.0)
    assert keeper._cutter.waiting <= 4
    done += waited(keeper, 111.0, 20 - len(done))
    assert [one.id for one in done] == [f"alert {number}" for number in range(20)]
    assert len({one.evidence.sha256 for one in done}) == 1
