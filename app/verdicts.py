"""`vidette verdicts`: what models answered to closed questions."""

from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from app.options import json_option, limit_option, make_filter, memory_options, place_options
from app.tables import date_and_time, many, media, show

if TYPE_CHECKING:
    from vidette.rows import VerdictRow


@click.command()
@memory_options
@click.option("--question", default="", metavar="TEXT", help="Only questions that hold this text.")
@click.option(
    "--answer", "answers", multiple=True, type=click.Choice(["yes", "no", "unknown"]), help="Only this (repeatable)."
)
@place_options
@limit_option
@json_option
def verdicts(**given: Any) -> None:
    """What models answered to the closed questions of streams, in time order."""
    from app.memory import opened
    from app.options import zone
    from vidette.codec import line
    from vidette.looks import Verdicts

    with opened(given["db"], given["config"]) as memory:
        where = make_filter(memory.settings, **{key: given[key] for key in ("streams", "since", "until")})
        asked = Verdicts(where=where, question=given["question"], answers=given["answers"], limit=given["limit"])
        rows = memory.store.read(asked)
    if given["as_json"]:
        for one in rows:
            click.echo(line(one))
        return
    _answers(rows, zone(memory.settings))


def _answers(rows: "list[VerdictRow]", tz: tzinfo | None) -> None:
    columns = ("=date", "clock", ">from", ">to", "*question", "answer", ">conf", "*=stream", "*=model")
    cells = (
        (
            *date_and_time(one.start, tz),
            media(one.start_s),
            media(one.end_s),
            one.question,
            one.answer,
            f"{one.confidence:.2f}",
            one.stream,
            one.run.model,
        )
        for one in rows
    )
    show(many(len(rows), "answer"), columns, cells, "no answers here; `questions` of a stream's settings asks")
