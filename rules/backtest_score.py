"""What a back-test found, counted: how often, on which days, and against alerts that people judged."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from rules.backtest_alerts import Firing
from vidette.alerts import Alert
from vidette.proportion import wilson

NEAR_S = 60.0
"""Two alerts of a rule on one stream that came true so near to each other tell of the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A rule held against the alerts of its earlier versions that people confirmed or dismissed.

    `again` of each are those for which it would be raised again; `missed` are the confirmed ones for which it would not.
    """

    confirmed: int
    confirmed_again: int
    dismissed: int
    dismissed_again: int
    missed: tuple[Alert, ...] = ()

    @property
    def judged(self) -> int:
        """Alerts that people judged."""
        return self.confirmed + self.dismissed

    @property
    def precision(self) -> float | None:
        """The share that was confirmed, of those judged for which it would be raised again; None where there is none."""
        again = self.confirmed_again + self.dismissed_again
        return self.confirmed_again / again if again else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the precision."""
        return wilson(self.confirmed_again, self.confirmed_again + self.dismissed_again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One rule over history: `fired` alerts, of which `told` were messages; a few of them, by time; each day's number."""

    rule: str
    fired: int
    told: int
    days: dict[date, int]
    firings: tuple[Firing, ...]
    score: Score


class Tally:
    """Counts firings as they come; keeps `shown` of each rule, the newest."""

    def __init__(self, rules: Sequence[str], judged: Iterable[Alert], tz: tzinfo, shown: int) -> None:
        self._rules, self._tz, self._shown = rules, tz, shown
        self._fired: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._days: dict[str, Counter[date]] = {rule: Counter() for rule in rules}
        self._kept: dict[str, list[Firing]] = {rule: [] for rule in rules}
        self._judged = [alert for alert in judged if alert.feedback]
        self._again: set[str] = set()
        self._by_event = {(one.rule, event): one.id for one in self._judged for event in one.events}
        self._by_place: dict[tuple[str, str], list[Alert]] = {}
        for one in self._judged:
            for stream in one.streams:
                self._by_place.setdefault((one.rule, stream), []).append(one)

    def add(self, firing: Firing) -> None:
        """One more."""
        alert = firing.alert
        self._fired[alert.rule] += 1
        self._told[alert.rule] += firing.told
        self._days[alert.rule][alert.at.astimezone(self._tz).date()] += 1
        self._again.update(self._met(alert))
        kept = self._kept[alert.rule]
        kept.append(firing)
        if len(kept) >= 2 * max(self._shown, 1):
            self._kept[alert.rule] = self._newest(kept)

    def results(self, since: datetime, until: datetime) -> list[Result]:
        """Of each rule; days from the first to the last, those without an alert too."""
        last = max(since, until - timedelta(seconds=1))  # a history that ends at midnight ends on the day before
        days = _days(since.astimezone(self._tz).date(), last.astimezone(self._tz).date())
        return [
            Result(
                rule=rule,
                fired=self._fired[rule],
                told=self._told[rule],
                days={day: self._days[rule][day] for day in days},
                firings=tuple(self._newest(self._kept[rule])),
                score=self._score(rule),
            )
            for rule in self._rules
        ]

    def _newest(self, kept: list[Firing]) -> list[Firing]:
        ordered = sorted(kept, key=lambda one: (one.alert.at, one.alert.id))
        return ordered[max(0, len(ordered) - self._shown) :]

    def _met(self, alert: Alert) -> Iterator[str]:
        """Ids of judged alerts that tell of the same."""
        for event in alert.events:
            found = self._by_event.get((alert.rule, event))
            if found:
                yield found
        for stream in alert.streams:
            for one in self._by_place.get((alert.rule, stream), ()):
                if abs((one.at - alert.at).total_seconds()) <= NEAR_S:
                    yield one.id

    def _score(self, rule: str) -> Score:
        def said(word: str) -> list[Alert]:
            return [one for one in self._judged if one.rule == rule and one.feedback == word]

        confirmed, dismissed = said("confirmed"), said("dismissed")
        missed = tuple(one for one in confirmed if one.id not in self._again)
        return Score(
            confirmed=len(confirmed),
            confirmed_again=len(confirmed) - len(missed),
            dismissed=len(dismissed),
            dismissed_again=sum(one.id in self._again for one in dismissed),
            missed=missed,
        )


_MOST_DAYS = 3660


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(min((last - first).days + 1, _MOST_DAYS))]
