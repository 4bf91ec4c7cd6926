"""What a watch is asked to do, as its settings say now; and what changes in it when they do."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any

from app.disguise import hide
from app.memory import files_of, settings_of
from app.options import instant, zone
from app.vlm import vlm_of
from ingest.live.address import is_live
from ingest.sources import MAX_FILES, SourceSpec, expand
from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.delivery.delivering import Lane, Pump, Store
from workers.delivery.disabling import teller
from workers.delivery.lanes import lanes_of
from workers.streams import cameras_of, configured, with_addresses
from workers.ticking import Ticking
from workers.wiring import db_path, judge_of, media_of

if TYPE_CHECKING:
    from vidette.alerts import SinkState
    from workers.cameras.fleet import Change

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be watched: `specs` by `settings`; `errors` are what cannot be. It can be made anew."""

    sources: tuple[str, ...]
    given: Mapping[str, Any]
    settings: Settings
    specs: tuple[SourceSpec, ...]
    errors: tuple[str, ...]

    @classmethod
    def of(cls, sources: Sequence[str], given: Mapping[str, Any]) -> "Plan":
        """The plan of a command line. Raises ConfigError."""
        hide([one for one in sources if is_live(one)])
        return cls.made(tuple(_lines(sources)), given)

    @classmethod
    def made(cls, sources: tuple[str, ...], given: Mapping[str, Any]) -> "Plan":
        """The plan by the settings as they are now. Raises ConfigError."""
        said = {
            "sample": given["sample"],
            "tz": given["tz"],
            "metrics": given.get("metrics"),
            **vlm_of(given.get("vlm")),
        }
        settings = settings_of(given["db"], given["config"], given["rules"], **said)
        specs, errors = _named(sources, given, settings) if sources else _configured(given, settings)
        return cls(
            sources=sources,
            given=given,
            settings=with_addresses(settings, specs, sources),
            specs=specs,
            errors=errors,
        )

    def again(self) -> "Plan":
        """The same command line by the settings as they are now. Raises ConfigError."""
        return Plan.made(self.sources, self.given)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(spec.name for spec in self.specs if spec.url)

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its settings and rules are."""
        return files_of(self.given["config"], self.given["rules"])


Found = tuple[tuple[SourceSpec, ...], tuple[str, ...]]


def _named(sources: tuple[str, ...], given: Mapping[str, Any], settings: Settings) -> Found:
    """What the command line names."""
    start = instant(given["start_time"], settings) if given["start_time"] else None
    found = expand(sources, name=given["name"], start_time=start, tz=zone(settings))
    specs = found.specs if given["name"] else tuple(configured(spec, settings) for spec in found.specs)
    return specs, tuple(map(str, found.errors))


def _configured(given: Mapping[str, Any], settings: Settings) -> Found:
    """The streams of the settings: each camera under its name, and files."""
    cameras = cameras_of(settings)
    files = tuple(one.source for one in settings.streams if one.source and not is_live(one.source))
    if not cameras and not files:
        raise ConfigError(
            "nothing to watch; give a SOURCE (a camera's URL, a file, a folder, a glob), or `streams` with a `source` in"
            " vidette.yml"
        )
    specs, errors = _named(files, given, settings) if files else ((), ())
    return cameras + specs, errors


def _lines(sources: Sequence[str]) -> Iterator[str]:
    """The sources; those of stdin, one a line, in place of `-`."""
    for one in sources:
        if one == "-":
            yield from (line.strip() for line in islice(sys.stdin, MAX_FILES) if line.strip())
        else:
            yield one


class Pumping:
    """Context manager: the pump of the sinks as they are now, and what time makes of alerts."""

    def __init__(self, store: Store, settings: Settings, lanes: Sequence[Lane]) -> None:
        self._store, self._settings = store, settings
        self._pump = Pump(store, lanes, gone=self._gone)
        self._ticking = Ticking(store, judge_of(settings), self.nudge)

    def __enter__(self) -> "Pumping":
        self._pump.__enter__()
        self._ticking.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticking.__exit__(kind, error, trace)
        self._pump.__exit__(kind, error, trace)

    def nudge(self) -> None:
        """Something was settled."""
        self._pump.nudge()

    def drain(self, seconds: float, stop: Event) -> None:
        """As Pump.drain; what was held back is summed up first, since nothing more is watched."""
        self._ticking.tick(ending=True)
        self._pump.drain(seconds, stop)

    def remaining(self) -> dict[str, int]:
        """As Pump.remaining."""
        return self._pump.remaining()

    def change(self, settings: Settings) -> None:
        """Send to the sinks of these settings from now on. Raises ConfigError, and goes on as before."""
        self._ticking.judge = judge_of(settings)
        before = self._settings
        if (settings.sinks, settings.alerts) == (before.sinks, before.alerts):
            self._settings = settings
            return
        pump = Pump(self._store, lanes_of(settings, media_of(settings)), gone=self._gone)
        old, self._pump, self._settings = self._pump, pump, settings
        old.__exit__(None, None, None)
        pump.__enter__()

    def _gone(self, state: "SinkState") -> None:
        """A sink takes no more: told by the rules as they are now."""
        teller(self._settings, self._store)(state)


@contextmanager
def reloading(
    plan: Plan, pumping: Pumping, show: Callable[[Sequence[str]], None]
) -> "Iterator[SimpleQueue[Change] | None]":
    """While a watch of cameras runs: what is to be watched whenever its settings change; None where there is none.

    `show` is told their names.
    """
    show(plan.cameras)
    if not plan.cameras:
        yield None
        return
    from app.reloading import Reloading  # files start sooner without what cameras need
    from app.running import Notice
    from workers.cameras.fleet import Change

    changes: SimpleQueue[Change] = SimpleQueue()

    def reload() -> None:
        now = plan.again()
        check(plan, now)
        pumping.change(now.settings)
        changes.put(Change(settings=now.settings, specs=now.specs))
        show(now.cameras)

    with Notice(db_path(plan.settings), str(plan.files[0])) as notice, Reloading(plan.files, reload, notice):
        yield changes


def check(before: Plan, now: Plan) -> None:
    """Refuse what a running watch cannot take. Raises ConfigError, and says what is left to another watch."""
    judge_of(now.settings)
    zone(now.settings)
    if (db_path(now.settings), now.settings.media) != (db_path(before.settings), before.settings.media):
        raise ConfigError("`db` and `media` cannot be changed while it runs; end this watch and start another")
    if now.settings.metrics != before.settings.metrics:
        raise ConfigError("`metrics` cannot be changed while it runs; end this watch and start another")
    for error in now.errors:
        log.warning("not watched: %s", error)
    for name in {spec.name for spec in now.specs if not spec.url} - {spec.name for spec in before.specs}:
        log.warning("file %r is left to another `vidette watch`: this one takes cameras only", name)
