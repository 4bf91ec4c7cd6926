"""`vidette ask`: a question in plain words, an answer with its evidence."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.options import json_option, memory_options

if TYPE_CHECKING:
    from datetime import tzinfo

    from vidette.answers import Answer

SHOWN = 12


@click.command()
@click.argument("question")
@memory_options
@click.option(
    "--now", metavar="TIME", help="The time that `today` and `an hour ago` are read from; default: this moment."
)
@json_option
def ask(question: str, db: str | None, config: str | None, now: str | None, as_json: bool) -> None:
    """Answer a QUESTION from memory, with citations.

    \b
    vidette ask "how many things entered between second 10 and 20?"
    vidette ask "when was the bag left?"
    vidette ask "and yesterday?"

    The last plan of each memory is kept in your state folder, for questions that go on from it ("and on camera 2?").
    """
    from agent.ask.ask import ask as answer_of
    from app import asked
    from app.memory import opened
    from app.options import instant, zone
    from workers.wiring import db_path, likeness_of

    with opened(db, config) as memory:
        tz = zone(memory.settings)
        at = instant(now, memory.settings) if now else datetime.now(UTC)
        path = db_path(memory.settings)
        likeness = likeness_of(memory.settings)
        answer = answer_of(question, memory.store, now=at, tz=tz, previous=asked.last(path), likeness=likeness)
        asked.keep(path, answer.plan)
    if as_json:
        from vidette.codec import line

        click.echo(line(answer))
    else:
        show(answer, tz)


def show(answer: "Answer", tz: "tzinfo | None") -> None:
    """The answer for a person: sentence, claims with citations, the plan, what was not watched."""
    from app.tables import console, short
    from vidette.text import plain

    out = console()
    out.print(plain(answer.answer), style="bold")
    for claim in answer.claims[:SHOWN]:
        cited = " ".join(f"[{short(identity)}]" for identity in claim.citations[:4])
        if plain(claim.text) != plain(answer.answer) or cited:
            out.print(plain(f"  - {claim.text} {cited}".rstrip()))
    if len(answer.claims) > SHOWN:
        out.print(f"  … and {len(answer.claims) - SHOWN} more; --json gives all")
    for said in footnotes(answer):
        out.print(plain(said), style="dim")


def footnotes(answer: "Answer") -> list[str]:
    """The plan that was run, and how much of the time asked was watched."""
    from agent.ask.say import lasting

    seen = answer.coverage
    lines = [f"plan: {answer.plan.words}"] if answer.plan.words else []
    lines += [f"note: {note}" for note in answer.plan.notes]
    gaps = f", {len(seen.gaps)} gap{'s' if len(seen.gaps) > 1 else ''}" if seen.gaps else ""
    return [*lines, f"watched: {lasting(seen.watched_s)} of {lasting(seen.total_s)}{gaps}"]
