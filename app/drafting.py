"""A rule from plain words: shown, tried on what is stored, kept where a person says yes."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidette.bounded import KEY, PATTERNS
from vidette.errors import ConfigError

if TYPE_CHECKING:
    from agent.wording.draft import Draft
    from app.backtesting import Found
    from vidette.rule_settings import RuleSettings
    from vidette.settings import Settings

SHOWN = 5
DAYS = 7
_LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A draft with all that is shown of it; `found` is None where nothing is stored to try it on."""

    draft: "Draft"
    rule: "RuleSettings"
    text: str
    reading: str
    doubts: tuple[str, ...]
    found: "Found | None" = None


def drafted(sentence: str, settings: "Settings", taken: set[str], name: str | None) -> Written:
    """The rule of a sentence, called `name` if given. Raises ConfigError."""
    from app.options import zone
    from rules.doubt import doubts
    from rules.wording import written
    from vidette.rule_settings import RuleSettings

    if name and not re.fullmatch(KEY, name):
        raise ConfigError(f"--id {name!r} {PATTERNS[KEY]}")
    if name in taken:
        raise ConfigError(f"there is a rule {name!r}; choose another --id")
    found = _drafted(sentence, settings, taken)
    rule = found.rule
    if name:
        rule = RuleSettings.model_validate({**rule.model_dump(by_alias=True), "id": name})
    said = (*found.doubts, *doubts(rule, settings, list(settings.sinks)))
    return Written(
        draft=found,
        rule=rule,
        text=written(rule),
        reading=_read(rule, zone(settings)),
        doubts=tuple(dict.fromkeys(said)),
    )


def _drafted(sentence: str, settings: "Settings", taken: set[str]) -> "Draft":
    """By the grammar; by the language model where that leaves words, and there is one. Raises ConfigError."""
    from agent.wording.draft import draft
    from app.options import zone

    found = draft(sentence, settings, taken=taken)
    if settings.language.backend == "none" or not found.asks:
        return found
    from agent.wording.author import Author

    with closing(Author(settings.language)) as author:
        return author.improved(found, sentence, settings, zone(settings))


def tried(rule: "RuleSettings", settings: "Settings", since: str | None) -> "Found | None":
    """What it would have done over what is stored, of the last week unless `since` says more; None: nothing is."""
    from app.backtesting import back_test
    from app.options import instant, zone
    from rules.backtest import extent
    from workers.wiring import is_kept, store_of

    if not is_kept(settings):
        return None
    store = store_of(settings, must_write=False)
    try:
        first, last, streams = extent(store.read)
        if not streams:
            return None
        begin = instant(since, settings) if since else max(first, last - timedelta(days=DAYS))
        return back_test(store, [rule], tz=zone(settings), since=begin, until=None, streams=(), shown=SHOWN)
    finally:
        store.close()


def say(shown: Written, settings: "Settings") -> None:
    """Print it for people."""
    from app.backtesting import say as say_found
    from vidette.text import plain
    from workers.wiring import media_of

    click.echo(shown.text)
    for line in _lines(shown):
        click.echo(plain(line))
    click.echo()
    if shown.found is None:
        click.echo("nothing is stored yet to try it on; `vidette watch` stores what it sees")
    else:
        say_found(shown.found, media_of(settings))


def _lines(shown: Written) -> Iterator[str]:
    if shown.draft.author:
        yield f"written by {shown.draft.author}: hold it against your words, a model may leave some out"
    yield f"in words: {shown.reading}"
    yield from (f"read so: {note}" for note in shown.draft.notes)
    yield from (f"look at this: {doubt}" for doubt in shown.doubts)


def row(shown: Written, saved: Path | None) -> dict[str, Any]:
    """The row of `--json`."""
    asked = shown.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    tried_ = (
        {}
        if shown.found is None
        else {"fired": shown.found.results[0].fired, "since": shown.found.since, "until": shown.found.until}
    )
    return {
        "rule": asked,
        "yaml": shown.text,
        "reading": shown.reading,
        "notes": shown.draft.notes,
        "doubts": shown.doubts,
        **({"written_by": shown.draft.author} if shown.draft.author else {}),
        **tried_,
        "saved": str(saved) if saved else None,
    }


def save(rule: "RuleSettings", file: Path) -> None:
    """Put the rule into a settings or rules file, made where there is none. Raises ConfigError; then nothing changed."""
    from app.writing import writable
    from rules.wording import with_rule

    said = with_rule(_text(file), rule, str(file))
    with writable(file) as handle:
        handle.write(said.encode())


def ids_in(file: Path) -> set[str]:
    """Ids of the rules in a file, none where there is no file. Raises ConfigError."""
    from rules.wording import ids_in

    return set(ids_in(_text(file), str(file)))


def _text(file: Path) -> str:
    try:
        return file.read_bytes()[: _LARGEST + 1].decode() if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {str(file)!r}: {error}; choose another --to") from error


def _read(rule: "RuleSettings", tz: tzinfo) -> str:
    from rules.reading import reading

    try:
        return reading(rule, tz)
    except ConfigError as error:
        return f"not yet: {error}"
