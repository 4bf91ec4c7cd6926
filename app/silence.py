"""`vidette silence add|list|expire|link`: nobody is told of alerts that match, for a while."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.options import json_option, limit_option, memory_options
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from app.memory import Memory
    from vidette.alerts import Silence

F = TypeVar("F", bound=Callable[..., Any])
_KINDS = ("rules", "streams", "zones", "severities", "subjects", "labels")
_PURPOSE = "silence"
_LINK_DAYS = 7
_LONGEST_S = 366 * 86_400.0
_MANY = 64


def _matchers(command: F) -> F:
    for option in (
        click.option("--alert", metavar="ID", help="As this alert: its rule, streams and zones."),
        click.option("--label", "labels", multiple=True, metavar="LABEL", help="Of this label (repeatable)."),
        click.option("--subject", "subjects", multiple=True, metavar="ID", help="About this entity (repeatable)."),
        click.option("--severity", "severities", multiple=True, help="Of this severity (repeatable)."),
        click.option("--zone", "zones", multiple=True, metavar="NAME", help="In this zone (repeatable)."),
        click.option("--stream", "streams", multiple=True, metavar="NAME", help="On this stream (repeatable)."),
        click.option("--rule", "rules", multiple=True, metavar="ID", help="Of this rule (repeatable)."),
        click.option("--for", "for_", metavar="TIME", help="How long: 2h, 30min, 1d12h."),
    ):
        command = option(command)
    return command


_by = click.option("--by", metavar="NAME", help="Who says so; default: the name of who is logged in.")
_comment = click.option("--comment", default="", metavar="TEXT", help="Why.")


@click.group()
def silence() -> None:
    """Alerts that nobody is told of for a while: add, list, expire.

    \b
    vidette silence add --zone gate --for 2h --comment roadworks
    """


@silence.command()
@memory_options
@_matchers
@click.option("--until", metavar="TIME", help="Or until when (2026-05-01T14:00, 'tomorrow 8 am').")
@_by
@_comment
@click.option("--token", metavar="TOKEN", help="What a link of `vidette silence link` says, in place of the rest.")
@json_option
def add(db: str | None, config: str | None, as_json: bool, **given: Any) -> None:
    """Tell nobody of alerts that match, for a while; they are kept.

    Every kind of matcher that is given must hold, by one of its values. Who was told of an alert before is still told how
    it goes on.
    """
    from datetime import UTC, datetime

    from app.memory import opened
    from vidette.alerts import Judgement
    from vidette.codec import line

    with opened(db, config, must_write=True) as memory:
        now = datetime.now(UTC)
        made = _of_token(memory, given, now) if given["token"] else _made(memory, given, now)
        memory.store.amend(lambda _: Judgement(silences=(made,)))
        click.echo(line(made) if as_json else f"{_said(memory, made)} (silence {made.id[:8]})")


@silence.command("list")
@memory_options
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@limit_option
@json_option
def list_(db: str | None, config: str | None, all_: bool, limit: int, as_json: bool) -> None:
    """Silences that hold now, the one that ends first first."""
    from datetime import UTC, datetime

    from app.memory import opened
    from vidette.codec import line
    from vidette.handling import Silences

    with opened(db, config) as memory:
        rows = memory.store.read(Silences(at=None if all_ else datetime.now(UTC), limit=limit))
        if as_json:
            for row in rows:
                click.echo(line(row))
        else:
            _table(memory, rows)


@silence.command()
@click.argument("identity", metavar="ID")
@memory_options
def expire(identity: str, db: str | None, config: str | None) -> None:
    """End a silence now."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from app.memory import opened
    from vidette.alerts import Judgement

    with opened(db, config, must_write=True) as memory:
        found, now = _find(memory, identity), datetime.now(UTC)
        if found.end <= now:
            raise ConfigError(f"silence {identity!r} is over already")
        ended = replace(found, end=now)
        memory.store.amend(lambda _: Judgement(silences=(ended,)))
    click.echo(f"ended: silence {found.id[:8]} by {found.author!r}")


@silence.command()
@memory_options
@_matchers
def link(db: str | None, config: str | None, **given: Any) -> None:
    """Print a signed token that silences for a while whoever hands it in (`silence add --token`), within a week."""
    from datetime import UTC, datetime

    from app.memory import opened
    from rules.token import token_of

    with opened(db, config) as memory:
        now = datetime.now(UTC)
        said = {"for_s": _seconds(given["for_"]), **_asked(memory, given)}
        click.echo(token_of(_key(memory), _PURPOSE, said, int(now.timestamp()) + _LINK_DAYS * 86_400))


def _made(memory: "Memory", given: Mapping[str, Any], now: "datetime") -> "Silence":
    from datetime import timedelta

    from app.options import instant

    if bool(given["for_"]) == bool(given["until"]):
        raise ConfigError("how long? give --for 2h or --until TIME, one of them")
    if given["for_"]:
        end = now + timedelta(seconds=_seconds(given["for_"]))
    else:
        end = instant(given["until"], memory.settings)
    if end <= now:
        raise ConfigError(f"--until {given['until']!r} is over already; name a time to come")
    return _silence(_asked(memory, given), given, now, end)


def _of_token(memory: "Memory", given: Mapping[str, Any], now: "datetime") -> "Silence":
    from datetime import timedelta

    from rules.token import said_by

    said = said_by(_key(memory), _PURPOSE, given["token"], now=now.timestamp())
    asked = {kind: tuple(said.get(kind, ())) for kind in _KINDS}
    return _silence(asked, given, now, now + timedelta(seconds=float(said["for_s"])))


def _silence(asked: Mapping[str, Any], given: Mapping[str, Any], now: "datetime", end: "datetime") -> "Silence":
    from app.people import who
    from vidette.alerts import Severity, Silence
    from vidette.ids import make_id

    author, comment = who(given["by"]), given["comment"][:1000]
    severities = tuple(Severity(one) for one in asked["severities"])
    key = make_id("silence", author, now.isoformat(), *(f"{kind}={list(asked[kind])}" for kind in _KINDS))
    values = {**asked, "severities": severities}
    return Silence(id=key, start=now, end=end, author=author, comment=comment, **values)


def _asked(memory: "Memory", given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The matchers, checked as far as lists are closed. Raises ConfigError where there is none."""
    from app.options import choice
    from app.reasons import named
    from vidette.alerts import Severity
    from vidette.models import Label

    asked: dict[str, tuple[str, ...]] = {kind: tuple(given[kind])[:_MANY] for kind in _KINDS}
    asked["severities"] = tuple(choice(Severity, "severity", one) for one in asked["severities"])
    asked["labels"] = tuple(choice(Label, "label", one) for one in asked["labels"])
    if given["alert"]:
        alert = named(memory.store, given["alert"])
        own = {"rules": (alert.rule,), "streams": alert.streams, "zones": alert.zones or ()}
        asked |= {kind: asked[kind] or values for kind, values in own.items()}
    if not any(asked.values()):
        raise ConfigError("nothing named to silence; give --rule, --stream, --zone, --severity, --label or --alert")
    return asked


def _seconds(text: str | None) -> float:
    """Seconds of `2h`, `30min`, `1d12h`, `90s`. Raises ConfigError."""
    import re

    units = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}
    parts = re.findall(r"(\d{1,6}(?:\.\d{1,3})?)\s*(d|h|min|m|s)", text or "")
    seconds = sum(float(number) * units[unit] for number, unit in parts)
    if not parts or "".join(number + unit for number, unit in parts) != (text or "").replace(" ", ""):
        raise ConfigError(f"--for {text!r} is no length of time; write 2h, 30min or 1d12h")
    if not 0 < seconds <= _LONGEST_S:
        raise ConfigError(f"--for {text!r} is not between a moment and a year")
    return seconds


def _key(memory: "Memory") -> bytes:
    from rules.signing import key_of

    secret = memory.settings.alerts.media_secret
    if not secret:
        raise ConfigError("`alerts.media_secret` is not set; links are signed with it")
    return key_of(secret)


def _find(memory: "Memory", prefix: str) -> "Silence":
    from app.reasons import SHORTEST
    from vidette.handling import Silences

    exact = memory.store.read(Silences(ids=(prefix,)))
    if exact:
        return exact[0]
    if len(prefix) < SHORTEST:
        raise ConfigError(f"{prefix!r} is too short for an id; give {SHORTEST} characters or more")
    rows = [row for row in memory.store.read(Silences(limit=1_000_000)) if row.id.startswith(prefix.lower())]
    if len(rows) != 1:
        said = "no silence has the id" if not rows else f"{len(rows)} silences have ids that start with"
        raise ConfigError(f"{said} {prefix!r}; `vidette silence list --all` lists them")
    return rows[0]


def _said(memory: "Memory", made: "Silence") -> str:
    from app.options import zone
    from rules.silence import matchers
    from rules.silence import said as sentence

    return f"{matchers(made)}: {sentence(made, zone(memory.settings))}"


def _table(memory: "Memory", rows: "list[Silence]") -> None:
    from app.options import zone
    from app.tables import clock, many, short, show
    from rules.silence import matchers

    tz = zone(memory.settings)
    cells = (
        (clock(row.start, tz), clock(row.end, tz), row.author, matchers(row), row.comment, short(row.id))
        for row in rows
    )
    columns = ("from", "until", "by", "*what", "*comment", "id")
    show(many(len(rows), "silence"), columns, cells, "no silences here; `vidette silence add` makes one")
