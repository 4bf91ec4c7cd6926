"""Clips: a stretch of a file as a file of its own, without re-encoding."""

import heapq
import math
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.container import open_container, reason
from ingest.facts import Facts, frame_rate, learn
from ingest.packets import read
from ingest.passage import Passage, Timed, find
from vidette.errors import ConfigError, StoreError

_AUDIO_LEAD_S = 1.0
_Due = tuple[float, int, "Packet[VideoStream] | Packet[AudioStream]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """What FFmpeg calls a container, and the codecs that players expect in it; None: any."""

    format: str
    video: frozenset[str] | None
    audio: frozenset[str] | None
    options: dict[str, str]

    @property
    def counts(self) -> bool:
        """Whether it stores no times: pictures follow each other at one rate."""
        return self.format == "avi"


def _container(format: str, video: str = "", audio: str = "", **options: str) -> _Container:
    return _Container(
        format=format,
        video=frozenset(video.split()) or None,
        audio=frozenset(audio.split()) or None,
        options=options,
    )


_CONTAINERS = {
    ".mp4": _container(
        "mp4",
        "h264 hevc av1 vp9 mpeg4 mpeg2video mpeg1video mjpeg",
        "aac mp3 ac3 eac3 opus flac",
        movflags="+faststart",
    ),
    ".mkv": _container("matroska"),
    ".webm": _container("webm", "vp8 vp9 av1", "opus vorbis"),
    ".ts": _container("mpegts", "h264 hevc mpeg4 mpeg2video mpeg1video", "aac mp2 mp3 ac3 eac3"),
    ".avi": _container("avi", "mpeg4 mjpeg mpeg2video mpeg1video", "mp2 mp3 ac3 pcm_s16le pcm_u8"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """What was cut: media time of its first picture (a keyframe) and of its end; `frames` coded pictures."""

    start_s: float
    end_s: float
    frames: int
    size_bytes: int


def cut(path: Path, start_s: float, end_s: float, out: Path) -> ClipInfo:
    """Write [start_s, end_s) of a video file's media time to `out`, from the keyframe at or before `start_s`.

    Packets are copied, sound too where `out`'s container (by its suffix) takes it; .ts and .avi cannot
    say that the picture is to be turned. What lies before
    0 or after the end is left out. `out` appears whole or not at all. Raises ConfigError for a range
    with nothing in it and for a container that cannot hold the video, SourceError for the file,
    StoreError for `out`.
    """
    kind = _CONTAINERS.get(out.suffix.lower())
    if kind is None:
        raise ConfigError(f"cannot write a clip as {out.name!r}; name it with one of {', '.join(_CONTAINERS)}")
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s < end_s and end_s > 0):
        raise ConfigError(f"nothing lies between {start_s:g} and {end_s:g} s; give a start before the end")
    facts = learn(path)
    if out.exists() and out.samefile(path):
        raise ConfigError(f"{str(out)!r} is the source itself; name another file")
    passage = find(path, facts, max(0.0, start_s), end_s)
    if passage is None:
        raise _nothing(path, facts, start_s)
    part = out.with_name(f".{out.stem[:80]}.{secrets.token_hex(4)}.part")
    try:
        _copy(path, facts, passage, kind, part, out)
        size = part.stat().st_size
        os.replace(part, out)
    except (OSError, av.FFmpegError) as error:
        raise StoreError(f"cannot write {str(out)!r} ({reason(error)}); choose another place or make room") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return ClipInfo(
        start_s=max(0.0, float(facts.at(passage.start))),
        end_s=float(facts.at(passage.end)),
        frames=len(passage.times),
        size_bytes=size,
    )


def _nothing(path: Path, facts: Facts, start_s: float) -> ConfigError:
    ends = f", which ends at {facts.end_s:.1f} s" if facts.end_s is not None else ""
    return ConfigError(f"nothing can be cut at {start_s:g} s out of {str(path)!r}{ends}; give a time within it")


def _copy(path: Path, facts: Facts, passage: Passage, kind: _Container, part: Path, out: Path) -> None:
    with ExitStack() as opened:
        source, video = open_container(path)
        opened.enter_context(source)
        _check_codec(video, kind, out)
        sound = None if passage.shift else _sound(path, kind)  # where the file's times jump, sound would drift
        if sound is not None:
            opened.enter_context(sound[0])
        target = opened.enter_context(_opened(part, kind))
        copies = _streams(target, video, sound[1] if sound is not None else None, kind, out)
        begin = max(passage.start, facts.first)
        tick = 1 / frame_rate(video) if kind.counts else None
        streams = [_video(passage.packets(source, video, facts), facts.time_base, begin, copies[0], tick)]
        if sound is not None:
            streams.append(_audio(*sound, facts, passage, begin, copies[1]))
        for _, _, packet in heapq.merge(*streams):
            target.mux(packet)


def _check_codec(video: VideoStream, kind: _Container, out: Path) -> None:
    codec = video.codec_context.codec.canonical_name
    if kind.video is not None and codec not in kind.video:
        raise ConfigError(f"{codec} video cannot be kept in {out.name!r}; use .mkv, which takes any")


def _opened(part: Path, kind: _Container) -> OutputContainer:
    return av.open(f"file:{part.absolute()}", "w", format=kind.format, options=kind.options)


def _sound(path: Path, kind: _Container) -> tuple[InputContainer, AudioStream] | None:
    """The file opened once more at its sound, where there is one that the container takes."""
    container, _ = open_container(path)
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and (kind.audio is None or context.codec.canonical_name in kind.audio):
            return container, stream
    container.close()
    return None


def _streams(
    target: OutputContainer, video: VideoStream, audio: AudioStream | None, kind: _Container, out: Path
) -> list[Stream]:
    try:
        copies: list[Stream] = [target.add_stream_from_template(video)]
        if kind.counts:
            copies[0].time_base = 1 / frame_rate(video)  # AVI: the muxer fills gaps with empty pictures of this length
        if audio is not None:
            copies.append(target.add_stream_from_template(audio))
        target.start_encoding()
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):
            raise
        raise ConfigError(f"this video cannot be kept in {out.name!r} ({reason(error)}); use .mkv") from error
    return copies


def _video(packets: Iterator[Timed], base: Fraction, begin: int, copy: Stream, tick: Fraction | None) -> Iterator[_Due]:
    """Packets from the clip's zero in ticks of `base`; with `tick` they are counted, each after the last."""
    count = -1
    for packet, dts, pts in packets:
        at_s = (dts - begin) * base
        packet.dts, packet.pts = dts - begin, pts - begin
        if tick is not None:
            count = max(round(at_s / tick), count + 1)
            packet.dts, packet.pts, packet.duration, packet.time_base = count, count, 1, tick
        packet.stream = copy  # type: ignore[assignment]  # the stub allows only a stream of the same kind
        yield float(at_s), 0, packet


def _audio(
    container: InputContainer, stream: AudioStream, facts: Facts, passage: Passage, begin: int, copy: Stream
) -> Iterator[_Due]:
    """Packets of what is heard meanwhile, in the same time."""
    base = stream.time_base or facts.time_base
    start, end = (int(ticks * facts.time_base / base) for ticks in (begin, passage.end))
    with suppress(av.FFmpegError, OverflowError):  # then it is read from the beginning
        if facts.seekable:
            container.seek(max(0, start - int(_AUDIO_LEAD_S / base)), stream=stream)
    for packet in read(container, stream, lambda _: None):  # type: ignore[arg-type]  # reads streams of any kind
        if packet.pts is None or packet.pts < start:
            continue
        if packet.pts >= end:
            return
        packet.pts = packet.dts = packet.pts - start
        at_s = float(packet.pts * base)
        packet.stream = copy  # type: ignore[assignment]  # as above
        yield at_s, 1, packet
