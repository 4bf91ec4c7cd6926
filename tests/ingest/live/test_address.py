from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.address import MAX_LENGTH, Address, is_live
from vidette.errors import ConfigError
from vidette.log import redact

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_an_address(scheme):
    address = Address.parse(f"{scheme.upper()}://camera:8554/live/1")
    assert (address.scheme, address.safe) == (scheme, f"{scheme}://camera:8554/live/1")
    assert address.name == address.safe
    assert is_live(f"{scheme.upper()}://camera:8554/live/1")


@pytest.mark.parametrize("path", ["/dev/video0", "/dev/video12", "/dev/v4l/by-id/usb-Cam_1.0-video-index0"])
def test_devices(path):
    assert is_live(path)
    assert Address.parse(path) == Address(scheme="device", url=path, safe=path)


@pytest.mark.parametrize(
    "text",
    [
        "clip.mp4", "", "/dev/sda", "/dev/video0/../sda", "/dev/video", "file:///etc/passwd", "concat:a|b", "data:,x",
        "device://x", "ftp://host/x", "srt://host:1", "rtp://host:1", "sdp:x", "subfile,,start,0,end,9,,:x", "pipe:0",
        "video=x:rtsp://host/x", " rtsp://host/x", "rtsp:/host",
    ],
)  # fmt: skip
def test_other_things_are_not_live(text):
    assert not is_live(text)
    with pytest.raises(ConfigError):
        Address.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://", "rtsp:///x", "rtsp://:554/x", "rtsp://host:0/x", "rtsp://host:65536/x", "rtsp://host:x/y",
        "rtsp://ho st/x", "rtsp://host\r\nX: y/", "rtsp://host/\x00", "rtsp://[::1/x", "rtsp://a]b/x",
        "rtsp://host/" + "x" * MAX_LENGTH, "udp://host:port",
    ],
)  # fmt: skip
def test_broken_ones_are_refused(text):
    with pytest.raises(ConfigError):
        Address.parse(text)


@pytest.mark.parametrize("password", ["pa/ss", "p?ss", "p#ss"])
def test_a_password_that_breaks_the_url_is_not_shown(password):
    with pytest.raises(ConfigError) as told:
        Address.parse(f"rtsp://admin:{password}@host:554/x")
    assert password not in str(told.value)
    assert "percent-encode" in str(told.value)


@given(st.sampled_from(SCHEMES[:-1]), WORDS, WORDS)
def test_credentials_given_apart(scheme, username, password):
    address = Address.parse(f"{scheme}://10.0.0.9:99/a", username, password)
    parts = urlsplit(address.url)
    assert (unquote(parts.username), unquote(parts.password)) == (username, password)
    assert (parts.hostname, parts.port, parts.path) == ("10.0.0.9", 99, "/a")
    assert address.safe == f"{scheme}://10.0.0.9:99/a"


@given(WORDS.map("u{}x".format), WORDS.map("sEcr3t{}".format))
def test_nothing_secret_is_shown(username, password):
    shown = repr(Address.parse("rtsp://10.0.0.9/a", username, password))
    assert "sEcr3t" not in shown


@given(st.sampled_from(SCHEMES[:-1]), WORDS, WORDS)
def test_parsing_is_idempotent(scheme, username, password):
    once = Address.parse(f"{scheme}://host/a?b=c", username, password)
    assert Address.parse(once.url) == once
    assert redact(once.url) != once.url
    assert "***" in redact(once.url)


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("rtsp://admin:p@ss:w@host/x", "admin:p%40ss%3Aw"),
        ("rtsp://admin:p%40ss@host/x", "admin:p%40ss"),
        ("rtsp://admin@host/x", "admin:"),
        ("rtsp://admin:100%@host/x", "admin:100%25"),
        ("rtsp://ädmin:ß@host/x", "%C3%A4dmin:%C3%9F"),
    ],
)
def test_credentials_in_the_url(text, login):
    address = Address.parse(text)
    assert address.url == f"rtsp://{login}@host/x"
    assert address.safe == "rtsp://host/x"


def test_what_is_given_apart_wins():
    assert Address.parse("rtsp://a:b@host/x", "c", "d").url == "rtsp://c:d@host/x"
    assert Address.parse("rtsp://a:b@host/x", password="d").url == "rtsp://a:d@host/x"
    assert Address.parse("rtsp://a:b@host/x", "c").url == "rtsp://c:b@host/x"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("http://h/v.cgi?user=u1&pwd=sEcr3t&ch=2", "http://h/v.cgi?ch=2"),
        ("rtmp://h/bcs/ch0?channel=0&user=admin&password=sEcr3t", "rtmp://h/bcs/ch0?channel=0"),
        ("http://h/live.m3u8?token=sEcr3t", "http://h/live.m3u8"),
        ("http://h/x?loginuse=a&loginpas=sEcr3t", "http://h/x"),
        ("rtsp://h/a?trackID=1#sEcr3t", "rtsp://h/a?trackID=1"),
    ],
)
def test_credentials_in_the_query(text, safe):
    address = Address.parse(text)
    assert address.safe == safe
    assert "sEcr3t" not in repr(address)
    assert "sEcr3t" in address.url


def test_a_password_in_the_path_is_not_shown():
    address = Address.parse("rtsp://h:554/user=admin_password=sEcr3t_channel=1_stream=0.sdp")
    assert "sEcr3t" not in repr(address)


def test_udp_listens():
    assert Address.parse("udp://239.1.2.3:5000").url == "udp://@239.1.2.3:5000"
    assert Address.parse("udp://@:5000").url == "udp://@:5000"
    assert Address.parse("udp://@:5000").safe == "udp://:5000"


def test_ipv6():
    assert Address.parse("rtsp://u:p@[fe80::1]:554/x").url == "rtsp://u:p@[fe80::1]:554/x"


@pytest.mark.parametrize("scheme", [*SCHEMES, "device"])
def test_nothing_but_what_a_scheme_needs_is_allowed(scheme):
    way = Address.parse("/dev/video0" if scheme == "device" else f"{scheme}://h:1/x").way
    protocols, formats = set(way.protocols.split(",")), set(way.formats.split(","))
    assert not protocols & {"concat", "data", "subfile", "pipe", "ftp", "srt", "unix", "fd", "async", "cache"}
    assert ("file" in protocols) == (scheme == "device")
    assert not formats & {"concat", "dash", "image2", "lavfi", "x11grab"}


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text):
    for given_text in (text, f"rtsp://{text}", f"http://{text}"):
        try:
            address = Address.parse(given_text)
        except ConfigError as error:
            assert "\n" not in str(error)
        else:
            assert is_live(given_text)
            assert address.safe.isprintable()


@pytest.mark.parametrize(
    ("text", "numeric"),
    [
        ("rtsp://10.0.0.9:554/x", True),
        ("rtsp://u:p@[fe80::1]/x", True),
        ("rtsp://camera/x", False),
        ("/dev/video0", False),
    ],
)
def test_whether_a_name_is_looked_up(text, numeric):
    assert Address.parse(text).numeric is numeric


@pytest.mark.parametrize(
    ("text", "bursty"),
    [
        ("http://h/a/live.m3u8?t=1", True),
        ("https://u:p@h/x.m3u8", True),
        ("http://h/v", False),
        ("rtsp://h/x.m3u8", False),
    ],
)
def test_what_comes_a_segment_at_a_time(text, bursty):
    assert Address.parse(text).bursty is bursty
