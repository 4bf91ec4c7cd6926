"""Packets of real RTSP cameras, whatever these do."""

import itertools
import time
from pathlib import Path

import av
import pytest

from app.simulation.camera import until
from app.simulation.doors import Silent, closed_port
from ingest.live.arrivals import Arrival
from ingest.live.timeline import STEP_S
from tests.live.arriving import PATIENCE_S, Arriving, holes
from vidette.feeds import Cause
from vidette.models import FastState
from vidette.signals import Signal


def as_far_apart_as_sent(packets):
    """Whether media time goes as the camera's timestamps do; on a busy machine the first ones come late."""
    offsets = [one.media_s - float(one.packet.pts * one.packet.time_base) for one in packets]
    return max(offsets) - min(offsets) < 0.1


def test_pictures_come_at_the_time_at_which_they_are_sent(camera, numbered):
    with Arriving(camera(numbered).url()) as watch:
        watch.wait(lambda: len(watch.packets) > 60 and as_far_apart_as_sent(watch.packets[-40:]))
    first, packets = watch.items[0], watch.packets
    while isinstance(first, Signal) and not first.over:
        first = watch.items[watch.items.index(first) + 1]
    assert (first.loss.cause, first.loss.state, first.over) == (Cause.CONNECTING, FastState.OFFLINE, True)
    assert packets[0].key
    assert packets[0].connection == 1
    assert all(b.media_s - a.media_s >= STEP_S / 2 for a, b in itertools.pairwise(packets))
    assert holes(watch.items) == []


@pytest.mark.parametrize("keyed", [True, False])
def test_killed_it_is_lost_and_comes_back(camera, numbered, keyed):
    ours = camera(numbered, keyed=keyed)
    with Arriving(ours.url()) as watch:
        watch.more(30)
        ours.kill()
        watch.loss(Cause.REFUSED)
        ours.start()
        watch.more(30)
    assert {p.connection for p in watch.packets} == {1, watch.packets[-1].connection}
    assert next(p for p in watch.packets if p.connection != 1).key
    last = [p for p in watch.packets if p.connection == 1][-1]
    lost = [s for s in watch.signals if s.loss and s.loss.cause is Cause.REFUSED]
    assert lost[0].loss.since_s == pytest.approx(last.media_s, abs=0.1)
    assert lost[-1].over or keyed  # the group it begins with may be older than what was told already
    assert holes(watch.items) == []
    assert watch.arrivals.reconnects[Cause.REFUSED] >= 1


def test_stopped_it_is_stalled_and_comes_back(camera, numbered):
    ours = camera(numbered)
    with Arriving(ours.url()) as watch:
        watch.more(30)
        ours.stop()
        watch.loss(Cause.STALLED)
        watch.loss(Cause.UNREACHABLE)
        ours.go_on()
        watch.more(30)
    assert watch.causes(FastState.STALLED) == [Cause.STALLED]
    assert Cause.UNREACHABLE in watch.causes(FastState.OFFLINE)
    assert holes(watch.items) == []


def test_a_short_stall_is_caught_up_at_now(camera, numbered):
    """The server goes on before the connection is given up: its backlog comes in a burst and is left out."""
    ours = camera(numbered)
    with Arriving(ours.url(), timeout_s=8.0, late_s=1.0) as watch:
        watch.more(30)
        ours.stop()
        stalled = time.monotonic()
        assert until(lambda: time.monotonic() - stalled > 3.0, PATIENCE_S)
        ours.go_on()
        watch.wait(lambda: any(s.over and s.loss.cause is Cause.BACKLOG for s in watch.signals))
        watch.more(30)
    skip = next(
        i
        for i, item in enumerate(watch.items)
        if isinstance(item, Signal) and item.over and item.loss.cause is Cause.BACKLOG
    )
    after = watch.items[skip + 1]
    assert isinstance(after, Arrival)
    assert after.key
    assert after.arrived_s - after.media_s < 1.0
    assert watch.items[skip].loss.state is FastState.DROPPED
    assert watch.arrivals.dropped[Cause.BACKLOG] > 10
    assert holes(watch.items) == []


def test_doors_without_a_camera():
    with Silent() as silent, Arriving(silent.url) as watch:
        watch.loss(Cause.UNREACHABLE)
    with Arriving(f"rtsp://127.0.0.1:{closed_port()}/cam") as watch:
        watch.loss(Cause.REFUSED)
    with Arriving("rtsp://no-such-camera.invalid/cam") as watch:
        watch.loss(Cause.UNREACHABLE)
    assert holes(watch.items) == []


def test_a_stream_that_appears(camera, numbered):
    ours = camera(numbered)
    ours.do("hide")
    with Arriving(ours.url()) as watch:
        watch.loss(Cause.NOT_FOUND)
        ours.do("show")
        watch.more(5)


@pytest.mark.parametrize("digest", [False, True])
def test_a_wrong_password_and_then_the_right_one(camera, numbered, digest, capfd, caplog):
    caplog.set_level("DEBUG")
    ours = camera(numbered, username="viewer", password="wh@t:ever", digest=digest)
    with Arriving(ours.address, username="viewer", password="sEcr3t/?#%") as watch:
        watch.loss(Cause.UNAUTHORISED)
        ours.do("password", password="sEcr3t/?#%")
        watch.more(5)
    said = capfd.readouterr()
    assert "sEcr3t" not in said.out + said.err + caplog.text + watch.tail()
    assert "sEcr3t" not in Path("/proc/self/cmdline").read_text(errors="replace")


def test_the_end_of_a_live_stream_is_a_loss(camera, numbered):
    ours = camera(numbered)
    with Arriving(ours.url()) as watch:
        watch.more(10)
        ours.do("end")
        watch.wait(lambda: watch.packets[-1].connection > 1)
        watch.more(10)
    assert watch.arrivals.reconnects[Cause.ENDED] >= 1
    assert holes(watch.items) == []


def test_lost_packets_are_no_loss(camera, numbered):
    ours = camera(numbered)
    ours.do("loss", share=0.02)
    with Arriving(ours.url()) as watch:
        watch.more(120)
    assert {p.connection for p in watch.packets} == {1}
    assert holes(watch.items) == []


@pytest.mark.parametrize("other", ["numbered_small", "numbered_h265"])
def test_another_size_and_another_codec(camera, numbered, other, request):
    ours = camera(numbered, request.getfixturevalue(other))
    with Arriving(ours.url()) as watch:
        watch.more(10)
        ours.do("switch", number=1)
        sizes = set()
        decoders = {}

        def shown():
            for packet in watch.packets:
                if packet.packet.opaque is None:
                    packet.packet.opaque = True
                    context = decoders.setdefault(packet.connection, packet.stream.codec_context)
                    try:
                        sizes.update((context.name, frame.width) for frame in context.decode(packet.packet))
                    except av.error.InvalidDataError:
                        sizes.add("damaged")
            return ("hevc", 320) in sizes or ("h264", 160) in sizes

        watch.wait(shown)
    assert ("h264", 320) in sizes
    assert holes(watch.items) == []


@pytest.mark.parametrize("seconds", [100.0, -100.0])
def test_a_jump_of_timestamps_is_told_and_taken_out(camera, numbered, seconds):
    ours = camera(numbered)
    with Arriving(ours.url()) as watch:
        watch.more(30)
        ours.do("jump", seconds=seconds)
        watch.wait(lambda: any(s.jump_s for s in watch.signals))
        watch.more(30)
    (jump,) = [s for s in watch.signals if s.jump_s]
    assert jump.jump_s == pytest.approx(seconds, abs=1)
    assert {p.connection for p in watch.packets} == {1}
    assert holes(watch.items) == []


def test_a_camera_whose_clock_is_hours_wrong(camera, numbered):
    ours = camera(numbered)
    ours.do("clock", right=False)
    with Arriving(ours.url()) as watch:
        watch.wait(lambda: watch.arrivals.clock_s is not None)
        watch.more(10)
    assert abs(watch.arrivals.clock_s) > 3600
    assert watch.packets[-1].arrived_s - watch.packets[-1].media_s < 1


def test_a_camera_that_tells_the_time(camera, numbered):
    with Arriving(camera(numbered).url()) as watch:
        watch.wait(lambda: watch.arrivals.clock_s is not None)
    assert abs(watch.arrivals.clock_s) < 1


def test_over_udp(camera, numbered):
    with Arriving(camera(numbered).url(), transport="udp") as watch:
        watch.more(50)
    assert holes(watch.items) == []


def test_closing_is_quick_whatever_the_camera_does(camera, numbered):
    ours = camera(numbered)
    with Silent() as silent:
        for url, act in ((ours.url(), ours.stop), (silent.url, None)):
            with Arriving(url, timeout_s=20) as watch:
                if act is not None:
                    watch.more(5)
                    act()
                began = time.monotonic()
                watch.arrivals.close()
                assert time.monotonic() - began < 10
            ours.go_on()
