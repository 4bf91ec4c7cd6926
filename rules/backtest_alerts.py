"""Alerts of a back-test: found as the store finds them, forgotten once nothing will change them."""

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from vidette.alerting import Alerts, Deliveries
from vidette.alerts import Alert, AlertFilter, Delivery

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """An alert that a rule would have raised, as it was in the end, and whether anybody would have been told."""

    alert: Alert
    told: bool


class Alarms:
    """Alerts and who was told of them, in memory."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._touched: dict[str, datetime] = {}
        self._told: dict[str, Delivery] = {}
        self._by_event: dict[str, set[str]] = {}
        self._by_subject: dict[str, set[str]] = {}
        self._by_rule: dict[tuple[str, str], list[_Key]] = {}

    def keep(self, alert: Alert, now: datetime) -> None:
        """The alert as it is from now on."""
        self._drop(alert.id)
        self._alerts[alert.id], self._touched[alert.id] = alert, now
        for index, key in self._places(alert):
            index.setdefault(key, set()).add(alert.id)
        for stream in alert.streams:
            insort(self._by_rule.setdefault((alert.rule, stream), []), _key(alert))

    def tell(self, delivery: Delivery) -> None:
        """Somebody is told of an alert."""
        self._told.setdefault(delivery.message.id, delivery)

    def found(self, query: Alerts) -> list[Alert]:
        """What the store would answer; streams by their names."""
        chosen = (self._alerts.get(key) for key in self._candidates(query))
        found = [alert for alert in chosen if alert is not None and fits(alert, query.where)]
        return sorted(found, key=_key, reverse=query.newest)[: query.limit]

    def deliveries(self, query: Deliveries) -> list[Delivery]:
        """The first message of each alert stands for all: rules ask only whether anybody was told."""
        return [self._told[key] for key in query.where.alerts if key in self._told][: query.limit]

    def shed(self, before: datetime | None = None, held: Iterable[str] = ()) -> Iterator[Firing]:
        """Alerts that did not change since `before` (None: all), by time; they are forgotten.

        Those whose ids stand in the texts `held` are kept, and those about a subject of which one is
        kept: they are counted to tell the next one apart.
        """
        old = {key for key, at in self._touched.items() if before is None or at < before}
        kept = old & {key for text in held for key in _ID.findall(text)}
        for key in old - kept:
            subject = self._alerts[key].subject
            if before is not None and subject and not self._by_subject[subject] <= old - kept:
                kept.add(key)
        for alert in sorted((self._alerts[key] for key in old - kept), key=_key):
            yield Firing(alert=alert, told=alert.id in self._told)
            self._drop(alert.id)
            self._told.pop(alert.id, None)

    def _drop(self, alert_id: str) -> None:
        alert = self._alerts.pop(alert_id, None)
        if alert is None:
            return
        del self._touched[alert_id]
        for index, key in self._places(alert):
            index[key].discard(alert_id)
            if not index[key]:
                del index[key]
        for stream in alert.streams:
            keys = self._by_rule[alert.rule, stream]
            del keys[bisect_left(keys, _key(alert))]

    def _places(self, alert: Alert) -> Iterator[tuple[dict[str, set[str]], str]]:
        """The indexes that an alert stands in, but that by rule, and under which keys."""
        for event in alert.events:
            yield self._by_event, event
        if alert.subject:
            yield self._by_subject, alert.subject

    def _candidates(self, query: Alerts) -> Iterable[str]:
        """Ids of what may match, by the condition that few alerts fulfil."""
        asked = query.where
        if asked.ids:
            return dict.fromkeys(asked.ids)
        if asked.events:
            return _either(self._by_event, asked.events)
        if asked.subjects:
            return _either(self._by_subject, asked.subjects)
        if asked.rules and asked.streams:
            return {
                key for rule in asked.rules for stream in asked.streams for key in self._timely(rule, stream, query)
            }
        return tuple(self._alerts)

    def _timely(self, rule: str, stream: str, query: Alerts) -> list[str]:
        """Alerts of one rule on one stream in the window; of the newest no more than are asked for."""
        keys, asked = self._by_rule.get((rule, stream), []), query.where
        low = bisect_left(keys, (asked.since, "")) if asked.since else 0
        high = bisect_left(keys, (asked.until, "")) if asked.until else len(keys)
        if query.newest and not (asked.states or asked.severities):
            low = max(low, high - query.limit)
        return [key for _, key in keys[low:high]]


def fits(alert: Alert, asked: AlertFilter) -> bool:
    """Whether an alert fulfils every given condition; streams by their names."""
    return (
        (not asked.ids or alert.id in asked.ids)
        and (not asked.rules or alert.rule in asked.rules)
        and (not asked.streams or not set(asked.streams).isdisjoint(alert.streams))
        and (not asked.severities or alert.severity in asked.severities)
        and (not asked.states or alert.state in asked.states)
        and (not asked.events or not set(asked.events).isdisjoint(alert.events))
        and (not asked.subjects or alert.subject in asked.subjects)
        and (asked.since is None or alert.at >= asked.since)
        and (asked.until is None or alert.at < asked.until)
    )


def _either(index: Mapping[str, set[str]], keys: Iterable[str]) -> set[str]:
    return {one for key in keys for one in index.get(key, ())}


def _key(alert: Alert) -> _Key:
    return alert.at, alert.id
