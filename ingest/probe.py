"""What a file says of itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest import packets
from ingest.container import open_container
from ingest.facts import Facts, learn
from ingest.start_time import sane


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A file's container, codec and pictures.

    `width`, `height`: upright, square pixels. `duration_s`: to the end of the last frame, where the
    container says. `created`: the recording's start as written in the container, if believable.
    `frames`: how many the container declares, 0 where it does not.
    """

    container: str
    codec: str
    width: int
    height: int
    fps: float
    duration_s: float | None
    created: datetime | None
    has_b_frames: bool
    frames: int


def probe(path: Path) -> Probe:
    """What a file says of itself; decodes its first frame. Raises SourceError."""
    facts = learn(path)
    return Probe(
        container=facts.container,
        codec=facts.codec,
        width=facts.size[0],
        height=facts.size[1],
        fps=facts.fps,
        duration_s=facts.end_s,
        created=next((at for at in map(_created, facts.written) if at is not None), None),
        has_b_frames=facts.has_b_frames,
        frames=facts.frames,
    )


def _created(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if sane(at) else None


def length_s(path: Path) -> float:
    """Seconds from the first to the end of the last frame; counted where the container does not say."""
    facts = learn(path)
    return facts.end_s if facts.end_s is not None else _counted_length(path, facts)


def _counted_length(path: Path, facts: Facts) -> float:
    """Reads every packet and decodes none."""
    container, stream = open_container(path)
    end = facts.first
    with container:
        for item in packets.stamp(packets.read(container, stream, lambda _: None), facts.clock()):
            end = max(end, item.at.end)
    return float(facts.at(end))
