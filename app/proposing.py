"""`vidette alerts propose`: what rules might ask for besides, of what people dismissed, tried on what is stored."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options, rules_option

if TYPE_CHECKING:
    from app.memory import Memory
    from rules.backtest_score import Result
    from rules.proposal import Case, Proposal
    from vidette.rule_settings import RuleSettings

_MANY = 10_000


@click.command()
@memory_options
@rules_option
@click.option("--rule", "names", multiple=True, metavar="ID", help="Only this rule (repeatable).")
@click.option("--since", metavar="TIME", help="Of alerts, and of history to try it on, from this on; default: all.")
@json_option
def propose(db: str | None, config: str | None, rules: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Propose what a rule might ask for besides, where alerts of it were dismissed again and again.

    Each proposal spares dismissed alerts and none that was confirmed; it is put to what is stored, as `rules backtest`
    does. Nothing is changed: whoever wants it writes it into the rules.
    """
    from app.memory import opened
    from vidette.codec import line

    with opened(db, config, rules=rules) as memory:
        found = [row for rule in _rules(memory, given["names"]) for row in _of_rule(memory, rule, given["since"])]
    for row in found:
        for text in [line(row)] if as_json else _lines(row):
            click.echo(text)
    if not found and not as_json:
        click.echo("nothing to propose: of no rule were three alerts or more dismissed")


def _rules(memory: "Memory", names: Sequence[str]) -> "list[RuleSettings]":
    from vidette.errors import ConfigError

    known = {rule.id: rule for rule in memory.settings.rules}
    missing = [name for name in names if name not in known]
    if missing or not known:
        raise ConfigError(
            f"no rule {missing[0]!r} in the settings; name the file with --rules"
            if missing
            else "no rules in the settings; name a file with --rules"
        )
    return [known[name] for name in names or known]


def _of_rule(memory: "Memory", rule: "RuleSettings", since: str | None) -> "Iterator[dict[str, Any]]":
    """A row for each proposal; one that says why there is none, where many alerts were dismissed."""
    from rules.proposal import habit, proposals

    judged = _judged(memory, rule.id, since)
    confirmed = sum(case.confirmed for case in judged)
    counts = {"rule": rule.id, "confirmed": confirmed, "dismissed": len(judged) - confirmed}
    found = proposals(rule, judged)
    for one in found:
        yield counts | _row(one, _tried(memory, one, since))
    if habit(judged) and not found:
        yield counts | {"proposal": None}


def _judged(memory: "Memory", rule: str, since: str | None) -> "list[Case]":
    from app.options import instant
    from rules.proposal import Case
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter
    from vidette.queries import Events, Filter

    begin = instant(since, memory.settings) if since else None
    found = memory.store.read(Alerts(where=AlertFilter(rules=(rule,), since=begin), limit=_MANY, newest=True))
    alerts = [one for one in found if one.feedback and one.events]
    ids = tuple(one.events[0] for one in alerts)
    rows = memory.store.read(Events(where=Filter(ids=ids, retracted=True), limit=_MANY)) if ids else []
    events = {event.id: event for event in rows}
    return [Case(alert=one, event=events[one.events[0]]) for one in alerts if one.events[0] in events]


def _tried(memory: "Memory", one: "Proposal", since: str | None) -> "Result":
    from app.backtesting import back_test
    from app.options import instant, zone

    begin = instant(since, memory.settings) if since else None
    tz = zone(memory.settings)
    found = back_test(memory.store, [one.rule], tz=tz, since=begin, until=None, streams=(), shown=0)
    return found.results[0]


def _row(one: "Proposal", tried: "Result") -> "dict[str, Any]":
    """`{rule,confirmed,dismissed,proposal,when,confirmed_again,dismissed_again,fired,spared:[alert ids]}`."""
    return {
        "proposal": one.says,
        "when": one.rule.when.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "confirmed_again": tried.score.confirmed_again,
        "dismissed_again": tried.score.dismissed_again,
        "fired": tried.fired,
        "spared": list(one.spares),
    }


def _lines(row: dict[str, Any]) -> Iterator[str]:
    import json

    from app.tables import many, short
    from vidette.text import plain

    dismissed, confirmed = many(row["dismissed"], "dismissed alert"), row["confirmed"]
    if row["proposal"] is None:
        yield plain(f"{row['rule']}: of {dismissed} and {confirmed} confirmed no condition tells one from the other")
        yield "  confirm those that were right (`vidette alerts confirm ID`), change the rule, or drop it"
        return
    yield plain(f"{row['rule']}: {row['proposal']}")
    yield (
        f"  of {dismissed} {row['dismissed_again']} would be raised again, of {confirmed} confirmed"
        f" {row['confirmed_again']}; over what is stored it would have fired {many(row['fired'], 'time')}"
    )
    yield f"  not raised: alert {', '.join(short(one) for one in row['spared'][:8])}{_more(row['spared'])}"
    yield plain(f"  to have it, write: when: {json.dumps(row['when'], ensure_ascii=False)}")


def _more(ids: Sequence[str]) -> str:
    return f" and {len(ids) - 8} more" if len(ids) > 8 else ""
