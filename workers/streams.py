"""A stream as it is registered, from what was found of its source and what the settings say of it."""

import os
from dataclasses import replace

from ingest.locator import locator
from ingest.sources import SourceSpec
from vidette.ids import make_id, stream_id
from vidette.models import Line, Stream, Zone
from vidette.settings import Settings, StreamSettings


def configured(spec: SourceSpec, settings: Settings) -> SourceSpec:
    """The source under the name that the settings give it, where one of their streams has it as `source`."""
    paths = {os.path.realpath(path) for path in spec.paths}
    for one in settings.streams:
        if one.source and os.path.realpath(os.path.expanduser(one.source)) in paths:
            return replace(spec, name=one.name, stream_id=stream_id(one.name))
    return spec


def stream_of(spec: SourceSpec, settings: Settings) -> Stream:
    """The stream of a source, with its zones and lines."""
    said = next((one for one in settings.streams if one.name == spec.name), StreamSettings(name=spec.name))
    return Stream(
        id=spec.stream_id,
        name=spec.name,
        kind="file",
        uri=locator(spec.paths),
        start=spec.start,
        start_from=spec.start_from,
        duration_s=spec.duration_s,
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
