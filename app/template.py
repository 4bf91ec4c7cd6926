"""`vidette rules try-template`: what a template of messages makes of an alert, before it is used."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.options import memory_options

if TYPE_CHECKING:
    from vidette.alerts import Alert


@click.command("try-template")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--alert", "identity", metavar="ID", help="Of this alert: its id or the start of it; default: the newest."
)
@memory_options
def try_template(file: str, identity: str | None, db: str | None, config: str | None) -> None:
    """Print what a template makes of an alert, and on stderr its kind and size.

    A template is a part of Jinja2: values, conditions, loops and a few filters. It has `alert`, `type`, `timestamp` and
    `data` of the message (docs/alert.schema.json). Without memory, an example stands for an alert.

    \b
    vidette rules try-template chat.j2 --alert 1a2b3c4d
    """
    from rules.sinks.composing import Composer
    from rules.sinks.template import read_template

    composed = Composer(template=read_template(Path(file).expanduser()))(_alert(identity, db, config))
    click.echo(composed.text.decode())
    click.echo(f"{composed.media_type.partition(';')[0]}, {len(composed.text)} bytes", err=True)


def _alert(identity: str | None, db: str | None, config: str | None) -> "Alert":
    """The alert that is named, else the newest, else an example. Raises ConfigError."""
    from app.delivery import alert_id
    from app.memory import opened, settings_of
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter
    from workers.wiring import is_kept

    if identity is None and not is_kept(settings_of(db, config)):
        return _example()
    with opened(db, config) as memory:
        where = AlertFilter(ids=(alert_id(memory.store, identity),)) if identity else AlertFilter()
        found = memory.store.read(Alerts(where=where, limit=1, newest=True))
    return found[0] if found else _example()


def _example() -> "Alert":
    from datetime import UTC, datetime

    from vidette.alerts import Alert, AlertState, Change, Severity

    at = datetime(2026, 5, 1, 12, 0, 5, tzinfo=UTC)
    return Alert(
        id="00000000-0000-5000-8000-000000000001",
        rule="bag-left",
        rule_version="1a2b3c4d",
        severity=Severity.HIGH,
        state=AlertState.OPEN,
        change=Change.RAISED,
        sequence=1,
        streams=("yard",),
        at=at,
        raised_at=at,
        incident="00000000-0000-5000-8000-000000000002",
        events=("00000000-0000-5000-8000-000000000003",),
        text="“Bag left” in gate on yard, Fri 1 May 12:00:05 UTC",
        why=("event is object_left", "zone is gate", "it stayed 60 s"),
    )
