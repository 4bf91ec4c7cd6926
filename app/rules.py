"""`vidette rules check|list`: whether rules are well written, and what they say in words."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import config_option, json_option

if TYPE_CHECKING:
    from rules.rulebook import Book
    from vidette.settings import Settings

_files = click.argument("files", nargs=-1, metavar="[FILE…]", type=click.Path(dir_okay=False))


@click.group()
def rules() -> None:
    """Check rules, say in words what they do."""


@rules.command("check")
@_files
@config_option
def check_(files: tuple[str, ...], config: str | None) -> int:
    """Say every mistake in rules FILEs, one a line with its place; without FILE: in the settings.

    Exit code 2 where there is a mistake. What is well written but can never come true, or names a
    zone, line or stream that the settings lack, is a warning.
    """
    from app.tables import plain
    from rules.doubt import doubts
    from rules.rulebook import disagreements

    settings, books, wrong = _books(files, config)
    wrong += disagreements(books)
    for said in wrong:
        click.echo(plain(said), err=True)
    sinks = [sink for book in books for sink in book.said.sinks]
    for book in books if not wrong else ():
        if book.name == "settings" and files:
            continue  # asked about the files: the settings are only what they are held against
        for i, rule in enumerate(book.said.rules):
            for doubt in doubts(rule, settings, sinks):
                click.echo(plain(f"{book.where('rules', i)} ({rule.id}): warning: {doubt}"), err=True)
        if not wrong:
            click.echo(plain(f"{book.name}: good, {_count(len(book.said.rules), 'rule')}"))
    return 2 if wrong else 0


@rules.command("list")
@_files
@config_option
@json_option
def list_(files: tuple[str, ...], config: str | None, as_json: bool) -> None:
    """The rules of the settings and of rules FILEs, each in words."""
    from app.options import zone
    from app.tables import show
    from rules.reading import reading
    from rules.rule import version_of
    from rules.rulebook import with_rules
    from vidette.codec import line

    settings = with_rules(_settings(config), [Path(file) for file in files], os.environ)
    tz = zone(settings)
    rows = [(rule, reading(rule, tz)) for rule in settings.rules]
    if as_json:
        for rule, said in rows:
            click.echo(line({**_asked(rule), "version": version_of(rule), "reading": said}))
        return
    empty = "no rules; write some under `rules` in vidette.yml, or in a file"
    show(_count(len(rows), "rule"), ("rule", "*in words"), ((rule.id, said) for rule, said in rows), empty)


def _asked(rule: Any) -> dict[str, Any]:
    """What the rule says, without what it leaves at its default."""
    asked: dict[str, Any] = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {**asked, "severity": str(rule.severity)}


def _settings(config: str | None) -> "Settings":
    from vidette.configuration import load

    return load(Path(config) if config else None, os.environ)


def _books(files: tuple[str, ...], config: str | None) -> "tuple[Settings, list[Book], list[str]]":
    """The settings, the books that are well written, and the mistakes of those that are not."""
    from rules.rulebook import of_file, of_settings
    from vidette.configuration import FILE, check
    from vidette.rule_settings import RulesFile
    from vidette.settings import Settings

    if not files:
        checked = check(Path(config or FILE), os.environ, Settings)
        value = checked.value or Settings()
        return value, [of_file(checked)] if checked.value else [], list(checked.problems)
    settings = _settings(config)
    books, wrong = [of_settings(settings)], list[str]()
    for file in files:
        found = check(Path(file), os.environ, RulesFile)
        wrong += found.problems
        books += [of_file(found)] if found.value else []
    return settings, books, wrong


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
