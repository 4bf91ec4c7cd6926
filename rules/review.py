"""Rules looked over together, as `vidette rules check` does: what each is doubted for, and those that tell nothing new."""

from collections.abc import Collection, Iterator, Sequence
from datetime import tzinfo

from rules.doubt import doubts, overasked
from rules.rulebook import Book
from rules.shadowing import shadowed
from vidette.settings import Settings


def review(books: Sequence[Book], settings: Settings, tz: tzinfo, *, leave: Collection[str] = ()) -> Iterator[str]:
    """One line for each doubt, with its place; books named in `leave` are only what the others are held against.

    Raises ConfigError where a file of holidays cannot be read.
    """
    placed = [(book, i, rule) for book in books for i, rule in enumerate(book.said.rules)]
    rules, sinks = [rule for _, _, rule in placed], [sink for book in books for sink in book.said.sinks]
    found = [list(doubts(rule, settings, sinks, tz)) for rule in rules]
    for number, why in shadowed(rules, sinks, tz):
        found[number].append(why)
    for (book, i, rule), said in zip(placed, found, strict=True):
        if book.name not in leave:
            yield from (f"{book.where('rules', i)} ({rule.id}): warning: {doubt}" for doubt in said)
    yield from (f"settings: warning: {doubt}" for doubt in overasked(rules, settings))
