"""`vidette report`: what happened, for people, as one file."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from app.options import make_filter, memory_options, place_options
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from agent.report.model import Report
    from vidette.ports import GraphStore
    from vidette.queries import Filter
    from vidette.rows import EventRow

KINDS = ("daily", "incident", "traffic", "operations")
FORMATS = ("html", "md", "json")
_NEAR, _LIKE = 3, 0.6


@click.command()
@memory_options
@place_options
@click.option("--kind", type=click.Choice(KINDS), default="daily", show_default=True, help="What the report is about.")
@click.option("--event", metavar="ID", help="incident: an event or alert, or the first characters of its id.")
@click.option("--format", "form", metavar="FORMAT", help="html, md or json; default: what --out ends in, else md.")
@click.option("--out", type=click.Path(dir_okay=False), help="File to write; default: stdout.")
@click.option("--title", default="", help="Its heading; default: that of the kind.")
def report(**given: Any) -> None:
    """Write what happened, for people: summary, pictures, plots, alerts, coverage.

    \b
    vidette report --out today.html                           the newest day, as a page that needs nothing else
    vidette report --kind traffic --since 2026-05-01 --until 2026-05-08 --out week.html
    vidette report --kind incident --event 9cda1a20           one event in detail
    """
    from agent.report.report import Request, build
    from app.memory import opened
    from app.options import zone
    from workers.wiring import media_of

    write = writer(given["form"], given["out"])
    if given["event"] and given["kind"] != "incident":
        raise ConfigError(f"--event is for --kind incident, not {given['kind']!r}; leave one of them out")
    with opened(given["db"], given["config"]) as memory:
        where = make_filter(memory.settings, **given)
        where = replace(where, streams=known(memory.store, where.streams))
        asked = Request(
            tz=zone(memory.settings),
            kind=given["kind"],
            where=where,
            event=about(memory.store, given["event"], where),
            title=given["title"],
        )
        text = write(build(memory.store, media_of(memory.settings), asked))
    _give(text, given["out"])


def _give(text: str, out: str | None) -> None:
    from app.writing import writable

    if out is None:
        click.echo(text, nl=False)
        return
    with writable(out) as handle:
        handle.write(text.encode())
    click.echo(f"report: {out}", err=True)


def writer(form: str | None, out: str | None) -> "Callable[[Report], str]":
    """What turns a report into text. Raises ConfigError for a format that there is none for."""
    from agent.report.markdown import markdown
    from agent.report.page import page
    from agent.report.rows import rows

    ending = out.rpartition(".")[2].lower() if out and "." in out else ""
    match form or {"htm": "html", "markdown": "md"}.get(ending, ending) or "md":
        case "html":
            return page
        case "md":
            return markdown
        case "json":
            return rows
        case "pdf":
            raise ConfigError(
                "no PDF here; write --format html and print it from a browser, its style is made for that"
            )
        case other if form is None:
            raise ConfigError(f"cannot tell the format from {'.' + other!r}; give --format {', '.join(FORMATS)}")
        case other:
            near = difflib.get_close_matches(other, FORMATS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(FORMATS)}"
            raise ConfigError(f"no format {other!r}; {hint}")


def known(store: "GraphStore", names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the streams that are meant: a name, an id, or a file's name without its tag. Raises ConfigError."""
    from vidette.queries import Streams

    rows = store.read(Streams()) if names else []
    meant: list[str] = []
    for name in names:
        found = [row.name for row in rows if name in (row.name, row.id)]
        found = found or [row.name for row in rows if row.kind == "file" and row.name[:-9] == name]
        if not found:
            close = near(name, [row.name for row in rows])
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "`vidette streams` lists them"
            raise ConfigError(f"no stream {name!r}; {hint}")
        meant += found
    return tuple(dict.fromkeys(meant))


def near(name: str, names: list[str]) -> list[str]:
    """The names most like it, as a whole or in how they begin: names of files carry dates and tags."""
    wanted = name.casefold()

    def likeness(other: str) -> float:
        begins = other.casefold()[: len(wanted) + 1]
        return max(difflib.SequenceMatcher(None, wanted, text).ratio() for text in (other.casefold(), begins))

    ranked = sorted(((likeness(other), other) for other in names), key=lambda pair: (-pair[0], pair[1]))
    return [other for score, other in ranked[:_NEAR] if score >= _LIKE]


def about(store: "GraphStore", prefix: str | None, where: "Filter") -> "EventRow | None":
    """The event (of an alert: its first) that an incident report is about. Raises ConfigError."""
    if not prefix:
        return None
    from app.clip import find
    from vidette.alerting import Alerts
    from vidette.alerts import AlertFilter

    if where.since or where.until or where.from_s is not None or where.to_s is not None:
        raise ConfigError("--event says the time; leave out --since and --until")
    alerts = store.read(Alerts(where=AlertFilter(ids=(prefix,)), limit=1))
    return find(store, alerts[0].events[0] if alerts and alerts[0].events else prefix)
