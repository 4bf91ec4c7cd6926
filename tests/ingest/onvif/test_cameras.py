"""Cameras that are found and asked, over real sockets: honest ones, and ones that lie."""

import gzip
import sys
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.onvif import cameras, library, soap
from ingest.onvif.cameras import Offer, Profile, chosen, found, without_login
from vidette.errors import ConfigError

LOGIN = ("viewer", "hunter2")
LISTEN_S, PATIENCE_S = 0.3, 30.0


def only(*login, answer_s=PATIENCE_S):
    """The one camera, asked again where this machine was too busy to hear it."""
    deadline = time.monotonic() + PATIENCE_S
    listed = []
    while not listed and time.monotonic() < deadline:
        listed = list(found(LISTEN_S, *(login or LOGIN), answer_s=answer_s))
    (one,) = listed
    return one


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=-5), timedelta(days=400)])
def test_a_camera_says_its_streams_however_wrong_its_clock_is(camera, ahead):
    camera(ahead=ahead)
    one = only()
    (channel,) = one.channels
    assert channel.main == Offer(url="rtsp://127.0.0.1:8554/big", codec="H264", width=2560, height=1440)
    assert channel.sub == Offer(url="rtsp://127.0.0.1:8554/small", codec="H264", width=640, height=360)
    assert (one.host, one.name, one.refused) == ("127.0.0.1", "Front Door", "")


def test_the_password_is_never_said(camera):
    there = camera()
    assert only().channels
    assert "hunter2" not in repr(there.asked)


def test_a_wrong_password_is_said(camera):
    camera()
    assert only("viewer", "wrong").refused == "it refuses the name or password"
    assert only("", "").refused == "it refuses the name or password"


def test_one_that_wants_the_digest_in_http(camera):
    there = camera(digest=True)
    assert only().channels
    assert "hunter2" not in repr(there.asked)
    assert only("", "").refused == "it refuses the name or password"


def test_one_that_speaks_tls_with_a_certificate_of_its_own(camera):
    secure = {"xaddrs": "https://127.0.0.1:{port}/x", "media": "https://127.0.0.1:{port}/y"}
    there = camera(secure=True, **secure)
    assert only().channels
    assert "hunter2" not in repr(there.asked)


def test_one_that_says_tls_and_speaks_none(camera):
    camera(xaddrs="https://127.0.0.1:{port}/x")
    assert "it does not answer" in only().refused


def test_a_recorder_has_a_channel_a_picture(camera):
    profiles = [(f"p{number}", f"source{number}", "H265", 1920, 1080) for number in range(3)]
    camera(profiles=profiles)
    assert [one.main.url.rpartition("/")[2] for one in only().channels] == ["p0", "p1", "p2"]


def test_without_profiles_there_is_no_stream(camera):
    camera(profiles=())
    assert only().refused == "it offers no stream"


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"media": "http://10.0.0.9/media"}, "names another host"),
        ({"media": "file:///etc/passwd"}, "is not http"),
        ({"media": ""}, "is not http"),
        ({"uri": "rtsp://10.0.0.9/{token}"}, "names another host"),
        ({"uri": "rtsp://viewer:x@10.0.0.9/{token}"}, "names another host"),
        ({"uri": "file:///dev/zero"}, "is not rtsp"),
        ({"uri": "http://127.0.0.1/x"}, "is not rtsp"),
        ({"uri": "rtsp://127.0.0.1/a b"}, "is none"),
    ],
)
def test_what_it_points_to_is_itself(camera, said, refused):
    camera(**said)
    one = only()
    assert refused in one.refused
    assert one.channels == ()


def test_a_name_and_password_in_an_address_are_left_out(camera):
    camera(uri="rtsp://admin:12345@127.0.0.1:554/{token}?x=1")
    assert only().channels[0].main.url == "rtsp://127.0.0.1:554/big?x=1"
    assert without_login("rtsp://127.0.0.1?x=@y") == "rtsp://127.0.0.1?x=@y"


def whole(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in {"Content-Type": "application/soap+xml", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b"<a>" * 10_000)
    except OSError:
        pass


def drip(handler):
    """A byte now and then, for longer than anybody waits."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while not handler.server.camera.over.wait(0.05):
            handler.wfile.write(b" ")
    except OSError:
        pass


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "hahaha">'
    + b"".join(
        b'<!ENTITY a%d "%s">' % (n, (b"&a%s;" % (str(n - 1).encode() if n > 1 else b"")) * 10) for n in range(1, 10)
    )
    + b"]><l>&a9;</l>"
)
MULTIPART = b"--x\r\n\r\nnothing\r\n--x--"
ANSWERS = [
    (lambda handler: whole(handler, BOMB), "cannot be read"),
    (endless, "it sends more than 1 MiB"),
    (
        lambda handler: whole(handler, gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
        "cannot be read",
    ),
    (lambda handler: whole(handler, b"", 302, Location="http://10.0.0.9/"), "it points elsewhere"),
    (lambda handler: whole(handler, b"", 307, Location="http://127.0.0.1/x"), "it points elsewhere"),
    (lambda handler: whole(handler, b"\x00\xff" * 100), "cannot be read"),
    (lambda handler: whole(handler, b""), "cannot be read"),
    (lambda handler: whole(handler, b"<a>" * 100_000), "cannot be read"),
    (lambda handler: whole(handler, MULTIPART, Content_Type="multipart/related; boundary=x"), "cannot be read"),
    (lambda handler: whole(handler, b"gone", 500), "cannot be read"),
    (lambda handler: handler.connection.close(), "it does not answer"),
    (lambda handler: whole(handler, b"<html>login</html>"), "cannot be read"),
]


@pytest.mark.parametrize("question", ["GetSystemDateAndTime", "GetProfiles"])
@pytest.mark.parametrize(("answer", "refused"), ANSWERS)
def test_hostile_answers_are_refused(camera, question, answer, refused):
    there = camera(answers={question: answer})
    one = only()
    assert refused in one.refused
    assert one.channels == ()
    assert one.refused.isprintable()
    assert "GET" not in [asked[0] for asked in there.asked]


def test_one_that_never_ends_is_left(camera):
    from threading import Event

    there = camera(answers={"GetProfiles": drip})
    there.over = Event()
    try:
        assert only(answer_s=0.5).refused == "it takes too long to answer"
    finally:
        there.over.set()


def test_one_that_is_slow_at_everything_is_left(camera, monkeypatch):
    monkeypatch.setattr(soap, "_ANSWERS", 0)
    camera()
    assert only().refused == "it takes too long to answer"


def test_nobody_answers(camera, monkeypatch):
    camera(probe=b"nothing")
    assert list(found(0.3)) == []


def test_without_the_library_it_says_what_to_install(monkeypatch):
    library.description.cache_clear()
    monkeypatch.setattr(library, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'vidette\[onvif\]'"):
        list(found(0.1))
    monkeypatch.setitem(sys.modules, "zeep", None)
    with pytest.raises(ConfigError, match=r"pip install 'vidette\[onvif\]'"):
        library.library("zeep")


SIZES = st.tuples(st.integers(1, 8000), st.integers(1, 8000))
PROFILES = st.builds(
    lambda token, channel, codec, size: Profile(
        token=token, channel=channel, codec=codec, width=size[0], height=size[1]
    ),
    st.uuids().map(str),
    st.sampled_from("abc"),
    st.sampled_from(["H264", "H265", "JPEG", "jpeg"]),
    SIZES,
)


@given(st.lists(PROFILES, max_size=12))
def test_main_is_the_largest_and_sub_is_smaller(profiles):
    pairs = chosen(profiles)
    assert [main.channel for main, _ in pairs] == list(dict.fromkeys(one.channel for one in profiles))
    for main, sub in pairs:
        rivals = [one for one in profiles if one.channel == main.channel]
        video = [one for one in rivals if one.codec.upper() != "JPEG"] or rivals
        area = main.width * main.height
        assert area == max(one.width * one.height for one in video)
        smaller = [one for one in video if one.width * one.height < area]
        assert (sub is None) == (not smaller)
        assert sub is None or sub in smaller
        if sub is not None and sub.width < 320:
            assert all(one.width < 320 for one in smaller)


def test_a_recorder_of_many_channels_is_cut_short():
    listed = [Profile(token=str(n), channel=str(n), codec="H264", width=1, height=1) for n in range(100)]
    assert len(chosen(listed)) == cameras.MOST_CHANNELS
