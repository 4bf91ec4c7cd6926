"""`vidette alerts ack|confirm|dismiss`: what a person says of alerts."""

from typing import TYPE_CHECKING, Any

import click

from app.options import memory_options

if TYPE_CHECKING:
    from rules.feedback import Opinion
    from vidette.alerts import Alert

_SAYS: "dict[str, Opinion]" = {"ack": "acknowledged", "confirm": "confirmed", "dismiss": "dismissed"}


def _command(name: str, help_: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("ids", nargs=-1, required=True, metavar="ID…")
    @memory_options
    @click.option("--by", metavar="NAME", help="Who says so; default: the name of who is logged in.")
    @click.option("--comment", default="", metavar="TEXT", help="Why; it is kept.")
    def command(ids: tuple[str, ...], **given: Any) -> None:
        _say(name, ids, given)

    return command


ack = _command("ack", "Say that an alert is seen: it is told neither louder nor again.")
confirm = _command("confirm", "Say that an alert was right; its rule's precision counts it.")
dismiss = _command("dismiss", "Say that an alert was none, and end it; its rule's precision counts it.")


def _say(name: str, ids: tuple[str, ...], given: dict[str, Any]) -> None:
    from datetime import UTC, datetime
    from functools import partial

    from app.memory import opened
    from app.people import who
    from app.reasons import named
    from rules.feedback import heard

    says, by = _SAYS[name], who(given["by"])
    with opened(given["db"], given["config"], must_write=True) as memory:
        for alert in [named(memory.store, one) for one in ids]:
            decide = partial(heard, alert.id, says, by=by, now=datetime.now(UTC), comment=given["comment"])
            done = memory.store.amend(decide)
            click.echo(_line(alert, says, done=done))


def _line(alert: "Alert", says: str, *, done: bool) -> str:
    from app.tables import short
    from vidette.text import plain

    head = says if done else f"{alert.state if says == 'acknowledged' else says} already"
    return plain(f"{head}: {alert.severity.upper()} {alert.text} (alert {short(alert.id)})")
