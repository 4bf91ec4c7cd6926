"""One door to cameras: `open_feed`."""

from datetime import UTC, datetime
from pathlib import Path

from ingest.live.address import Address
from ingest.live.arrivals import Arrivals
from ingest.live.ring import Ring
from ingest.live.source import LiveSource
from ingest.sampling import parse_sampling
from vidette.settings import LiveSettings, StreamSettings

_MB = 1024 * 1024


def open_feed(
    address: Address,
    *,
    stream_settings: StreamSettings,
    live: LiveSettings,
    sample: str,
    start: datetime,
    ring: Ring | None = None,
    folder: Path | None = None,
) -> LiveSource:
    """The camera at `address`; nothing is connected before its frames are asked for.

    `start` is zero of media time. Packets go into `ring` (default: one of `live.buffer_mb`), which is
    `LiveSource.ring`. `folder` is for what is held on disk (default: for temporary files). Raises ConfigError.
    """

    def now() -> float:
        return (datetime.now(UTC) - start).total_seconds()

    arrivals = Arrivals(address, live=live, now=now, overload=stream_settings.overload, folder=folder)
    return LiveSource(
        arrivals,
        sampling=parse_sampling(sample),
        idle=stream_settings.idle,
        audit=live.audit,
        idle_s=live.idle_s,
        ring=Ring(live.buffer_mb * _MB) if ring is None else ring,
        camera=arrivals,
        start=start,
        now=now,
    )
