"""Options that many commands share, and what they become."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vidette.errors import ConfigError
from vidette.models import EventType, Label

if TYPE_CHECKING:
    from vidette.queries import Filter
    from vidette.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
E = TypeVar("E", bound=StrEnum)

db_option = click.option("--db", metavar="PATH", help="Memory to use; default: `db` of the settings.")
config_option = click.option("--config", metavar="FILE", help="Settings; default: vidette.yml here, if there is one.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout, nothing else.")
rules_option = click.option(
    "--rules", multiple=True, metavar="FILE", help="Rules and sinks beside those of the settings (repeatable)."
)
limit_option = click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many rows."
)


def memory_options(command: F) -> F:
    """`--db --config`."""
    return db_option(config_option(command))


def place_options(command: F) -> F:
    """`--stream --since --until`: which part of memory."""
    for option in (
        click.option("--until", metavar="TIME", help="Before this; see --since."),
        click.option(
            "--since",
            metavar="TIME",
            help="From this on: media time (12.5, 1:30) or clock (2026-05-01T14:00, 'yesterday 5 pm').",
        ),
        click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream (repeatable)."),
    ):
        command = option(command)
    return command


def filter_options(command: F) -> F:
    """`--stream --type --since --until --zone --label --limit --json`."""
    for option in (
        json_option,
        limit_option,
        click.option("--label", "labels", multiple=True, metavar="LABEL", help=f"Only this label: {', '.join(Label)}."),
        click.option("--zone", "zones", multiple=True, metavar="NAME", help="Only in this zone (repeatable)."),
        click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this event type (repeatable)."),
    ):
        command = option(command)
    return place_options(command)


def make_filter(settings: "Settings", **given: Any) -> "Filter":
    """A Filter of the options' values. Raises ConfigError for a type, label or time that is none."""
    from vidette.queries import Filter

    since, from_s = _moment(given.get("since"), settings)
    until, to_s = _moment(given.get("until"), settings)
    return Filter(
        streams=tuple(given.get("streams") or ()),
        types=tuple(choice(EventType, "event type", text) for text in given.get("types") or ()),
        labels=tuple(choice(Label, "label", text) for text in given.get("labels") or ()),
        zones=tuple(given.get("zones") or ()),
        since=since,
        until=until,
        from_s=from_s,
        to_s=to_s,
    )


def choice(kind: type[E], noun: str, text: str) -> E:
    """One of a closed list. Raises ConfigError, which names the nearest or all of them."""
    try:
        return kind(text)
    except ValueError:
        import difflib

        near = difflib.get_close_matches(text, list(kind), n=1)
        hint = f"did you mean {str(near[0])!r}?" if near else f"choose from {', '.join(kind)}"
        raise ConfigError(f"no {noun} {text!r}; {hint}") from None


def zone(settings: "Settings") -> tzinfo:
    """The time zone of naive times: `tz` of the settings, else this machine's. Raises ConfigError."""
    from workers.wiring import zone_of

    return zone_of(settings)


def instant(text: str, settings: "Settings") -> datetime:
    """A point in time from ISO-8601 or plain words. Raises ConfigError."""
    here = zone(settings)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        import dateparser

        said = {"RETURN_AS_TIMEZONE_AWARE": False, "PREFER_DATES_FROM": "past"}
        found = dateparser.parse(text, languages=["en"], settings=said)
        if found is None:
            raise ConfigError(f"cannot read the time {text!r}; write 2026-05-01T14:00 or 'yesterday 5 pm'") from None
        at = found
    return at if at.tzinfo else at.replace(tzinfo=here)


def _moment(text: str | None, settings: "Settings") -> tuple[datetime | None, float | None]:
    if text is None:
        return None, None
    seconds = media_seconds(text)
    return (None, seconds) if seconds is not None else (instant(text, settings), None)


def media_seconds(text: str) -> float | None:
    """Seconds of `12.5`, `12.5s`, `1:30`, `1:02:03.5`; None where the text is no media time."""
    parts = text.removesuffix("s").split(":")
    if len(parts) > 3 or not all(part.replace(".", "", 1).isdecimal() for part in parts):
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return seconds
