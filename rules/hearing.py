"""One case while it is judged: what is read of memory, and what follows so far."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from rules.docket import Docket
from rules.place import Places
from rules.rule import Rule
from vidette.alerts import Case, Decision, Verdict
from vidette.ports import Reader
from vidette.queries import Streams
from vidette.rows import EventRow

_REASONS = 10_000  # sentences about what was not raised, of one case: a whole stream judged anew may have millions


class Hearing(Docket):
    """What all rules share while they judge a case."""

    def __init__(self, case: Case, read: Reader, now: datetime) -> None:
        super().__init__(read, now)
        self.case = case
        self.places = Places(case.stream, read)

    @property
    def told_enough(self) -> bool:
        """Whether no more is to be said about what was not raised."""
        return len(self.decisions) >= _REASONS

    @cached_property
    def others(self) -> tuple[str, ...]:
        """Names of other streams that have told something."""
        own = self.case.stream.id
        return tuple(one.name for one in self.read(Streams()) if one.id != own and one.reach_s > 0)

    def changed(self, ids: Iterable[str]) -> list[EventRow]:
        """The events of these ids that the case changed."""
        return [self._changed[one] for one in ids if one in self._changed]

    @cached_property
    def _changed(self) -> dict[str, EventRow]:
        return {event.id: event for event in self.case.events}

    def decide(
        self,
        rule: Rule,
        event: str,
        verdict: Verdict,
        at: datetime,
        why: tuple[str, ...],
        alert: str | None = None,
        *,
        stream: str = "",
    ) -> None:
        """Keep a decision, of the case's stream where none is named; the last of a (rule, event, verdict) stands."""
        stream = stream or self.case.stream.name
        self.keep(Decision(rule=rule.id, stream=stream, event=event, verdict=verdict, at=at, why=why, alert=alert))
