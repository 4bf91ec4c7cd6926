"""Questions about what rules over time remember."""

from dataclasses import dataclass

from vidette.matches import Heard, LeafMatch, PatternState, Said
from vidette.queries import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardOf(Query[list[Heard]]):
    """How far each stream has spoken, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns(Query[list[PatternState]]):
    """What these rules remember (none given: all), and no others; `due`: those with a `wake` up to then."""

    rules: tuple[str, ...] = ()
    due: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMatches(Query[list[LeafMatch]]):
    """What fits leaves of one version of a rule and holds at `since` or after, oldest first."""

    rule: str
    version: str
    since: int
    limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMatchesOf(Query[list[LeafMatch]]):
    """Where these events (or answers) are known to fit leaves of any rule."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfRule(Query[list[Said]]):
    """Matches of one version of a rule that hold at `since` or after, oldest first; or those of one alert."""

    rule: str
    version: str
    since: int | None = None
    alert: str | None = None
    limit: int = 20_000
