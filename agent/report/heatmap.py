"""The heat map of a stream: where things stood, over a picture of its scene."""

import hashlib
from collections.abc import Mapping

import numpy as np

from agent.perception import heat
from agent.report.model import HeatMap, Picture
from agent.report.moments import jpeg_of
from agent.report.words import brief, counted, number
from vidette.aggregates import Heat, HeatCell
from vidette.errors import StoreError
from vidette.models import EventType
from vidette.ports import GraphStore, MediaStore
from vidette.queries import Filter, Segments

COLUMNS, ROWS = 40, 24
MAPS = 12
THINGS = 20_000
_FRAMES = 5
_CUTS = (EventType.SCENE_CHANGED, EventType.CAMERA_MOVED)


def heat_map(
    store: GraphStore, media: MediaStore, name: str, where: Filter, types: Mapping[str, int], things: int = 0
) -> HeatMap | None:
    """Where the matching tracks stood; None where there are none, or no picture of the scene is left.

    `things` is how many there are in all.
    """
    found = store.read(Heat(columns=COLUMNS, rows=ROWS, most=THINGS, where=where))
    cuts = sum(types.get(type_, 0) for type_ in _CUTS)
    frames = _frames(store, media, where, 1 if cuts else _FRAMES) if found else []
    if not frames:
        return None
    grid = grid_of(found)
    try:
        jpeg = heat.paint(heat.scene(frames), grid)
    except StoreError:
        return None
    most = int(grid.max())
    said = f"{name}: where things stood; up to {counted(most, 'thing')} in one place"
    picture = Picture(
        sha256=hashlib.sha256(jpeg).hexdigest(),
        caption=brief(name, 80),
        alt=brief(said, 200),
        note=_note(cuts, things),
        jpeg=jpeg,
    )
    return HeatMap(picture=picture, most=most, cells=tuple(tuple(int(cell) for cell in row) for row in grid))


def _note(cuts: int, things: int) -> str:
    changed = f"The view changed {counted(cuts, 'time')}; the map joins them all over the last one. " if cuts else ""
    sampled = f"Of {counted(things, 'thing')}, {number(THINGS)} taken by chance are shown." if things > THINGS else ""
    return (changed + sampled).strip()


def grid_of(cells: list[HeatCell]) -> heat.Grid:
    """`(ROWS, COLUMNS)` counts."""
    grid = np.zeros((ROWS, COLUMNS))
    for cell in cells:
        grid[cell.row, cell.column] = cell.count
    return grid


def _frames(store: GraphStore, media: MediaStore, where: Filter, most: int) -> list[bytes]:
    """Keyframes from both ends of the window, the last one last."""
    place = Filter(streams=where.streams, since=where.since, until=where.until, from_s=where.from_s, to_s=where.to_s)
    late = store.read(Segments(where=place, limit=most, order="-start"))
    early = store.read(Segments(where=place, limit=most)) if most > 1 else []
    rows = {row.id: row for row in [*early, *reversed(late)]}.values()
    frames = [frame for row in rows for frame in (row.keyframes[:1] + row.keyframes[-1:])[: max(1, most // 2)]]
    unique = list({frame.sha256: frame for frame in frames}.values())
    return [data for frame in unique[-2 * most :] if (data := jpeg_of(media, frame.sha256))][-max(1, 2 * most - 1) :]
