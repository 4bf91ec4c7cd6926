"""Rules and sinks from settings and rules files, together: every mistake, with file and line."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from rules.rule import rule_of
from vidette.configuration import Checked, check
from vidette.errors import ConfigError
from vidette.rule_settings import RulesFile, SinkSettings
from vidette.settings import Settings

Where = Callable[[str, int], str]
"""The place of rule or sink number i of a book: `file:line: rules[i]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The rules and sinks of one file, and how to name their places."""

    name: str
    said: "RulesFile | Settings"
    where: Where


def with_rules(settings: Settings, files: Sequence[Path], environ: Mapping[str, str]) -> Settings:
    """The settings with the rules and sinks of these files too.

    Raises ConfigError for the first mistake of a file, an id that is given twice, and a sink that a
    rule names and nobody has.
    """
    books = [of_settings(settings)]
    for file in files:
        checked = check(file, environ, RulesFile)
        if checked.value is None:
            raise ConfigError(_first(checked.problems))
        books.append(of_file(checked))
    wrong = list(disagreements(books))
    if wrong:
        raise ConfigError(_first(wrong))
    rules = [rule for book in books for rule in book.said.rules]
    sinks = [sink for book in books for sink in book.said.sinks]
    return settings.model_copy(update={"rules": rules, "sinks": sinks})


def of_settings(settings: Settings) -> Book:
    """What `vidette.yml` holds of them."""
    return Book(name="settings", said=settings, where=lambda table, i: f"settings: {table}[{i}]")


def of_file(checked: "Checked[RulesFile] | Checked[Settings]") -> Book:
    """A checked file without mistakes."""
    assert checked.value is not None
    return Book(
        name=checked.name, said=checked.value, where=lambda table, i: f"{checked.where(table, i)}: {table}[{i}]"
    )


def disagreements(books: Sequence[Book]) -> Iterator[str]:
    """Ids that two books give, sinks that none does, and files of holidays that cannot be read."""
    yield from _taken(books)
    yield from _unreadable(books)
    sinks = {sink.id for book in books for sink in book.said.sinks}
    for book in books:
        for i, rule in enumerate(book.said.rules):
            for key, names in (("sinks", rule.sinks), ("escalate_to", rule.escalate_to)):
                for name in names:
                    if name not in sinks:
                        yield f"{book.where('rules', i)}.{key}: no sink {name!r}{near(name, sinks)}"


def near(name: str, known: "set[str] | frozenset[str]") -> str:
    """`; did you mean 'gate'?`, or what there is to choose from, or that there is nothing."""
    found = difflib.get_close_matches(name, sorted(known), n=1)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there are {', '.join(sorted(known)[:12])}" if known else "; none is set"


def hearers(sinks: Sequence[SinkSettings], named: Sequence[str]) -> list[SinkSettings]:
    """The sinks that a rule tells, whatever the severity: those it names, else all."""
    return [sink for sink in sinks if not named or sink.id in named]


def _unreadable(books: Sequence[Book]) -> Iterator[str]:
    for book in books:
        for i, rule in enumerate(book.said.rules):
            try:
                rule_of(rule, UTC)
            except ConfigError as error:
                yield f"{book.where('rules', i)}: {error}"


def _taken(books: Sequence[Book]) -> Iterator[str]:
    owners: dict[tuple[str, str], int] = {}
    for number, book in enumerate(books):
        given = [("rules", i, one.id) for i, one in enumerate(book.said.rules)]
        given += [("sinks", i, one.id) for i, one in enumerate(book.said.sinks)]
        for table, i, key in given:
            owner = owners.setdefault((table, key), number)
            if owner != number:
                yield f"{book.where(table, i)}.id is {key!r}, as in {books[owner].name}; each needs its own"


def _first(wrong: Sequence[str]) -> str:
    return wrong[0] + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")
