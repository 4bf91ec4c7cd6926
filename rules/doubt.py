"""Rules that are well written and yet hold never, or always: what a person should look at again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo

from rules.holidays import holidays_of
from rules.rule import questions_of
from rules.rulebook import hearers
from rules.sentence import duration, quoted
from rules.tree_doubt import TreeDoubts
from vidette.alerts import Severity
from vidette.errors import ConfigError
from vidette.rule_settings import ActiveSettings, RuleSettings, SinkSettings, branches
from vidette.settings import MAX_QUESTIONS, Settings

_DAY_MIN = 1440


def doubts(rule: RuleSettings, settings: Settings, sinks: Sequence[SinkSettings], tz: tzinfo = UTC) -> Iterator[str]:
    """One sentence each."""
    yield from TreeDoubts(settings, tz).of(rule.when)
    yield from _hours(rule)
    yield from _louder(rule)
    if not rule.shadow:
        yield from _unheard(rule, sinks)


def overasked(rules: Sequence[RuleSettings], settings: Settings) -> Iterator[str]:
    """Streams of which more is asked than a look can answer."""
    for stream in settings.streams:
        asked = tuple(dict.fromkeys((*questions_of(rules, stream.name), *stream.questions)))
        if len(asked) > MAX_QUESTIONS:
            left = ", ".join(map(quoted, asked[MAX_QUESTIONS:]))
            yield f"stream {stream.name!r}: {len(asked)} questions, {MAX_QUESTIONS} can be asked; never asked: {left}"


def _hours(rule: RuleSettings) -> Iterator[str]:
    if rule.active:
        yield from _of_hours(rule.active, "active")
        long_s = _minutes(rule.active) * 60
        if 0 < long_s < _DAY_MIN * 60 and rule.when.for_s > long_s:
            asked, hours = duration(rule.when.for_s), duration(long_s)
            yield f"`for_s` is {asked}, active are {hours} a day: what it waits for begins before them"
    for path, when in branches(rule.when):
        if when.between:
            yield from _of_hours(when.between, f"{path}.between")


def _of_hours(hours: ActiveSettings, name: str) -> Iterator[str]:
    if hours.begin == hours.end:
        yield f"{name} from {hours.begin} to {hours.end} is never"
    if "holiday" in hours.days and not hours.holidays:
        only = "that is never" if set(hours.days) == {"holiday"} else "no day is one"
        yield f"{name} names `holiday` and no file of `holidays`: {only}"
    if hours.holidays and not hours.days:
        yield f"{name} names a file of `holidays` and no `days`: it holds on them as on any day"
    if hours.holidays and _no_days(hours.holidays):
        yield f"{name}: there is no date in the file of holidays {hours.holidays!r}"


def _no_days(path: str) -> bool:
    """Whether a file of holidays is empty; what is wrong with it is said elsewhere."""
    try:
        return not holidays_of(path)
    except ConfigError:
        return False


def _minutes(hours: ActiveSettings) -> int:
    """How long its hours are."""
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (hours.begin, hours.end))
    return (end - begin) if end >= begin else end - begin + _DAY_MIN


def _louder(rule: RuleSettings) -> Iterator[str]:
    if rule.escalate_to and not rule.escalate_s:
        yield "`escalate_to` without `escalate_s`: nobody is ever told louder"
    if rule.shadow and (rule.escalate_s or rule.repeat_s):
        yield "it is judged only (`shadow`): nobody is told, and so not again or louder"


def _unheard(rule: RuleSettings, sinks: Sequence[SinkSettings]) -> Iterator[str]:
    if not sinks:
        yield "no sink is set: its alerts are kept, nobody is told"
        return
    order = list(Severity)
    hearing = hearers(sinks, rule.sinks)
    if hearing and all(order.index(rule.severity) < order.index(sink.min_severity) for sink in hearing):
        yield f"no sink takes severity {rule.severity}: its alerts are kept, nobody is told"
