"""`vidette rules check|list|backtest|write`: rules checked, said in words, tried on what is stored, made of words."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.options import config_option, json_option, memory_options
from app.template import try_template
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from app.backtesting import Found
    from rules.rulebook import Book
    from vidette.ports import MediaStore
    from vidette.rule_settings import RuleSettings
    from vidette.settings import Settings

_files = click.argument("files", nargs=-1, metavar="[FILE…]", type=click.Path(dir_okay=False))


@click.group()
def rules() -> None:
    """Check rules, say in words what they do, try them on what is stored, make them of plain words."""


rules.add_command(try_template)


@rules.command("check")
@_files
@config_option
def check_(files: tuple[str, ...], config: str | None) -> int:
    """Say every mistake in rules FILEs, one a line with its place; without FILE: in the settings.

    Exit code 2 where there is a mistake. What is well written but can never come true, names what the
    settings lack, or tells nothing that another rule does not tell, is a warning.
    """
    from app.options import zone
    from rules.review import review
    from rules.rulebook import disagreements
    from vidette.text import plain

    settings, books, wrong = _books(files, config)
    wrong += disagreements(books)
    for said in wrong:
        click.echo(plain(said), err=True)
    if wrong:
        return 2
    leave = ("settings",) if files else ()  # asked about the files: the settings are only what they are held against
    for said in review(books, settings, zone(settings), leave=leave):
        click.echo(plain(said), err=True)
    for book in books:
        if book.name not in leave:
            click.echo(plain(f"{book.name}: good, {_count(len(book.said.rules), 'rule')}"))
    return 0


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


@rules.command()
@_files
@memory_options
@click.option("--until", metavar="TIME", help="Before this; default: the end of what is stored.")
@click.option("--since", metavar="TIME", help="From this on ('7 days ago'); default: the begin of what is stored.")
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Only this stream (repeatable).")
@click.option("--rule", "names", multiple=True, metavar="ID", help="Only this rule (repeatable).")
@click.option(
    "--limit", type=click.IntRange(0, 100_000), default=20, show_default=True, help="So many alerts of each rule."
)
@click.option("--html", metavar="FILE", type=click.Path(dir_okay=False), help="Write a page with pictures, too.")
@json_option
def backtest(files: tuple[str, ...], db: str | None, config: str | None, as_json: bool, **given: Any) -> None:
    """What the rules of FILEs (without: of the settings) would have done over stored history.

    Nothing is written to memory and nobody is told. Alerts that people confirmed or dismissed tell how well a changed
    rule does.
    """
    from app.backtesting import back_test, rows, say
    from app.memory import opened
    from app.options import instant, zone
    from app.report import known
    from vidette.codec import line
    from workers.wiring import media_of

    with opened(db, config) as memory:
        settings, media = memory.settings, media_of(memory.settings)
        found = back_test(
            memory.store,
            _named(_own(files, settings), given["names"]),
            tz=zone(settings),
            since=instant(given["since"], settings) if given["since"] else None,
            until=instant(given["until"], settings) if given["until"] else None,
            streams=known(memory.store, given["streams"]),
            shown=given["limit"],
        )
        if given["html"]:
            _page(found, media, given["html"])
    if as_json:
        for row in rows(found, media):
            click.echo(line(row))
    else:
        say(found, media)


@rules.command()
@click.argument("sentence")
@memory_options
@click.option(
    "--to", metavar="FILE", type=click.Path(dir_okay=False), help="File to put it into; default: the settings."
)
@click.option("--id", "name", metavar="ID", help="What to call it; default: made of its words.")
@click.option("--since", metavar="TIME", help="Try it on what is stored from this on; default: the last 7 days of it.")
@click.option("--yes", is_flag=True, help="Save it, do not ask.")
@json_option
def write(sentence: str, db: str | None, config: str | None, as_json: bool, **given: Any) -> None:
    """Make a rule of a SENTENCE in plain words; show it, what it says, what it would have done; save it on yes.

    \b
    vidette rules write "tell me when a van stands at the dock for more than ten minutes at night"
    vidette rules write "alert ops if nobody enters the till for 10 minutes between 8:00 and 18:00" --to rules.yml

    What events cannot tell becomes a closed question to the vision model. No word is dropped: each is in the rule, in that
    question, or named. With a language model (`language` of the settings) a sentence that holds such words is written by it.
    """
    from dataclasses import replace

    from app.drafting import drafted, ids_in, row, save, say, tried
    from app.memory import settings_of
    from vidette.codec import line
    from vidette.configuration import FILE

    settings = settings_of(db, config)
    file = Path(given["to"] or config or FILE)
    shown = drafted(sentence, settings, {rule.id for rule in settings.rules} | ids_in(file), given["name"])
    shown = replace(shown, found=tried(shown.rule, settings, given["since"]))
    if not as_json:
        say(shown, settings)
    agreed = given["yes"] or (not as_json and _asked_to_save(file))
    if agreed:
        save(shown.rule, file)
        click.echo(f"saved in {file}", err=True)
    if as_json:
        click.echo(line(row(shown, file if agreed else None)))


def _asked_to_save(file: Path) -> bool:
    """What a person says; where nobody is there, that it was not saved."""
    if sys.stdin.isatty():
        return click.confirm(f"Save it in {file}?", err=True)
    click.echo(f"not saved; --yes saves it in {file}", err=True)
    return False


def _page(found: "Found", media: "MediaStore", out: str) -> None:
    from app.backtest_page import page
    from app.writing import writable

    with writable(out) as handle:
        handle.write(page(found, media).encode())
    click.echo(f"back-test: {out}", err=True)


def _own(files: tuple[str, ...], settings: "Settings") -> "list[RuleSettings]":
    """The rules of the files, without a file those of the settings. Raises ConfigError for a mistake, or none."""
    from vidette.configuration import check
    from vidette.rule_settings import RulesFile

    chosen = [] if files else list(settings.rules)
    for file in files:
        found = check(Path(file), os.environ, RulesFile)
        if found.value is None:
            raise ConfigError(f"{found.problems[0]}; `vidette rules check` says every mistake")
        chosen += found.value.rules
    if not chosen:
        raise ConfigError("no rules to try; give a rules file, or write some under `rules` in vidette.yml")
    return chosen


def _named(rules: "list[RuleSettings]", names: tuple[str, ...]) -> "list[RuleSettings]":
    """Those rules. Raises ConfigError for a name that there is none of."""
    from rules.rulebook import near

    there = {rule.id for rule in rules}
    for name in names:
        if name not in there:
            raise ConfigError(f"no rule {name!r}{near(name, there)}")
    return [rule for rule in rules if not names or rule.id in names]


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
