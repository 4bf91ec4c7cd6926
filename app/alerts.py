"""`vidette alerts`: what rules raised; `vidette alerts why ID`: why, why not, and who was told."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app import feedback, proposing
from app.options import json_option, limit_option, memory_options

if TYPE_CHECKING:
    from datetime import tzinfo

    from app.memory import Memory
    from vidette.alerts import Alert, AlertFilter
    from vidette.settings import Settings

_MANY = 100_000
F = TypeVar("F", bound=Callable[..., Any])


def _filters(command: F) -> F:
    for option in (
        limit_option,
        click.option("--until", metavar="TIME", help="Before this."),
        click.option("--since", metavar="TIME", help="From this on (2026-05-01T14:00, 'yesterday 5 pm')."),
        click.option(
            "--state", "states", multiple=True, help="Only open, acknowledged, resolved or dismissed (repeatable)."
        ),
        click.option(
            "--severity", "severities", multiple=True, help="Only low, medium, high or critical (repeatable)."
        ),
        click.option("--rule", "rules", multiple=True, metavar="ID", help="Only of this rule (repeatable)."),
        click.option("--incident", metavar="ID", default="", help="Only of this incident: its id or the start of it."),
        click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream (repeatable)."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@memory_options
@_filters
@click.option("--why", "why_too", is_flag=True, help="Say which conditions held, too.")
@click.option("--by", "by", type=click.Choice(["incident"]), help="Those that belong together as one row.")
@click.option("--precision", "precise", is_flag=True, help="How often people found each rule right, instead.")
@json_option
def alerts(db: str | None, config: str | None, **given: Any) -> None:
    """Alerts, newest first.

    \b
    vidette alerts --severity high --since 'yesterday 5 pm'
    vidette alerts why 1a2b3c4d
    vidette alerts ack 1a2b3c4d --comment 'on my way'
    """
    if click.get_current_context().invoked_subcommand:
        return
    from app.memory import opened
    from app.options import zone
    from vidette.codec import line

    with opened(db, config) as memory:
        rows, show = _asked(memory, given)
        if given["as_json"]:
            for row in rows:
                click.echo(line(row))
        else:
            show(rows, zone(memory.settings))


def _asked(memory: "Memory", given: dict[str, Any]) -> "tuple[Sequence[Any], Callable[[Any, tzinfo], None]]":
    """The rows, and what prints them."""
    from functools import partial

    from app import incidents, precision
    from vidette.alerting import Alerts
    from vidette.handling import Precision

    where = _where(memory.settings, given)
    if given["precise"]:
        asked = memory.store.read(Precision(since=where.since, until=where.until))
        chosen = [one for one in asked if not given["rules"] or one.rule in given["rules"]]
        chosen = [one for one in chosen if not given["streams"] or one.stream in given["streams"]]
        return precision.precision(chosen), lambda rows, _: precision.table(rows)
    grouped, one = given["by"] == "incident", given["incident"].lower()
    limit = _MANY if grouped or one else given["limit"]
    found = memory.store.read(Alerts(where=where, limit=limit, newest=True))
    found = [alert for alert in found if alert.incident.startswith(one)]
    if grouped:
        return incidents.incidents(found)[: given["limit"]], incidents.table
    return found[: given["limit"]], partial(_table, why_too=given["why_too"])


@alerts.command()
@click.argument("identity", metavar="ID")
@memory_options
@json_option
def why(identity: str, db: str | None, config: str | None, as_json: bool) -> None:
    """Say why an alert was raised, or an event raised none, and who was told.

    ID is an alert's or an event's, or the first characters of it.
    """
    from app.memory import opened
    from app.options import zone
    from app.reasons import reasons_of, say
    from vidette.codec import line

    with opened(db, config) as memory:
        found = reasons_of(memory.store, identity)
    if as_json:
        click.echo(line(found))
    else:
        say(found, zone(memory.settings))


for _one in (feedback.ack, feedback.confirm, feedback.dismiss, proposing.propose):
    alerts.add_command(_one)


def _where(settings: "Settings", given: dict[str, Any]) -> "AlertFilter":
    from app.options import choice, instant
    from vidette.alerts import AlertFilter, AlertState, Severity

    return AlertFilter(
        rules=given["rules"],
        streams=given["streams"],
        severities=tuple(choice(Severity, "severity", text) for text in given["severities"]),
        states=tuple(choice(AlertState, "state", text) for text in given["states"]),
        since=instant(given["since"], settings) if given["since"] else None,
        until=instant(given["until"], settings) if given["until"] else None,
    )


def _table(rows: "Sequence[Alert]", tz: "tzinfo | None", *, why_too: bool) -> None:
    from app.tables import date_and_time, many, short, show

    columns = ["=date", "clock", "severity", "state", "*what", "rule", "*=stream", "id"] + ["*why"] * why_too
    cells = (
        (
            *date_and_time(row.at, tz),
            row.severity.upper(),
            f"{row.state}, on trial" if row.shadow else str(row.state),
            row.text,
            row.rule,
            ", ".join(row.streams),
            short(row.id),
            *(["; ".join(row.why)] * why_too),
        )
        for row in rows
    )
    show(many(len(rows), "alert"), columns, cells, "no alerts here; `vidette rules list` says what would raise one")
