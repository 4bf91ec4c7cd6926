"""What a camera offers: of each of its pictures a main stream, and a smaller one to look at."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ingest.onvif.library import description
from ingest.onvif.probe import Match, checked, probe
from ingest.onvif.soap import Device
from vidette.errors import SourceError

MOST_PROFILES, MOST_CHANNELS = 128, 32
_AT_ONCE = 8
_LEAST_WIDTH = 320  # a smaller stream shows people from a few metres only
_UNICAST = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A way in which a camera sends a picture; `channel` says which of its pictures."""

    token: str
    channel: str
    codec: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A stream that can be watched, at `url` (without name and password)."""

    url: str
    codec: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One picture of a camera: its best stream, and a smaller one where there is one."""

    main: Offer
    sub: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnvifCamera:
    """A camera that was found; `refused` says why it, or one of its streams, is not taken."""

    host: str
    name: str
    address: str = ""
    channels: tuple[Channel, ...] = ()
    refused: str = ""


def found(listen_s: float, username: str = "", password: str = "", *, answer_s: float = 5.0) -> Iterator[OnvifCamera]:
    """Cameras of this network, heard for `listen_s`; each answer of one is waited for `answer_s`, some are asked at once.

    Raises ConfigError where ONVIF is not installed.
    """
    for service in ("devicemgmt", "media"):
        description(service)
    with ThreadPoolExecutor(_AT_ONCE) as asking:
        yield from asking.map(lambda match: _asked(match, answer_s, username, password), probe(listen_s))


def _asked(match: Match, timeout_s: float, username: str, password: str) -> OnvifCamera:
    if match.refused:
        return OnvifCamera(host=match.host, name=match.name, refused=match.refused)
    channels: list[Channel] = []
    refused = ""
    device = Device(match.address, username=username, password=password, timeout_s=timeout_s)
    try:
        channels.extend(_channels(device, match))
    except (SourceError, ValueError) as error:
        refused = str(error)
    if not channels and not refused:
        refused = "it offers no stream"
    return OnvifCamera(
        host=match.host, name=match.name, address=match.address, channels=tuple(channels), refused=refused
    )


def _channels(device: Device, match: Match) -> Iterator[Channel]:
    """Every picture with its streams. Raises SourceError, and ValueError for what it says and must not."""
    device.set_clock()
    capabilities = device.ask("devicemgmt", match.address, "GetCapabilities", Category=["Media"])
    media = checked(str(_at(capabilities, "Media", "XAddr") or ""), match.host)
    for main, sub in chosen(list(_profiles(device.ask("media", media, "GetProfiles")))):
        best = _offer(device, media, main, match.host)
        yield Channel(main=best, sub=_offer(device, media, sub, match.host) if sub else None)


def _offer(device: Device, media: str, profile: Profile, host: str) -> Offer:
    answer = device.ask("media", media, "GetStreamUri", StreamSetup=_UNICAST, ProfileToken=profile.token)
    url = checked(str(_at(answer, "Uri") or "").strip(), host, ("rtsp", "rtsps"))
    return Offer(url=without_login(url), codec=profile.codec, width=profile.width, height=profile.height)


def without_login(url: str) -> str:
    """The address without a name and password: some cameras put theirs into it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _profiles(answer: Any) -> Iterator[Profile]:
    """What there is in an answer that is video with a size."""
    for one in list(answer or ())[:MOST_PROFILES]:
        token, codec = _at(one, "token"), _at(one, "VideoEncoderConfiguration", "Encoding")
        size = _at(one, "VideoEncoderConfiguration", "Resolution")
        width, height = _at(size, "Width"), _at(size, "Height")
        if isinstance(token, str) and token and _is_size(width) and _is_size(height):
            channel = str(_at(one, "VideoSourceConfiguration", "SourceToken") or "")
            yield Profile(token=token[:64], channel=channel[:64], codec=str(codec)[:16], width=width, height=height)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and 0 < value <= 32_768


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = getattr(value, name, None)
    return value


def chosen(profiles: Sequence[Profile]) -> list[tuple[Profile, Profile | None]]:
    """Of each channel the largest stream, and the smallest that is not too small; JPEG only where there is nothing else."""
    channels: dict[str, list[Profile]] = {}
    for profile in profiles:
        channels.setdefault(profile.channel, []).append(profile)
    return [_pair(listed) for listed in list(channels.values())[:MOST_CHANNELS]]


def _pair(listed: list[Profile]) -> tuple[Profile, Profile | None]:
    video = [one for one in listed if one.codec.upper() != "JPEG"] or listed
    main = max(video, key=_area)
    smaller = [one for one in video if _area(one) < _area(main)]
    fit = [one for one in smaller if one.width >= _LEAST_WIDTH]
    return main, min(fit, key=_area) if fit else max(smaller, key=_area, default=None)


def _area(profile: Profile) -> int:
    return profile.width * profile.height
