"""A span of a file as it is decoded, in pieces; on a worker, for the watch of the file that another does."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import closing

from agent.perception.decoded import depends_on, packed, reading
from agent.perception.sight import Sight
from ingest.masks import masks_of
from ingest.open import open_source
from ingest.sources import SourceSpec
from vidette.errors import SourceError, StoreError
from vidette.ids import content_tag
from vidette.settings import Settings
from workers.jobs import Decode
from workers.shared.decoded import Claim, Decoded
from workers.streams import settings_for
from workers.watches.shelf import Shelf

log = logging.getLogger(__name__)

_PIECE_PX = 42_000_000
"""Of decoded frames in a piece: 20 of 1080p, some 60 MB while they wait to be packed."""
_PIECE_S = 5.0


class _Left(Exception):
    """It is decoded no more: nobody wants it, or there is better work."""


def decode(settings: Settings, decoded: Decoded, shelf: Shelf, job: Decode, gives_way: Callable[[], bool]) -> bool:
    """Decode what is asked for, unless somebody does; -> whether all of it was. Raises StoreError, `retryable`."""
    mine = settings_for(settings, job.spec.name)
    if depends(mine, job.spec, job.start_s, job.end_s) != job.depends:
        log.info("%r would be decoded otherwise here: settings differ, or the files of these paths", job.spec.name)
        return False
    claim = decoded.take(job.number)
    return claim is not None and keep(claim, shelf, pieces(job.spec, mine, job.start_s, job.end_s), gives_way)


def depends(settings: Settings, spec: SourceSpec, start_s: float, end_s: float) -> str:
    """A tag of all that is decoded of `[start_s, end_s)` depends on: another machine may have another file of that path."""
    ends = (*spec.offsets_s[1:], math.inf)
    spans = zip(spec.paths, spec.offsets_s, ends, strict=False)
    try:
        files = [content_tag(path) for path, begin_s, until_s in spans if begin_s < end_s and until_s > start_s]
    except OSError:
        files = []
    return " ".join([depends_on(settings, spec.name), *files])


def keep(claim: Claim, shelf: Shelf, made: Iterator[bytes], gives_way: Callable[[], bool]) -> bool:
    """Put the pieces of a span that is ours where the watch finds them; -> as `decode`. Raises StoreError, `retryable`."""
    try:
        shelf.write(claim.number, _wanted(claim, made, gives_way))
        if claim.done():
            return True
        shelf.drop(claim.number)
    except _Left:
        claim.leave()
    except (SourceError, StoreError) as error:
        if error.retryable:
            raise
        log.info("a span is left to who watches it: %s", error)
        claim.leave()
    return False


def pieces(spec: SourceSpec, settings: Settings, start_s: float, end_s: float) -> Iterator[bytes]:
    """What is decoded of `[start_s, end_s)`, packed (agent.perception.decoded), some frames a piece.

    `settings` as they hold for the stream. Raises SourceError, also where any of it is damaged: who watches is to tell of that.
    """
    masks, wide = masks_of(settings, spec.name), settings.segments.keyframe_px
    with closing(
        open_source(spec.paths, sample=settings.sample, reader=settings.reader, offsets_s=spec.offsets_s)
    ) as source:
        sights = reading(masks.source(source), masks, wide)(start_s, end_s, -1.0)
        for group in _grouped(sights):
            if any(one.end_s >= start_s and one.start_s <= end_s for one in source.damage):
                raise SourceError(f"{spec.name!r} is damaged between {start_s:g} and {end_s:g} s")
            yield packed(group)


def _wanted(claim: Claim, made: Iterator[bytes], gives_way: Callable[[], bool]) -> Iterator[bytes]:
    for piece in made:
        if gives_way() or not claim.keep():
            raise _Left
        yield piece


def _grouped(sights: Iterator[Sight]) -> Iterator[list[Sight]]:
    group: list[Sight] = []
    for sight in sights:
        if group and _full(group, sight):
            yield group
            group = []
        group.append(sight)
    yield group


def _full(group: list[Sight], sight: Sight) -> bool:
    pixels = sum(one.pixels for one in group) + sight.pixels
    return pixels > _PIECE_PX or sight.pts_s - group[0].pts_s >= _PIECE_S
