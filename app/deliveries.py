"""`vidette deliveries list|show|run|replay`: messages about alerts, and how telling went."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.options import json_option, limit_option, memory_options, rules_option
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo

    from app.memory import Memory
    from vidette.alerts import Attempt, Delivery, DeliveryFilter, SinkState

F = TypeVar("F", bound=Callable[..., Any])
_sink = click.option("--sink", "sinks", multiple=True, metavar="ID", help="Only to this sink (repeatable).")
_alert = click.option(
    "--alert",
    "alerts",
    multiple=True,
    metavar="ID",
    help="Only about this alert: its id or the start of it (repeatable).",
)
_status = click.option(
    "--status", "statuses", multiple=True, help="Only pending, sending, delivered or dead (repeatable)."
)


def _window(command: F) -> F:
    """`--since --until`: when the message was raised."""
    command = click.option("--until", metavar="TIME", help="Raised before this.")(command)
    return click.option("--since", metavar="TIME", help="Raised from this on (2026-05-01T14:00, 'yesterday 5 pm').")(
        command
    )


@click.group()
def deliveries() -> None:
    """Messages about alerts: list, show, send, send again."""


@deliveries.command("list")
@memory_options
@_sink
@_alert
@_status
@_window
@limit_option
@json_option
def list_(db: str | None, config: str | None, **given: Any) -> None:
    """Deliveries, oldest first, and sinks that are disabled."""
    from app.memory import opened
    from app.options import zone
    from vidette.alerting import Attempts, Deliveries, SinkStates
    from vidette.codec import line

    with opened(db, config) as memory:
        rows = memory.store.read(Deliveries(where=_where(memory, given), limit=given["limit"]))
        attempts = memory.store.read(Attempts(deliveries=tuple(row.id for row in rows)))
        disabled = {state.sink: state for state in memory.store.read(SinkStates())}
    last = {attempt.delivery: attempt for attempt in attempts}
    if given["as_json"]:
        for row in rows:
            click.echo(line(_row(row, last.get(row.id), disabled.get(row.sink))))
    else:
        _table(rows, last, zone(memory.settings))
    for state in disabled.values():
        click.echo(_disabled(state), err=True)


@deliveries.command()
@click.argument("identity", metavar="DELIVERY")
@memory_options
@rules_option
@json_option
def show(identity: str, db: str | None, config: str | None, rules: tuple[str, ...], as_json: bool) -> None:
    """One delivery: what is sent, every try of it, and what was answered.

    DELIVERY is its id, or the first characters of it; `vidette deliveries list --json` gives ids.
    """
    from app.delivery import inspected, say
    from app.memory import opened
    from app.options import zone
    from vidette.codec import line

    with opened(db, config, rules=rules) as memory:
        found = inspected(memory.store, memory.settings, identity)
    if as_json:
        click.echo(line(found))
    else:
        say(found, zone(memory.settings))


@deliveries.command()
@memory_options
@click.option(
    "--drain",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Only what is due within S seconds; default: until Ctrl-C.",
)
@rules_option
def run(db: str | None, config: str | None, drain: float | None, rules: tuple[str, ...]) -> None:
    """Send what is due, and what becomes due, until Ctrl-C."""
    from app.memory import opened
    from app.stopping import stop_on_signals
    from workers.delivery.delivering import Pump
    from workers.delivery.disabling import teller
    from workers.delivery.lanes import lanes_of
    from workers.ticking import Ticking
    from workers.wiring import judge_of, media_of

    with opened(db, config, rules=rules, must_write=True) as memory, stop_on_signals() as stop:
        lanes = lanes_of(memory.settings, media_of(memory.settings))
        if not lanes:
            raise ConfigError("no sinks in the settings; add `sinks` to vidette.yml, or name a file with --rules")
        judge, gone = judge_of(memory.settings), teller(memory.settings, memory.store)
        with Pump(memory.store, lanes, gone=gone) as pump, Ticking(memory.store, judge, pump.nudge) as ticking:
            if drain is None:
                stop.wait()
            else:
                ticking.tick()
                pump.drain(drain, stop)
        left = pump.remaining()
    say_remaining(left, {"db": db, "config": config, "rules": rules})


@deliveries.command()
@click.argument("ids", nargs=-1, metavar="[DELIVERY…]")
@memory_options
@_sink
@_alert
@_window
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--delivered", is_flag=True, help="Those that were delivered, too.")
def replay(ids: tuple[str, ...], db: str | None, config: str | None, delivered: bool, **given: Any) -> None:
    """Make dead deliveries due again, under their ids, and enable their sinks.

    Name deliveries, --sink, --alert, --since and --until, or --all. `vidette deliveries run` or the next watch sends
    them.

    \b
    vidette deliveries replay --sink ops --since 'yesterday 5 pm'
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from app.memory import opened
    from app.tables import many
    from vidette.alerting import Deliveries, SinkStates
    from vidette.alerts import DeliveryStatus

    if not (ids or given["everything"] or any(given[name] for name in ("sinks", "alerts", "since", "until"))):
        raise ConfigError("nothing named to send again; give deliveries, --sink, --alert, --since or --all")
    with opened(db, config, must_write=True) as memory:
        statuses = (DeliveryStatus.DEAD, DeliveryStatus.DELIVERED) if delivered else (DeliveryStatus.DEAD,)
        where = replace(_where(memory, given), ids=ids, statuses=statuses)
        for state in memory.store.read(SinkStates()):
            among = state.sink in where.sinks if where.sinks else True
            wanted = state.sink in given["sinks"] or memory.store.read(
                Deliveries(where=replace(where, sinks=(state.sink,)), limit=1)
            )
            if among and wanted:
                memory.store.enable(state.sink)
        count = memory.store.replay(where, datetime.now(UTC))
    click.echo(f"{many(count, 'delivery', 'deliveries')} due again; `vidette deliveries run` sends them")


def say_remaining(left: dict[str, int], given: dict[str, Any]) -> None:
    """Say on stderr how many deliveries wait, and how they are sent; nothing where none do.

    `given` are the options `db`, `config` and `rules` of the command, which the next one needs too.
    """
    from shlex import quote

    from app.tables import many

    if not left:
        return
    parts = ", ".join(f"{count} to {sink}" for sink, count in sorted(left.items()))
    said = many(sum(left.values()), "delivery remains", "deliveries remain")
    options = [(name, given[name]) for name in ("db", "config") if given[name]]
    options += [("rules", file) for file in given["rules"]]
    memory = "".join(f" --{name} {quote(value)}" for name, value in options)
    click.echo(f"{said} ({parts}); to send them: vidette deliveries run{memory}", err=True)


def _where(memory: "Memory", given: dict[str, Any]) -> "DeliveryFilter":
    from app.delivery import alert_id
    from app.options import choice, instant
    from vidette.alerts import DeliveryFilter, DeliveryStatus

    since, until = given.get("since"), given.get("until")
    return DeliveryFilter(
        alerts=tuple(alert_id(memory.store, prefix) for prefix in given["alerts"]),
        sinks=given["sinks"],
        statuses=tuple(choice(DeliveryStatus, "status", text) for text in given.get("statuses", ())),
        since=instant(since, memory.settings) if since else None,
        until=instant(until, memory.settings) if until else None,
    )


def _row(row: "Delivery", last: "Attempt | None", disabled: "SinkState | None") -> dict[str, Any]:
    """`{id,sink,alert,sequence,change,severity,raised_at,status,tries,next_at?,code?,error?,disabled?}`."""
    waits = row.status in ("pending", "sending")
    return {
        "id": row.id,
        "sink": row.sink,
        "alert": row.message.id,
        "sequence": row.message.sequence,
        "change": row.message.change,
        "severity": row.message.severity,
        "raised_at": row.message.raised_at,
        "status": row.status,
        "tries": row.tries,
        "next_at": row.next_at if waits else None,
        "code": last.code if last else None,
        "error": (last.error or None) if last else None,
        "disabled": disabled.reason if disabled else None,
    }


def _table(rows: "Sequence[Delivery]", last: "dict[str, Attempt]", tz: "tzinfo | None") -> None:
    from app.tables import clock, date_and_time, many, short, show

    columns = ("=date", "raised", "*=sink", "status", ">tries", "next", "change", "severity", "*last said", "alert")
    cells = (
        (
            *date_and_time(row.message.raised_at, tz),
            row.sink,
            str(row.status),
            str(row.tries),
            clock(row.next_at, tz) if row.status in ("pending", "sending") else "",
            str(row.message.change),
            str(row.message.severity),
            last[row.id].error if row.id in last else "",
            short(row.message.id),
        )
        for row in rows
    )
    show(many(len(rows), "delivery", "deliveries"), columns, cells, "no deliveries here; `vidette alerts` lists alerts")


def _disabled(state: "SinkState") -> str:
    from vidette.text import plain

    return plain(
        f"sink {state.sink!r} is disabled since {state.disabled_at:%Y-%m-%d %H:%M} UTC ({state.reason}); "
        f"`vidette deliveries replay --sink {state.sink}` or another url enables it"
    )
