"""Where a camera is, and how to ask it for pictures; what is secret in it is never shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from vidette.errors import ConfigError
from vidette.log import redact

Transport = Literal["tcp", "udp"]
MAX_LENGTH = 2000
_DEVICE = re.compile(r"/dev/(?:video\d{1,3}|v4l/by-(?:id|path)/[\w.:+-]{1,200})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\]|[^\s\[\]:@/?#\\<>\"'^`{|}]+)")
# Names under which cameras take who logs in and with what, besides those that `redact` knows.
_LOGIN = frozenset(
    ["user", "usr", "username", "login", "loginuse", "loginpas", "account", "auth", "key", "pass", "psw"]
)
_KEPT = "/!$&'()*+,:;=@-._~%[]|?#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What FFmpeg may use for a scheme: protocols and demuxers, and what it is told besides.

    `outer`: demuxers that may be the stream itself; the others only read what an HLS playlist names.
    """

    protocols: str
    formats: str
    outer: frozenset[str]
    options: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None


_RTSP = {"allowed_media_types": "video", "max_delay": "300000", "buffer_size": "2097152"}
_HTTP = Way(
    protocols="http,https,tcp,tls,crypto",
    formats="hls,mpjpeg,mpegts,flv,live_flv,mov,aac",
    outer=frozenset(["hls", "mpjpeg", "mpegts", "flv", "live_flv"]),
    options={"live_start_index": "-1", "reconnect": "0", "merge_pmt_versions": "1"},
)
_WAYS = {
    "rtsp": Way(protocols="rtp,tcp,udp", formats="rtsp,rtp,sdp", outer=frozenset(["rtsp"]), options=_RTSP, format="rtsp"),
    "rtsps": Way(
        protocols="rtp,srtp,tcp,tls,udp", formats="rtsp,rtp,sdp", outer=frozenset(["rtsp"]), options=_RTSP, format="rtsp"
    ),
    "rtmp": Way(
        protocols="rtmp,tcp", formats="flv,live_flv", outer=frozenset(["live_flv"]), options={"rtmp_live": "live"}, format="live_flv"
    ),
    "rtmps": Way(
        protocols="rtmps,tcp,tls", formats="flv,live_flv", outer=frozenset(["live_flv"]), options={"rtmp_live": "live"}, format="live_flv"
    ),
    "http": _HTTP,
    "https": _HTTP,
    "udp": Way(
        protocols="udp",
        formats="mpegts",
        outer=frozenset(["mpegts"]),
        options={"fifo_size": "50000", "overrun_nonfatal": "1", "buffer_size": "2097152", "merge_pmt_versions": "1"},
        format="mpegts",
    ),
    "device": Way(
        protocols="file",
        formats="video4linux2",
        outer=frozenset(["video4linux2,v4l2"]),
        options={},
        format="video4linux2",
    ),
}  # fmt: skip


_URLS = tuple(scheme for scheme in _WAYS if scheme != "device")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A camera's address.

    `url` is what is opened, with name and password percent-encoded in it, and never in the repr.
    `safe` is the same without them, for people, logs and names.
    """

    scheme: str
    url: str = field(repr=False)
    safe: str
    transport: Transport = "tcp"

    @classmethod
    def parse(cls, text: str, username: str = "", password: str = "", transport: Transport = "tcp") -> "Address":
        """The address that a person wrote; a name and password given apart replace those in it.

        Raises ConfigError for what is not an address of a camera; its text holds no secret.
        """
        if _DEVICE.fullmatch(text):
            return cls(scheme="device", url=text, safe=text, transport=transport)
        shown = redact(text)[:200]
        if len(text) > MAX_LENGTH or not text.isprintable():
            raise ConfigError(f"{shown!r} is no address: it is too long or holds control characters")
        scheme, _, rest = text.partition("://")
        scheme = scheme.lower()
        if not is_live(text):
            raise ConfigError(f"cannot watch {shown!r}; give a URL ({', '.join(_URLS)}) or /dev/videoN")
        authority, path = _split(rest)
        login, _, host = authority.rpartition("@")
        _check_host(host, scheme, shown)
        written = login.partition(":")
        login = _login(scheme, username or unquote(written[0]), password or unquote(written[2]))
        return cls(
            scheme=scheme,
            url=f"{scheme}://{login}{host}{quote(path, safe=_KEPT)}",
            safe=f"{scheme}://{host}{_safe_path(path)}",
            transport=transport,
        )

    @property
    def name(self) -> str:
        """What the stream is called where nobody named it."""
        return self.safe

    @property
    def way(self) -> Way:
        """What may be used to open it."""
        return _WAYS[self.scheme]

    @property
    def numeric(self) -> bool:
        """Whether no name has to be looked up to reach it."""
        try:
            return bool(ip_address(urlsplit(self.url).hostname or ""))
        except ValueError:
            return False

    @property
    def talks(self) -> bool:
        """Whether the camera answers questions before it sends anything."""
        return self.scheme in ("rtsp", "rtsps", "rtmp", "rtmps")

    @property
    def bursty(self) -> bool:
        """Whether pictures come some seconds' worth at a time, as HLS segments do."""
        return self.scheme in ("http", "https") and urlsplit(self.url).path.endswith(".m3u8")


def is_live(text: str) -> bool:
    """Whether this names a camera: a URL of a scheme that can be watched, or a video device."""
    scheme = _SCHEME.match(text)
    return bool(_DEVICE.fullmatch(text)) or (scheme is not None and scheme[1].lower() in _URLS)


def _split(rest: str) -> tuple[str, str]:
    """What is before the path, and the path with what follows it."""
    end = re.search(r"[/?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")


def _check_host(host: str, scheme: str, shown: str) -> None:
    found = _HOST.match(host)
    name, port = (found[0], host[found.end() :]) if found else ("", host)
    if scheme == "udp" and not found:
        name = "any"  # `udp://@:1234` listens on every address
    if not name or (port and not (port[1:].isdecimal() and port[0] == ":" and 0 < int(port[1:]) < 65536)):
        raise ConfigError(
            f"no host and port in {shown!r}; percent-encode / ? # in a password, or give `username` and `password`"
        )


def _login(scheme: str, username: str, password: str) -> str:
    if scheme == "udp":
        return "@"  # where it is listened to
    return f"{quote(username, safe='')}:{quote(password, safe='')}@" if username or password else ""


def _safe_path(path: str) -> str:
    """Path and query without what logs in; a fragment is left out."""
    path, _, _ = path.partition("#")
    before, mark, query = path.partition("?")
    if not mark:
        return redact(before)
    kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if not _secret(k, v)]
    return redact(before + ("?" + urlencode(kept) if kept else ""))


def _secret(key: str, value: str) -> bool:
    return key.lower() in _LOGIN or redact(f"{key}={value or '-'}") != f"{key}={value or '-'}"
