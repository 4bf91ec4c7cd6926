"""The simulated camera itself, read with PyAV as any other client would."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest

from app.simulation.camera import until
from app.simulation.doors import Silent, closed_port
from tests.clips import read_index

PATIENT = {"rtsp_transport": "tcp", "analyzeduration": "200000", "timeout": "20000000"}
OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "200000", "timeout": "2000000"}


def frames(url, count=None, seconds=10.0, options=OPTIONS, patience=(4, 3)):
    """Decoded pictures with their arrival, until so many came, the stream ended or the time is over."""
    found, deadline = [], time.monotonic() + seconds
    with av.open(url, options=options, timeout=patience) as container:
        for packet in container.demux(video=0):
            try:
                found += [(frame, time.time()) for frame in packet.decode()]
            except av.error.InvalidDataError:
                continue
            if time.monotonic() > deadline or (count and len(found) >= count):
                break
    return found


def shown(frame):
    return read_index(frame.to_ndarray(format="gray"))


def good(found):
    return [shown(frame) for frame, _ in found if not frame.is_corrupt]


def test_time_goes_on_while_nobody_looks(camera, numbered):
    ours = camera(numbered, keyed=False)
    first = frames(ours.url(), 5)
    second = frames(ours.url(), 5)
    between_s = second[-1][1] - first[-1][1]
    assert (shown(second[-1][0]) - shown(first[-1][0])) % 300 == pytest.approx(between_s * 25, abs=5)


def test_the_scene_goes_on_over_a_kill(camera, numbered):
    ours = camera(numbered, keyed=False)
    first = frames(ours.url(), 5)
    port = ours.port
    ours.kill()
    with pytest.raises(av.error.ConnectionRefusedError):
        frames(ours.url(), 1)
    ours.start()
    second = frames(ours.url(), 5)
    between_s = second[-1][1] - first[-1][1]
    assert ours.port == port
    assert (shown(second[-1][0]) - shown(first[-1][0])) % 300 == pytest.approx(between_s * 25, abs=5)


def first_packet(url):
    with av.open(url, options=OPTIONS, timeout=(4, 3)) as container:
        return next(packet for packet in container.demux(video=0) if packet.size)


def test_who_joins_amid_a_group_is_sent_the_whole_of_it(camera, numbered):
    ours = camera(numbered)
    assert all(first_packet(ours.url()).is_keyframe for _ in range(5))
    (first, _), *_ = frames(ours.url(), 1)
    assert first.key_frame


def test_where_it_does_not_what_comes_first_cannot_be_decoded(camera, numbered):
    ours = camera(numbered, keyed=False)
    assert until(lambda: not first_packet(ours.url()).is_keyframe, 20.0)


def test_it_asks_for_a_password(camera, numbered):
    for digest in (False, True):
        ours = camera(numbered, username="viewer", password="wh@t:ever", digest=digest)
        assert good(frames(ours.url(), 2))
        with pytest.raises(av.error.HTTPUnauthorizedError):
            frames(ours.url(password="wrong"), 1)
        old = ours.url()
        ours.do("password", password="other")
        with pytest.raises(av.error.HTTPUnauthorizedError):
            frames(old, 1)
        assert good(frames(ours.url(), 2))
        assert b"other" not in Path(f"/proc/{ours.pid}/cmdline").read_bytes()


def test_a_path_can_be_hidden(camera, numbered):
    ours = camera(numbered)
    ours.do("hide")
    with pytest.raises(av.error.HTTPNotFoundError):
        frames(ours.url(), 1)
    ours.do("show")
    assert good(frames(ours.url(), 2))


def test_once_is_the_whole_clip_then_the_end(camera, numbered):
    found = frames(camera(numbered, once=True).url(), seconds=30)
    assert [index for index in good(found) if index][-1] == 299
    assert len(set(good(found))) >= 299


def test_loss_damages_pictures(camera, numbered):
    ours = camera(numbered)
    ours.do("loss", share=0.2)
    damaged = frames(ours.url(), seconds=4)
    ours.do("loss", share=0.0)
    ticks = [frame.pts for frame, _ in damaged if frame.pts is not None]
    assert any(frame.is_corrupt for frame, _ in damaged) or len(ticks) < (ticks[-1] - ticks[0]) * 25 / 90_000
    assert not any(frame.is_corrupt for frame, _ in frames(ours.url(), 20))


def read_while(ours, act, seconds=4.0):
    """Frames before and after something is done while they are read."""
    found, acted = [], False
    began = time.monotonic()
    with av.open(ours.url(), options=OPTIONS, timeout=(4, 3)) as container:
        for frame in container.decode(video=0):
            found.append(frame)
            if not acted and len(found) >= 5:
                act()
                acted = True
            if time.monotonic() - began > seconds:
                break
    return found


def test_size_changes_in_a_session(camera, numbered, numbered_small):
    ours = camera(numbered, numbered_small)
    widths = [frame.width for frame in read_while(ours, lambda: ours.do("switch", number=1))]
    assert {320, 160} == set(widths)
    assert widths == sorted(widths, reverse=True)


def test_another_codec_needs_a_new_session(camera, numbered, numbered_h265):
    ours = camera(numbered, numbered_h265)
    read_while(ours, lambda: ours.do("switch", number=1), 10)
    with av.open(ours.url(), options=OPTIONS, timeout=(4, 3)) as container:
        assert container.streams.video[0].codec_context.name == "hevc"


@pytest.mark.parametrize("seconds", [100.0, -100.0])
def test_timestamps_jump(camera, numbered, seconds):
    ours = camera(numbered)
    times = [float(f.pts * f.time_base) for f in read_while(ours, lambda: ours.do("jump", seconds=seconds)) if f.pts]
    steps = [b - a for a, b in itertools.pairwise(times)]
    wrap_s = 2**32 / 90_000  # far backwards, libav takes for a wrap
    assert max(steps, key=abs) % wrap_s == pytest.approx(seconds % wrap_s, abs=1)


def test_a_frozen_picture_still_comes(camera, numbered):
    ours = camera(numbered)
    ours.do("freeze", on=True)
    assert len({shown(frame) for frame, _ in frames(ours.url(), 20)}) == 1
    ours.do("freeze", on=False)
    assert len({shown(frame) for frame, _ in frames(ours.url(), 20, seconds=8)}) > 3


def test_stopped_it_is_silent_and_then_catches_up(camera, numbered):
    ours = camera(numbered)
    with pytest.raises((av.error.TimeoutError, av.error.ExitError)):
        read_while(ours, ours.stop, 20)
    ours.go_on()
    assert good(frames(ours.url(), 5))


def test_who_waits_while_it_is_stopped_is_shown_now(camera, numbered):
    """What was due meanwhile is not what they begin with: all that follows would come late by as much."""
    ours = camera(numbered, keyed=False)
    before = frames(ours.url(), 5)
    ours.stop()
    stopped = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(frames, ours.url(), 50, 20.0, PATIENT, (20, 20))
        assert until(lambda: time.monotonic() - stopped > 5.0, 20.0)
        ours.go_on()
        after = waiting.result()
    between_s = after[-1][1] - before[-1][1]
    assert (shown(after[-1][0]) - shown(before[-1][0])) % 300 == pytest.approx(between_s * 25 % 300, abs=25)


def test_doors_without_a_camera():
    with Silent() as silent, pytest.raises((av.error.FFmpegError, TimeoutError)):
        frames(silent.url, 1, options={**OPTIONS, "timeout": "500000"})
    with pytest.raises(av.error.ConnectionRefusedError):
        frames(f"rtsp://127.0.0.1:{closed_port()}/cam", 1)


def test_until_gives_up():
    assert until(lambda: True, 0)
    assert not until(lambda: False, 0.01, 0.001)
