"""The words of conditions over time: stretches for which one holds, and what a rule remembers of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stretch for which a condition holds, [start, end] in whole milliseconds since 1970.

    `end` None: it goes on; `seen` is then how far that is known. An instant ends where it starts. `subject` is what it is
    about: the id of an entity, else a place on a stream, else nothing; `streams` and `zones` are names, `events` ids, in
    the order of time. `id` is of content: an event's own, or of the kind of condition and what made it
    come true.
    """

    id: str
    start: int
    end: int | None
    seen: int | None = None
    subject: str = ""
    streams: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    @property
    def until(self) -> float:
        """The last millisecond at which it is known to hold; infinity for one that goes on and was not bounded."""
        if self.end is not None:
            return self.end
        return float("inf") if self.seen is None else self.seen


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMatch:
    """What fits a leaf of a rule, by number; `match` None: it does not, or not any more."""

    rule: str
    version: str
    leaf: int
    id: str
    match: Match | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A match of a whole rule and the alert that tells of it, if any does; `match` None: there is none any more."""

    id: str
    match: Match | None
    alert: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternState:
    """What one version of a rule over time remembers: `state` is JSON, a few kB.

    `wake` is the first moment, in milliseconds since 1970, at which there may be more to say though nothing happens.
    """

    rule: str
    version: str
    state: str
    wake: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed:
    """What fits leaves of a rule, on these streams (names), and held only before `before` is forgotten."""

    streams: tuple[str, ...]
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternChange:
    """What a rule over time has to remember from now on; what other versions of it remembered is forgotten."""

    state: PatternState
    said: tuple[Said, ...] = ()
    shed: Shed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How far a stream has spoken, for rules over several: milliseconds since 1970.

    `reach` is up to where it has said everything, `over` where a file ends, `at` when that was heard (wall clock).
    """

    stream: str
    stream_id: str
    live: bool
    start: int
    reach: int
    over: int | None
    final: bool
    at: int
    zones: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
