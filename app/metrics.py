"""Metrics of a watch for Prometheus, read from memory whenever they are asked for.

Streams are told apart by their names alone. Counters begin anew when a camera's process does, as Prometheus expects.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.cameras import audit_of, doing_of
from vidette.alerting import AlertCounts, DeliveryCounts
from vidette.alerts import DeliveryStatus
from vidette.errors import StoreError
from vidette.feeds import FeedRow, FeedState
from vidette.ports import Reader
from vidette.queries import Feeds


def _open(feed: FeedState) -> float | None:
    """Share of groups that the gate let through; those that were decoded to audit it, it did not."""
    groups = feed.gops_full + feed.gops_idle + feed.gops_audited
    return feed.gops_full / groups if groups else None


_COUNTERS: tuple[tuple[str, str, Callable[[FeedState], int]], ...] = (
    ("frames_arrived", "Pictures that arrived.", lambda feed: feed.arrived),
    ("frames_looked", "Pictures that were looked at.", lambda feed: feed.frames),
    ("frames_damaged", "Pictures that could not be looked at.", lambda feed: feed.damaged),
    ("restarts", "Restarts of the camera's process.", lambda feed: feed.restarts),
    ("gops_full", "Groups of pictures decoded in full.", lambda feed: feed.gops_full),
    ("gops_idle", "Groups of pictures passed over but for their keyframe.", lambda feed: feed.gops_idle),
    ("gops_audited", "Quiet groups of pictures decoded at random to audit the gate.", lambda feed: feed.gops_audited),
    ("gops_missed", "Audited groups in which the gate would have missed something.", lambda feed: feed.gops_missed),
)
_NOW: tuple[tuple[str, str, Callable[[FeedState], float | None]], ...] = (
    ("frames_per_second", "Pictures a second that arrive.", lambda feed: feed.fps),
    ("looked_frames_per_second", "Pictures a second that are looked at.", lambda feed: feed.looked_fps),
    ("delay_seconds", "From a picture's time to when it was looked at.", lambda feed: feed.delay_s),
    ("clock_offset_seconds", "By how much the camera's clock is ahead.", lambda feed: feed.clock_s),
    ("queue_packets", "Packets that wait to be looked at.", lambda feed: feed.queue),
    ("camera_memory_bytes", "Memory of the camera's process.", lambda feed: feed.rss_bytes or None),
)
_SHARES: tuple[tuple[str, str, Callable[[FeedState], float | None]], ...] = (
    ("gate_open_ratio", "Share of groups of pictures decoded in full.", _open),
    (
        "gate_missed_ratio",
        "Share of quiet groups in which the gate misses something.",
        lambda feed: audit_of(feed).rate,
    ),
    ("gate_missed_ratio_low", "Lower end of its 95 % interval.", lambda feed: audit_of(feed).low),
    ("gate_missed_ratio_high", "Upper end of its 95 % interval.", lambda feed: audit_of(feed).high),
)
_CAUSES: tuple[tuple[str, str, Callable[[FeedState], dict[str, int]]], ...] = (
    ("reconnects", "How often the camera was lost or could not be reached, by cause.", lambda feed: feed.reconnects),
    ("dropped_packets", "Packets that were left out, by cause.", lambda feed: feed.dropped),
)
_STATES = ("learning", "watching", "idle", "lost", "waiting", "not_running")


class WatchMetrics(Collector):
    """What a scrape gives: the cameras that were named last, deliveries and alerts."""

    def __init__(self, read: Reader) -> None:
        self._streams: tuple[str, ...] = ()
        self._read = read

    def show(self, streams: Sequence[str]) -> None:
        """Tell of these cameras from now on."""
        self._streams = tuple(streams)

    def collect(self) -> Iterator[Metric]:
        """All families; where memory cannot be read, only that."""
        readable = GaugeMetricFamily("vidette_memory_readable", "Whether memory could be read for this scrape.")
        try:
            streams = self._streams
            feeds = self._read(Feeds(streams=streams)) if streams else []
            families = [*cameras(feeds, streams, datetime.now(UTC)), *self._counted()]
        except StoreError:
            families = []
        readable.add_metric((), float(bool(families)))
        yield readable
        yield from families

    def _counted(self) -> Iterator[Metric]:
        deliveries = GaugeMetricFamily(
            "vidette_deliveries", "Deliveries, by sink and status.", labels=("sink", "status")
        )
        counts: Counter[tuple[str, str]] = Counter()
        for (sink, status), count in self._read(DeliveryCounts()).items():
            counts[sink, _said(status)] += count
        for labels, count in sorted(counts.items()):
            deliveries.add_metric(labels, count)
        alerts = GaugeMetricFamily("vidette_alerts", "Alerts, by severity and state.", labels=("severity", "state"))
        for (severity, state), count in sorted(self._read(AlertCounts()).items()):
            alerts.add_metric((severity, state), count)
        yield deliveries
        yield alerts


def cameras(feeds: Sequence[FeedRow], streams: Sequence[str], now: datetime) -> Iterator[Metric]:
    """The families of cameras. Of one that is not watched now only counters and its state are told."""
    known = {row.stream: row.feed for row in feeds}
    running = [row for row in feeds if doing_of(row.feed, now) != "not_running"]
    state = GaugeMetricFamily("vidette_camera_state", "1 for the state that it is in.", labels=("stream", "state"))
    for stream in streams:
        doing = doing_of(known.get(stream), now)
        for one in _STATES:
            state.add_metric((stream, one), float(one == doing))
    yield state
    for name, said, count in _COUNTERS:
        counter = CounterMetricFamily(f"vidette_{name}", said, labels=("stream",))
        for row in feeds:
            counter.add_metric((row.stream,), count(row.feed))
        yield counter
    for name, said, causes in _CAUSES:
        counter = CounterMetricFamily(f"vidette_{name}", said, labels=("stream", "cause"))
        for row in feeds:
            for cause, times in sorted(causes(row.feed).items()):
                counter.add_metric((row.stream, cause), times)
        yield counter
    yield _last(feeds)
    for rows, values in ((running, _NOW), (feeds, _SHARES)):
        for name, said, value in values:
            yield _gauge(rows, name, said, value)


def _gauge(
    rows: Sequence[FeedRow], name: str, said: str, value: Callable[[FeedState], float | None]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"vidette_{name}", said, labels=("stream",))
    for row in rows:
        now = value(row.feed)
        if now is not None:
            gauge.add_metric((row.stream,), now)
    return gauge


def _last(feeds: Sequence[FeedRow]) -> GaugeMetricFamily:
    return _gauge(
        feeds,
        "last_frame_timestamp_seconds",
        "When the newest picture was taken.",
        lambda feed: feed.last_frame_at.timestamp() if feed.last_frame_at else None,
    )


def _said(status: DeliveryStatus) -> str:
    """`waiting` for what is due or being sent, else as it is."""
    return "waiting" if status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING) else str(status)
