"""A real camera through `open_feed`: pictures that are whole, and sleep that loses nothing."""

import time
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from ingest.live.address import Address
from ingest.live.open import open_feed
from tests.clips import bars, read_index
from tests.filming import filmed
from vidette.settings import LiveSettings, StreamSettings
from vidette.signals import Signal

PATIENCE_S = 60.0


def opened(url, *, sample="25", transport="tcp", **live):
    return open_feed(
        Address.parse(url, transport=transport),
        stream_settings=StreamSettings(name="camera"),
        live=LiveSettings(**live),
        sample=sample,
        start=datetime.now(UTC),
    )


def pictures(feed):
    """Frames, within a time that is long enough anywhere."""
    until = time.monotonic() + PATIENCE_S
    for item in feed.frames():
        assert time.monotonic() < until, "no such pictures came"
        if not isinstance(item, Signal):
            yield item


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_packets_that_are_lost_smear_no_picture(transport, camera, numbered):
    lossy = camera(numbered)
    with closing(opened(lossy.url(), transport=transport)) as feed:
        given = pictures(feed)
        next(given)
        lossy.do("loss", share=0.04)
        whole = 0
        while feed.state().damaged < 30 or whole < 40:
            luma = next(given).planes(320)[0]
            drawn = (bars(read_index(luma), (320, 240)) - 16.0) * 255 / 219  # studio range, as ingest.frame undoes it
            assert np.abs(luma - drawn).mean() < 3
            whole += 1


def test_a_quiet_camera_sleeps_and_wakes_with_the_beginning(camera, tmp_path):
    quiet = camera(filmed(tmp_path / "film.mp4", 8, thing=(6.4, 7.6), gop=25))
    with closing(opened(quiet.url(), sample="5", idle_s=1.0, audit=0.0)) as feed:
        feed.calm(True)
        slept_s = None
        for picture in pictures(feed):
            if slept_s is not None and feed.state().state == "watching":
                assert picture.pts_s - slept_s < 0.4, "the next of five a second after the last keyframe"
                break
            slept_s = picture.pts_s if feed.state().state == "idle" else None
        state = feed.state()
    assert state.gops_idle >= 1
    assert state.damaged == 0
