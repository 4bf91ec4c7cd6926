"""A stream as it is registered, from what was found of its source and what the settings say of it."""

import os
from collections.abc import Sequence
from dataclasses import replace

from ingest.live.address import Address, is_live
from ingest.locator import locator
from ingest.sources import SourceSpec, camera
from rules.rule import question_of, questions_of
from vidette.errors import ConfigError
from vidette.ids import make_id, stream_id
from vidette.ports import GraphStore
from vidette.queries import StreamOf
from vidette.settings import MAX_QUESTIONS, Settings, StreamSettings
from vidette.streams import Line, Stream, Zone


def configured(spec: SourceSpec, settings: Settings) -> SourceSpec:
    """The source under the name that the settings give it, where one of their streams has it as `source`."""
    if spec.url:
        named = (
            one.name for one in settings.streams if is_live(one.source) and Address.parse(one.source).safe == spec.url
        )
        name = next(named, spec.name)
        return replace(spec, name=name, stream_id=stream_id(name))
    paths = {os.path.realpath(path) for path in spec.paths}
    for one in settings.streams:
        if one.source and os.path.realpath(os.path.expanduser(one.source)) in paths:
            return replace(spec, name=one.name, stream_id=stream_id(one.name))
    return spec


def cameras_of(settings: Settings) -> tuple[SourceSpec, ...]:
    """The cameras among the streams of the settings. Raises ConfigError for an address that cannot be one."""
    return tuple(camera(one.name, _parsed(one).safe) for one in settings.streams if is_live(one.source))


def with_addresses(settings: Settings, specs: Sequence[SourceSpec], arguments: Sequence[str]) -> Settings:
    """The settings with the addresses, credentials and all, of cameras that were named on the command line.

    An address without credentials that the settings know is asked for as they say.
    """
    given = {Address.parse(one).safe: one for one in arguments if is_live(one)}
    streams = {one.name: one for one in settings.streams}
    for spec in specs:
        said = streams.get(spec.name, StreamSettings(name=spec.name))
        address = given.get(spec.url)
        if address is not None and (address != spec.url or not said.source or _parsed(said).safe != spec.url):
            streams[spec.name] = said.model_copy(update={"source": address, "sub": ""})
    return settings.model_copy(update={"streams": list(streams.values())})


def _parsed(said: StreamSettings) -> Address:
    """A stream's address. Raises ConfigError, which names the stream."""
    try:
        return Address.parse(said.source)
    except ConfigError as error:
        raise ConfigError(f"stream {said.name!r}: {error}") from error


def settings_of(settings: Settings, name: str) -> StreamSettings:
    """What the settings say of a stream; the defaults where they say nothing."""
    return next((one for one in settings.streams if one.name == name), StreamSettings(name=name))


def settings_for(settings: Settings, name: str) -> Settings:
    """The settings as they hold for one stream: sampled as it is to be."""
    return settings.model_copy(update={"sample": settings_of(settings, name).sample or settings.sample})


def begun(spec: SourceSpec, store: GraphStore) -> SourceSpec:
    """A camera as it began when it was watched first: its media time counts from there for ever.

    Raises ConfigError where memory has a file under that name.
    """
    known = store.read(StreamOf(name=spec.stream_id))
    if known is None:
        return spec
    if known.kind != "live":
        raise ConfigError(f"{spec.name!r} is a {known.kind} in this memory; give the camera another --name")
    return replace(spec, start=known.start)


def stream_of(spec: SourceSpec, settings: Settings) -> Stream:
    """The stream of a source, with its zones and lines."""
    said = settings_of(settings, spec.name)
    return Stream(
        id=spec.stream_id,
        name=spec.name,
        kind="live" if spec.url else "file",
        uri=spec.url or locator(spec.paths),
        start=spec.start,
        start_from=spec.start_from,
        duration_s=None if spec.url else spec.duration_s,
        width=spec.width,
        height=spec.height,
        zones=tuple(
            Zone(id=make_id("zone", spec.stream_id, zone.name), name=zone.name, polygon=tuple(zone.polygon))
            for zone in said.zones
        ),
        lines=tuple(
            Line(id=make_id("line", spec.stream_id, line.name), name=line.name, a=line.points[0], b=line.points[1])
            for line in said.lines
        ),
    )


def questions(settings: Settings, name: str) -> tuple[str, ...]:
    """What a model is asked of a stream: what rules ask, then what its settings ask, each once, as many as may be asked.

    `vidette rules check` tells where there are more.
    """
    said = {question_of(one): one for one in settings_of(settings, name).questions}
    asked = {one: said.get(one, one) for one in questions_of(settings.rules, name)}
    return tuple({**asked, **said}.values())[:MAX_QUESTIONS]
