"""The words of a watch: how far it is, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vidette.feeds import FeedState
from vidette.rows import CoverageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the watch of one stream is; `pts_s` is settled, `wall_s` is since this watch began.

    `live`: a camera; `feed` is how it is. `deep`: what the deep look is at, in words.
    """

    stream: str
    pts_s: float
    wall_s: float
    events: int
    tracks: int
    duration_s: float | None = None
    caption: str = ""
    done: bool = False
    live: bool = False
    feed: FeedState | None = None
    deep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the watch of one stream ended.

    `already`: it had been watched to its end before. `stopped`: what is settled stays, the next
    watch goes on from there. `damage`: stretches of it that were not watched, with their reasons.
    `live`: a camera, watched until it was enough.
    """

    stream: str
    status: Literal["watched", "already", "failed", "stopped"]
    start: datetime
    start_from: str
    watched_s: float = 0.0
    wall_s: float = 0.0
    events: int = 0
    tracks: int = 0
    damage: tuple[CoverageRow, ...] = ()
    error: str | None = None
    live: bool = False
