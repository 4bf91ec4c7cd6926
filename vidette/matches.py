"""The words of conditions over time: stretches for which one holds, and what a rule remembers of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stretch for which a condition holds, [start, end] in whole milliseconds since 1970.

    `end` None: it goes on; `seen` is then how far that is known. An instant ends where it starts. `subject` is what it is
    about: the id of an entity, else a place on a stream, else nothing; `streams` and `zones` are names, `events` ids, in
    the order of time, as are `tracks`. `id` is of content: an event's own, or of the kind of condition and what made it
    come true.
    """

    id: str
    start: int
    end: int | None
    seen: int | None = None
    subject: str = ""
    streams: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    @property
    def until(self) -> float:
        """The last millisecond at which it is known to hold; infinity for one that goes on and was not bounded."""
        if self.end is not None:
            return self.end
        return float("inf") if self.seen is None else self.seen
