"""Clips of alerts on live streams: which are wanted, and what follows when they are there.

The camera's process cuts them (`Keeper`), since it holds the packets; memory is written here.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from ingest.live.cutting import ClipDone, ClipOrder
from ingest.live.keeping import Keeper
from ingest.retention import Retention
from rules.exhibits import exhibited
from vidette.alerting import Alerts, MediaHeld
from vidette.alerts import Alert, AlertFilter, Judgement
from vidette.models import Evidence
from vidette.ports import GraphStore, Reader
from vidette.queries import Events, Filter
from vidette.rows import EventRow
from vidette.settings import LiveSettings, Settings
from vidette.streams import Stream
from workers.shared.process import clock_of

__all__ = ["ClipDone", "ClipOrder", "Clips", "Keeper", "retention_of"]

log = logging.getLogger(__name__)

RECENT = timedelta(minutes=10)
"""Alerts raised longer ago get no clip any more: what they are about has left every ring."""
_MOST = 100
_REMEMBERED = 10_000


class Clips:
    """Orders one clip for each alert of a live stream, and gives it to the alert when it is done.

    After a restart those are ordered again that had none yet. Where no `now` is given, time is the broker's: other machines
    tell of the clip when it is due.
    """

    def __init__(self, store: GraphStore, settings: Settings, *, now: Callable[[], datetime] | None = None) -> None:
        self._store, self._settings, self._now = store, settings, now or clock_of(settings).now
        self._ordered: dict[str, None] = {}

    def orders(self, stream: Stream) -> list[ClipOrder]:
        """Clips to be ordered from this stream's process; call it after something of it was settled."""
        where = AlertFilter(streams=(stream.id,), since=self._now() - RECENT)
        found = self._store.read(Alerts(where=where, limit=_MOST, newest=True))
        fresh = [alert for alert in found if alert.id not in self._ordered and not _has_clip(alert)]
        self._remember(alert.id for alert in fresh)
        return [order_of(alert, self._events(alert), stream, self._settings.live) for alert in fresh]

    def again(self, orders: Iterable[ClipOrder]) -> None:
        """Those came to nothing since the process ended; they will be ordered once more."""
        for order in orders:
            self._ordered.pop(order.id, None)

    def done(self, clip: ClipDone) -> bool:
        """Give the clip to its alert; -> whether there was something to tell. Raises StoreError, then call it again."""
        if clip.evidence is None:
            log.warning("no clip of alert %s: %s", clip.id, clip.error)
            return False
        if clip.note:
            log.info("the clip of alert %s: %s", clip.id, clip.note)
        evidence = clip.evidence
        return self._store.amend(lambda read: self._given(clip.id, evidence, read))

    def _given(self, alert_id: str, evidence: Evidence, read: Reader) -> Judgement:
        """One clip is enough: a second order of it, after a restart, may have been cut a little otherwise."""
        if any(_has_clip(alert) for alert in read(Alerts(where=AlertFilter(ids=(alert_id,)), limit=1))):
            return Judgement()
        return exhibited(alert_id, evidence, read, sinks=self._settings.sinks, now=self._now())

    def _events(self, alert: Alert) -> list[EventRow]:
        where = Filter(ids=alert.events[:_MOST], retracted=True)
        return self._store.read(Events(where=where, limit=_MOST, brief=True))

    def _remember(self, ids: Iterable[str]) -> None:
        self._ordered.update(dict.fromkeys(ids))
        for old in list(self._ordered)[:-_REMEMBERED]:
            del self._ordered[old]


def _has_clip(alert: Alert) -> bool:
    return any(one.kind == "clip" for one in alert.evidence)


def order_of(alert: Alert, events: Iterable[EventRow], stream: Stream, live: LiveSettings) -> ClipOrder:
    """From before what it is about began until after that ended, or, where it goes on, after the alert."""
    ours = [event for event in events if event.stream == stream.name]
    at_s = (alert.at - stream.start).total_seconds()
    start_s = min([event.start_s for event in ours], default=at_s)
    end_s = max([at_s, start_s, *(event.end_s for event in ours if event.end_s is not None)])
    return ClipOrder(
        id=alert.id,
        start_s=max(0.0, start_s - live.pre_s),
        end_s=end_s + live.post_s,
        longest_s=live.clip_max_s,
    )


def retention_of(root: Path, settings: Settings, store: GraphStore, told: Callable[[str], None]) -> Retention:
    """What keeps the folder of media in bounds: sweep every few minutes, at once again where there is `more`.

    `told` is given what had to go before its time.
    """
    return Retention(
        root,
        settings.keep,
        held=lambda asked: store.read(MediaHeld(addresses=tuple(asked))) if asked else {},
        told=told,
    )
