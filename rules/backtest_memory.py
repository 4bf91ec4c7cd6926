"""What a back-test reads: what it made itself is in this process, all else is stored; nothing is written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from rules.backtest_alerts import Alarms, Firing
from rules.backtest_coverage import Looked
from rules.backtest_patterns import Recollection
from vidette.alerting import Alerts, Deliveries, RuleStates
from vidette.alerts import Judgement, RuleState
from vidette.handling import DueStorms, DueTimers, NextTo, Silences, StormOf
from vidette.models import Commit, State
from vidette.ports import Reader
from vidette.queries import CoverageIn, Events, Filter, LastCommit, Query, Tracks
from vidette.rows import EventRow, TrackRow
from vidette.streams import Stream

R = TypeVar("R")


class Memory:
    """A Reader. Events are answered as they were known at their stream's watermark.

    `commits` are the streams' last commits at the moment that is played, by their ids.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._states: dict[str, dict[str, RuleState]] = {}
        self._alarms = Alarms()
        self._patterns = Recollection()
        self._rows: dict[str, EventRow] = {}
        self._tracks: dict[str, TrackRow | None] = {}
        self._watermarks: dict[str, float] = {}
        self._looked = Looked(read)
        self.commits: dict[str, Commit] = {}
        self._answers: dict[type[Query[Any]], Callable[[Any], Any]] = {
            RuleStates: lambda query: list(self._states.get(query.stream_id, {}).values()),
            LastCommit: lambda query: self.commits.get(query.stream_id),
            Alerts: self._alarms.found,
            Deliveries: self._alarms.deliveries,
            Events: self._events,
            Tracks: self._tracked,
            **self._patterns.answers,
            CoverageIn: self._looked.answer,
            **dict.fromkeys((Silences, DueTimers, DueStorms, NextTo), lambda _: []),
            StormOf: lambda _: None,
        }

    def __call__(self, query: Query[R]) -> R:
        """What the query names."""
        answer = self._answers.get(type(query))
        return self._read(query) if answer is None else cast("R", answer(query))

    def at_hand(self, events: Iterable[EventRow]) -> None:
        """The events that come next and those that go on, which will be asked for by their ids."""
        self._rows = {event.id: event for event in events}
        self._tracks = {}

    def reach(self, stream: Stream, watermark_s: float) -> None:
        """The stream is known up to this media time."""
        self._watermarks[stream.name] = watermark_s
        self._looked.play(stream, watermark_s)

    def write(self, judgement: Judgement, now: datetime) -> None:
        """Keep a judgement."""
        for state in judgement.states:
            self._states.setdefault(state.stream_id, {})[state.rule] = state
        for alert in judgement.alerts:
            self._alarms.keep(alert, now)
        for delivery in judgement.deliveries:
            self._alarms.tell(delivery)
        self._patterns.write(judgement)

    def shed(self, before: datetime | None = None, look_back_s: float = 0.0) -> Iterator[Firing]:
        """Alerts that nothing will change, by time, and forget them; without `before` all that there are.

        What fits leaves of rules is kept for `look_back_s` longer.
        """
        if before is None:
            return self._alarms.shed()
        self._patterns.shed((before.timestamp() - look_back_s) * 1000)
        states = (state.state for kept in self._states.values() for state in kept.values())
        return self._alarms.shed(before, (*states, *self._patterns.alerts()))

    def known(self, event: EventRow) -> EventRow:
        """The event as it was known at its stream's watermark."""
        return as_known(event, self._watermarks.get(event.stream, 0.0))

    def _events(self, query: Events) -> list[EventRow]:
        asked = query.where
        if not asked.ids:
            return [self.known(event) for event in self._read(query)]
        missing = tuple(key for key in asked.ids if key not in self._rows)
        found = self._read(Events(where=Filter(ids=missing), limit=len(missing))) if missing else []
        found += [self._rows[key] for key in dict.fromkeys(asked.ids) if key in self._rows]
        return sorted((self.known(event) for event in found), key=lambda event: (event.start, event.id))

    def _tracked(self, query: Tracks) -> list[TrackRow]:
        """Tracks by their ids; those of all events at hand are read at once."""
        asked = query.where.tracks
        if query != Tracks(where=Filter(tracks=asked), limit=query.limit):
            return self._read(query)
        if any(key not in self._tracks for key in asked):
            near = (key for event in self._rows.values() for key in event.tracks)
            missing = tuple(key for key in dict.fromkeys((*asked, *near)) if key not in self._tracks)
            self._tracks.update(dict.fromkeys(missing))
            found = self._read(Tracks(where=Filter(tracks=missing), limit=len(missing)))
            self._tracks.update((row.id, row) for row in found)
        return [row for key in asked if (row := self._tracks[key]) is not None]


def as_known(event: EventRow, watermark_s: float) -> EventRow:
    """The event as it was before the watermark had reached its end."""
    if event.end_s is None or event.end_s <= watermark_s:
        return event
    return replace(event, end=None, end_s=None, state=State.OPEN)
