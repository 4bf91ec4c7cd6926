"""What a back-test found, told to people and to programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import click

from app.tables import date_and_time, many, show
from vidette.text import plain

if TYPE_CHECKING:
    from rules.backtest_alerts import Firing
    from rules.backtest_score import Result, Score
    from vidette.ports import GraphStore, MediaStore
    from vidette.rule_settings import RuleSettings

BAR = 40
_ALL = 10_000
_LINES = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A back-test: [since, until), how many streams, what each rule says in words and what came of it."""

    since: datetime
    until: datetime
    streams: int
    readings: tuple[str, ...]
    results: tuple["Result", ...]
    tz: tzinfo


def back_test(
    store: "GraphStore",
    rules: "Sequence[RuleSettings]",
    *,
    tz: tzinfo,
    since: datetime | None,
    until: datetime | None,
    streams: Sequence[str],
    shown: int,
) -> Found:
    """Put rules to what is stored; keeps `shown` alerts of each, the newest."""
    from rules.backtest import backtest, extent
    from rules.backtest_score import Tally
    from rules.reading import reading
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter

    first, last, count = extent(store.read, streams)
    since, until = since or first, until or last
    names = tuple(rule.id for rule in rules)
    where = AlertFilter(rules=names, streams=tuple(streams), since=since, until=until)
    tally = Tally(names, store.read(Alerts(where=where, limit=_ALL, newest=True)), tz, shown)
    for firing in backtest(rules, store.read, tz=tz, since=since, until=until, streams=streams):
        tally.add(firing)
    return Found(
        since=since,
        until=until,
        streams=count,
        readings=tuple(reading(rule, tz) for rule in rules),
        results=tuple(tally.results(since, until)),
        tz=tz,
    )


def say(found: Found, media: "MediaStore") -> None:
    """Print it for people."""
    title = f"{many(found.streams, 'stream')}, {_clock(found.since, found.tz)} to {_clock(found.until, found.tz)}"
    click.echo(plain(f"back-test over {title}; nothing was written, nobody was told"))
    for reading, result in zip(found.readings, found.results, strict=True):
        click.echo()
        for line in _lines(reading, result):
            click.echo(plain(line))
        _table(result, found.tz, media)


def _lines(reading: str, result: "Result") -> Iterator[str]:
    times = many(result.fired, "time")
    yield f"{result.rule}: would have fired {times}{_told(result)}"
    yield f"  {reading}"
    yield from (f"  {line}" for line in judged(result.score))
    if result.fired and len(result.days) > 1:
        yield from (f"  {line}" for line in bars(result.days))


def _told(result: "Result") -> str:
    kept = result.fired - result.told
    return f", {many(result.told, 'message')} ({kept} within the cooldown)" if kept else ""


def judged(score: "Score") -> Iterator[str]:
    """How the rule does against alerts that people judged."""
    if not score.judged:
        return
    yield (
        f"of {many(score.confirmed, 'alert')} that people confirmed {score.confirmed_again} would be raised again, "
        f"of {score.dismissed} dismissed {score.dismissed_again}"
    )
    if score.precision is not None:
        low, high = score.interval
        yield f"precision {score.precision:.0%} (95 % sure: {low:.0%} to {high:.0%})"
    for missed in score.missed[:5]:
        yield f"missed: {missed.text}"
    if len(score.missed) > 5:
        yield f"missed: {len(score.missed) - 5} more"


def bars(days: dict[date, int]) -> Iterator[str]:
    """A line a day; of very long times a line for several days."""
    group = -(-len(days) // _LINES)
    listed = list(days.items())
    lots = [listed[at : at + group] for at in range(0, len(listed), group)]
    most = max(sum(count for _, count in lot) for lot in lots)
    wide = len(str(most))
    for lot in lots:
        count = sum(count for _, count in lot)
        bar = "█" * max(round(count * BAR / most), int(count > 0))
        yield f"{lot[0][0]:%a %Y-%m-%d}  {count:>{wide}} {bar}".rstrip()


def _table(result: "Result", tz: tzinfo, media: "MediaStore") -> None:
    if not result.firings:
        return
    rest = result.fired - len(result.firings)
    title = f"the newest {len(result.firings)} of {result.fired} (--limit shows more)" if rest else ""
    cells = (
        (
            *date_and_time(one.alert.at, tz),
            ", ".join(one.alert.streams),
            one.alert.text,
            "yes" if one.told else "no",
            picture(one, media),
        )
        for one in result.firings
    )
    show(title, ("=date", "clock", "*=stream", "*what", "=told", "picture"), cells, "")


def picture(firing: "Firing", media: "MediaStore") -> str:
    """The file of the alert's first picture; empty where there is none."""
    from vidette.errors import StoreError

    for one in firing.alert.evidence:
        path = getattr(media, "path", None)  # only a folder of media has files
        if one.kind != "clip" and path is not None:
            try:
                return str(path(one.sha256))
            except StoreError:
                return ""  # erased since
    return ""


def rows(found: Found, media: "MediaStore") -> Iterator[dict[str, Any]]:
    """Rows for `--json`: alerts (`kind: firing`), then a `kind: result` for each rule."""
    for result in found.results:
        for one in result.firings:
            shown = {"picture": picture(one, media)} if picture(one, media) else {}
            yield {"kind": "firing", "rule": result.rule, "told": one.told, "alert": one.alert, **shown}
    for reading, result in zip(found.readings, found.results, strict=True):
        yield {
            "kind": "result",
            "rule": result.rule,
            "reading": reading,
            "since": found.since,
            "until": found.until,
            "streams": found.streams,
            "fired": result.fired,
            "told": result.told,
            "days": {str(day): count for day, count in result.days.items()},
            **_score(result.score),
        }


def _score(score: "Score") -> dict[str, Any]:
    if not score.judged:
        return {}
    precision = {} if score.precision is None else {"precision": score.precision, "interval": score.interval}
    return {
        "confirmed": score.confirmed,
        "confirmed_again": score.confirmed_again,
        "dismissed": score.dismissed,
        "dismissed_again": score.dismissed_again,
        "missed": [one.id for one in score.missed],
        **precision,
    }


def _clock(at: datetime, tz: tzinfo) -> str:
    return f"{at.astimezone(tz):%Y-%m-%d %H:%M %Z}".rstrip()
