"""One delivery from all sides: what is sent, every try, what was answered."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import click

from app.tables import clock, many
from rules.sinks.composing import Composer
from rules.sinks.message import sentence
from vidette.alerting import Attempts, Deliveries, SinkStates
from vidette.alerts import Attempt, Delivery, DeliveryFilter, DeliveryStatus
from vidette.errors import ConfigError, DeliveryError
from vidette.ports import GraphStore
from vidette.rule_settings import SinkSettings
from vidette.settings import Settings
from vidette.text import plain
from workers.delivery.sender import Lane

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The row of `vidette deliveries show --json`. `request` is what is sent now: the settings may have changed since."""

    id: str
    sink: str
    alert: str
    sequence: int
    status: DeliveryStatus
    tries: int
    raised_at: datetime
    next_at: datetime | None
    disabled: str | None
    request: dict[str, str]
    attempts: tuple[Attempt, ...]


def inspected(store: GraphStore, settings: Settings, identity: str) -> Inspected:
    """A delivery by its id or the beginning of it. Raises ConfigError where that is none, or several."""
    delivery = _found(store, identity)
    waits = delivery.status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
    disabled = {state.sink: state.reason for state in store.read(SinkStates())}
    return Inspected(
        id=delivery.id,
        sink=delivery.sink,
        alert=delivery.message.id,
        sequence=delivery.message.sequence,
        status=delivery.status,
        tries=delivery.tries,
        raised_at=delivery.message.raised_at,
        next_at=delivery.next_at if waits else None,
        disabled=disabled.get(delivery.sink),
        request=_request(settings, delivery),
        attempts=tuple(store.read(Attempts(deliveries=(delivery.id,)))),
    )


def say(found: Inspected, tz: tzinfo) -> None:
    """It as lines for people."""
    click.echo(plain(f"{found.id}: {found.status} after {many(found.tries, 'try', 'tries')}"))
    if found.next_at:
        click.echo(f"next try {clock(found.next_at, tz)}")
    if found.disabled:
        click.echo(plain(f"sink {found.sink} is disabled: {found.disabled}"))
    for one in found.attempts:
        click.echo(plain(f"  {clock(one.at, tz)}  try {one.number}, {one.took_s:.2f} s: {_answer(one)}"))
    for name, text in found.request.items():
        click.echo(plain(f"{name}: {text}"))


def alert_id(store: GraphStore, prefix: str) -> str:
    """An alert's id by the beginning of it. Raises ConfigError."""
    from app.reasons import find

    found = find(store, prefix)
    if found is None:
        raise ConfigError(f"no alert has the id {prefix!r}; `vidette alerts` lists them")
    return found.id


def _found(store: GraphStore, identity: str) -> Delivery:
    exact = store.read(Deliveries(where=DeliveryFilter(ids=(identity,))))
    if exact:
        return exact[0]
    about = alert_id(store, identity.partition("_")[0])
    begun = [
        one
        for one in store.read(Deliveries(where=DeliveryFilter(alerts=(about,)), limit=_MOST))
        if one.id.startswith(identity)
    ]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise ConfigError(f"{identity!r} begins several: {', '.join(one.id for one in begun[:8])}; give one of them")
    raise ConfigError(f"no delivery has the id {identity!r}; `vidette deliveries list --json` gives ids")


def _answer(one: Attempt) -> str:
    code = f"{one.code} " if one.code is not None else ""
    return f"{one.status} {code}{one.error}".strip()


def _request(settings: Settings, delivery: Delivery) -> dict[str, str]:
    """`{to, media_type, body}`; `fault` where it cannot be composed. Empty where there is no such sink any more."""
    from workers.delivery.lanes import composer_of, lane_of
    from workers.wiring import media_of

    said = next((one for one in settings.sinks if one.id == delivery.sink), None)
    if said is None:
        return {}
    media = media_of(settings)
    try:
        return _composed(said, delivery, lane_of(said, settings, media), composer_of(said, settings, media))
    except (ConfigError, DeliveryError) as error:
        return {"fault": str(error)}


def _composed(said: SinkSettings, delivery: Delivery, lane: Lane, compose: Composer) -> dict[str, str]:
    request = {"to": lane.sink.address}
    if said.kind == "console" or (said.kind == "apprise" and not said.template):
        return {**request, "media_type": "text/plain", "body": sentence(delivery.message)}
    composed = compose(delivery.message)
    return {**request, "media_type": composed.media_type, "body": composed.text.decode()}
