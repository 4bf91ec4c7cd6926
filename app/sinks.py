"""`vidette sinks list|test`: who is told of alerts, what each promises, and whether it can be reached."""

from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, memory_options, rules_option
from vidette.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from vidette.alerts import Delivery
    from vidette.rule_settings import SinkSettings
    from vidette.settings import Settings


@click.group()
def sinks() -> None:
    """Who is told of alerts: what they promise, whether they can be reached."""


@sinks.command("list")
@memory_options
@rules_option
@json_option
def list_(db: str | None, config: str | None, rules: tuple[str, ...], as_json: bool) -> None:
    """Every sink: where it is, what it promises, how many messages wait for it, whether it is disabled."""
    from app.memory import settings_of
    from app.tables import many, show
    from vidette.codec import line

    settings = settings_of(db, config, rules)
    rows = _rows(settings)
    if as_json:
        for row in rows:
            click.echo(line(row))
        return
    columns = ("sink", "kind", "*where", "*=from", ">wait", ">dead", "*state", "*promises")
    cells = (
        (
            row["id"],
            row["kind"],
            row["address"],
            row["min_severity"],
            str(row["waiting"]),
            str(row["dead"]),
            row.get("disabled") or row.get("failing") or "",
            row["promises"],
        )
        for row in rows
    )
    show(many(len(rows), "sink"), columns, cells, "no sinks; write some under `sinks` in vidette.yml, or in a file")


@sinks.command()
@click.argument("identity", metavar="ID")
@memory_options
@rules_option
def test(identity: str, db: str | None, config: str | None, rules: tuple[str, ...]) -> None:
    """Send one test message to a sink now, and say how it went.

    It is of the rule `vidette-test`, says that nothing happened, and is not kept.

    \b
    vidette sinks test ops
    """
    import time

    from app.memory import settings_of
    from vidette.text import plain
    from workers.delivery.lanes import lane_of
    from workers.wiring import media_of

    settings = settings_of(db, config, rules)
    sink = lane_of(_named(settings, identity), settings, media_of(settings)).sink
    began = time.monotonic()
    try:
        sent = sink.send(_message(identity))
    finally:
        sink.close()
    took_s = time.monotonic() - began
    if not sent.ok:
        raise DeliveryError(f"sink {identity!r} did not take a test message: {plain(sent.error)}")
    code = f" ({sent.code})" if sent.code else ""
    click.echo(plain(f"{identity} took a test message in {took_s:.2f} s{code}: {sink.address}"))


def _named(settings: "Settings", identity: str) -> "SinkSettings":
    for said in settings.sinks:
        if said.id == identity:
            return said
    known = ", ".join(said.id for said in settings.sinks) or "none"
    raise ConfigError(f"no sink {identity!r}; there are: {known}")


def _message(sink: str) -> "Delivery":
    from datetime import UTC, datetime
    from uuid import uuid4

    from vidette.alerts import Alert, AlertState, Change, Delivery, DeliveryStatus, Severity

    now, identity = datetime.now(UTC), str(uuid4())
    alert = Alert(
        id=identity,
        rule="vidette-test",
        rule_version="test",
        severity=Severity.LOW,
        state=AlertState.RESOLVED,
        change=Change.RAISED,
        sequence=1,
        streams=(),
        at=now,
        raised_at=now,
        incident=identity,
        events=(),
        text="Test message: nothing happened",
        why=("somebody asked for it: vidette sinks test",),
    )
    return Delivery(id=f"{identity}_1_{sink}", sink=sink, message=alert, status=DeliveryStatus.PENDING, next_at=now)


def _rows(settings: "Settings") -> list[dict[str, Any]]:
    """`{id,kind,address,min_severity,promises,waiting,dead,disabled?,failing?}`."""
    from rules.sinks.guarantees import GUARANTEES
    from workers.delivery.lanes import lanes_of
    from workers.wiring import media_of

    held = _held(settings)
    return [
        {
            "id": said.id,
            "kind": said.kind,
            "address": lane.sink.address,
            "min_severity": str(said.min_severity),
            "promises": GUARANTEES[said.kind],
            "waiting": held.get((said.id, "waiting"), 0),
            "dead": held.get((said.id, "dead"), 0),
            "disabled": held.get((said.id, "disabled")),
            "failing": held.get((said.id, "failing")),
        }
        for said, lane in zip(settings.sinks, lanes_of(settings, media_of(settings)), strict=True)
    ]


def _held(settings: "Settings") -> dict[tuple[str, str], Any]:
    """What memory says of sinks; nothing where there is no memory yet."""
    from vidette.alerting import DeliveryCounts, SinkStates, SinkTroubles
    from workers.wiring import is_kept, store_of

    if not is_kept(settings):
        return {}
    store = store_of(settings, must_write=False)
    try:
        held: dict[tuple[str, str], Any] = {}
        for (sink, status), count in store.read(DeliveryCounts()).items():
            kind = "waiting" if status in ("pending", "sending") else str(status)
            held[sink, kind] = held.get((sink, kind), 0) + count
        for state in store.read(SinkStates()):
            held[state.sink, "disabled"] = f"disabled since {state.disabled_at:%Y-%m-%d %H:%M} UTC: {state.reason}"
        for trouble in store.read(SinkTroubles()):
            held[trouble.sink, "failing"] = f"failing since {trouble.since:%Y-%m-%d %H:%M} UTC"
        return held
    finally:
        store.close()
