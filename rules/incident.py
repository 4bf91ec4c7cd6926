"""Incidents: alerts that belong together, about one thing or in one place, in one stretch of time.

Two alerts are linked where they are no more than so long apart (`Alert.at`) and have the subject, or a place, in
common: a zone of a stream, the stream outside of its zones, or streams that are near each other. An incident is what
links join, directly or over others; its id is that of its first alert, so that it is the same in whatever order they
come. In each place it is enough to ask for the next alert before and the next one after: those further away are linked
to these.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.docket import Docket
from rules.policy import Policy
from vidette.alerts import Alert, AlertFilter
from vidette.handling import Neighbour, NextTo
from vidette.ids import make_id

_MANY = 100_000
_Key = tuple[str, str]
_When = tuple[int, str]
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Joined:
    """The incident of an alert, and what it has in common with which other (empty: with none)."""

    incident: str
    why: str = ""


class Grouping:
    """The incidents of one docket: those stored, and those of alerts that are not yet."""

    def __init__(self, docket: Docket, policy: Policy) -> None:
        self._docket, self._policy = docket, policy
        self._keys: dict[_Key, list[_When]] = {}
        self._zones: dict[str, set[str]] = {}
        self._firsts: dict[str, _When] = {}
        self._members: dict[str, set[str]] = {}

    def join(self, alert: Alert) -> Joined:
        """Put a new alert into its incident; others are moved where it joins them."""
        found = list(self._neighbours(alert))
        own = when(alert)
        incidents = {self._incident(one): (one.first_at, one.first) for one in found}
        first = min([own, *(self._first(incident, stored) for incident, stored in incidents.items())])
        target = make_id("incident", first[1])
        for incident in sorted(incidents.keys() - {target}):
            self._move(incident, target)
        self._firsts[target] = first
        self._members.setdefault(target, set()).add(alert.id)
        self._remember(alert, own)
        if not found:
            return Joined(target)
        return Joined(target, f"{found[0].by} as alert {found[0].alert[:8]}")

    def _incident(self, one: Neighbour) -> str:
        alert = self._docket.alerts.get(one.alert)
        return alert.incident if alert else one.incident

    def _first(self, incident: str, stored: tuple[datetime, str]) -> _When:
        return self._firsts.get(incident) or (milliseconds(stored[0]), stored[1])

    def _move(self, incident: str, target: str) -> None:
        stored = self._docket.stored(AlertFilter(incidents=(incident,)), _MANY)
        ids = {one.id for one in stored} | self._members.pop(incident, set())
        for key in sorted(ids):
            alert = self._docket.alert(key)
            if alert is not None and alert.incident == incident:
                self._docket.alerts[key] = replace(alert, incident=target)
                self._members.setdefault(target, set()).add(key)

    def _neighbours(self, alert: Alert) -> Iterator[Neighbour]:
        near = self._policy.beside(alert.streams)
        yield from self._docket.read(
            NextTo(
                alert=alert.id,
                at=alert.at,
                within_s=self._policy.incident_s,
                subject=alert.subject,
                places=tuple(places(alert)),
                near=near,
            )
        )
        for by, key in self._asked(alert, near):
            for _, other in self._next(key, when(alert)):
                found = self._docket.alerts[other]
                yield Neighbour(other, found.incident, by, other, found.at)

    def _asked(self, alert: Alert, near: tuple[str, ...]) -> Iterator[tuple[str, _Key]]:
        if alert.subject:
            yield "the same thing", ("", alert.subject)
        for stream, zone in places(alert):
            yield f"zone {zone} on {stream}" if zone else f"the same place on {stream}", (stream, zone)
        for stream in near:
            for zone in sorted(self._zones.get(stream, ())):
                yield f"stream {stream} near by", (stream, zone)

    def _next(self, key: _Key, own: _When) -> Iterator[_When]:
        """The next one before and the next one after, where they are near enough in time."""
        others, within = self._keys.get(key, []), round(self._policy.incident_s * 1000)
        at = bisect_left(others, own)
        for one in others[max(0, at - 1) : at + 1]:
            if one != own and abs(one[0] - own[0]) <= within:
                yield one

    def _remember(self, alert: Alert, own: _When) -> None:
        for stream, zone in places(alert):
            self._zones.setdefault(stream, set()).add(zone)
            insort(self._keys.setdefault((stream, zone), []), own)
        if alert.subject:
            insort(self._keys.setdefault(("", alert.subject), []), own)


def when(alert: Alert) -> _When:
    """Milliseconds since 1970, and the id: the order of alerts."""
    return milliseconds(alert.at), alert.id


def milliseconds(at: datetime) -> int:
    """An instant as stores keep it."""
    return round((at - _EPOCH) / timedelta(milliseconds=1))


def places(alert: Alert) -> Iterator[_Key]:
    """(stream, zone) of an alert; outside of all zones the zone is empty."""
    for stream in alert.streams:
        for zone in alert.zones or ("",):
            yield stream, zone
