"""Opening memory for a command: settings, logs, store; closed again whatever happens."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vidette.configuration import FILE, load
from vidette.errors import StoreError
from vidette.log import configure
from vidette.settings import Settings
from workers.delivery.delivering import Store
from workers.wiring import Pipeline, db_path, is_kept, pipeline_of, store_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a command reads from."""

    settings: Settings
    store: Store


def settings_of(db: str | None, config: str | None, rules: Sequence[str] = (), **overrides: object) -> Settings:
    """Settings of options, environment and file, with the rules and sinks of rules files, and logging set up by them.

    Raises ConfigError.
    """
    settings = load(Path(config) if config else None, os.environ, {"db": db, **overrides})
    configure(settings.log, settings.log_format)
    if not (rules or settings.rules or settings.sinks):
        return settings
    from rules.rulebook import with_rules  # without any, commands start sooner

    return with_rules(settings, [Path(file) for file in rules], os.environ)


def files_of(config: str | None, rules: Sequence[str]) -> tuple[Path, ...]:
    """The files that `settings_of` reads, whether they are there or not: that of the settings, then those of rules."""
    return tuple(Path(one).absolute() for one in (config or FILE, *rules))


@contextmanager
def opened(
    db: str | None, config: str | None, *, rules: Sequence[str] = (), must_write: bool = False, **overrides: object
) -> Iterator[Memory]:
    """Memory that is there already. Raises StoreError where nothing was watched into it yet."""
    settings = settings_of(db, config, rules, **overrides)
    if not is_kept(settings):
        path = db_path(settings)
        raise StoreError(f"no memory at {str(path)!r}; watch something first: vidette watch FILE --db {path}")
    store = store_of(settings, must_write=must_write)
    try:
        yield Memory(settings=settings, store=store)
    finally:
        store.close()


@contextmanager
def pipeline(settings: Settings) -> Iterator[Pipeline]:
    """Everything that a watch works with; memory is made where there is none."""
    ready = pipeline_of(settings)
    try:
        yield ready
    finally:
        ready.close()
