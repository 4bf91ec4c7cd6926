"""One fault on one camera: struck, told, mended, recovered; and the score of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from app.simulation.camera import until
from app.simulation.faults import Fault, Victim
from app.simulation.ledger import Window, claimed, dark, gaps, unexplained
from vidette.feeds import CAUSES
from vidette.rows import CoverageRow, EventRow

PATIENCE_S = 60.0
_GRACE_S = 1.0  # a fault is noticed by its effect, which comes a moment after it
_AFTER_S = 6.0  # what follows from a mended fault: another connection, a group of pictures that began before


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What came of one fault: what was said, after how many seconds, and whether the ledger is honest.

    `told_s`: from the strike until the event could be read in memory. `start_s`: how far from the strike it says it
    began. `recovered_s`: from mending until watched pictures could be read in memory.
    """

    fault: str
    about: str
    said: str = ""
    told_s: float | None = None
    start_s: float | None = None
    recovered_s: float | None = None
    honest: bool = True
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return self.honest and not self.problems


class Trial:
    """A fault and its camera over time; `run` may be called in a thread of its own."""

    def __init__(self, fault: Fault, victim: Victim, stop: Event) -> None:
        self.fault, self.victim, self.stop = fault, victim, stop
        self.start = Window(start=0.0, end=time.time())
        self.struck = self.mended = self.over = 0.0
        self.told: EventRow | None = None
        self.told_s: float | None = None
        self.recovered_s: float | None = None

    def ready(self) -> None:
        """All are watched: until now, anything may be said of the time."""
        self.start = Window(start=0.0, end=time.time())

    def strike(self) -> None:
        """Break the camera."""
        self.struck = time.time()
        self.fault.strike(self.victim)

    def run(self, wait_s: float) -> None:
        """Wait for the turn, break it, see what is told, mend it, see it recover."""
        if self.fault.first:  # it is lost from when it is first looked for
            until(lambda: self.stop.is_set() or self._rows(), PATIENCE_S)
            self.struck = min((row.start.timestamp() for row in self._rows()), default=self.struck)
        elif not self.stop.wait(wait_s):
            self.strike()
        until(lambda: self.stop.is_set() or self._is_told(), PATIENCE_S)
        self.stop.wait(max(0.0, self.fault.holds_s - (time.time() - self.struck)))
        self.mended = time.time()
        self.fault.mend(self.victim)
        if until(lambda: self.stop.is_set() or self._is_back(), PATIENCE_S, 0.2):
            self.recovered_s = time.time() - self.mended
        self.over = time.time()

    def _rows(self) -> list[CoverageRow]:
        return self.victim.watch.coverage(self.victim.name)

    def _is_back(self) -> bool:
        return self.victim.watch.watching(self.victim.name, self.mended + 0.5)

    def _is_told(self) -> bool:
        if self.fault.tells is None:
            return True
        events = self.victim.watch.events(self.victim.name, self.fault.tells)
        self.told = next((one for one in events if one.start.timestamp() > self.struck - 5.0), None)
        if self.told is not None:
            self.told_s = time.time() - self.struck
        return self.told is not None

    def score(self, rows: Sequence[CoverageRow], more: Sequence[Window] = ()) -> Score:
        """How it went; `more` windows explain what befell every camera."""
        problems, faulty = self._problems(rows), self._dishonest(rows, more)
        meanwhile = [row.reason for row in rows if row.reason and row.end.timestamp() > self.struck]
        said = self.told.caption if self.told else (meanwhile[0] if meanwhile else "")
        return Score(
            fault=self.fault.name,
            about=self.fault.about,
            said=said,
            told_s=self.told_s,
            start_s=self.told.start.timestamp() - self.struck if self.told else None,
            recovered_s=self.recovered_s,
            honest=not faulty,
            problems=(*problems, *faulty),
        )

    def _problems(self, rows: Sequence[CoverageRow]) -> list[str]:
        fault, found = self.fault, []
        if fault.tells and self.told is None:
            found.append(f"{fault.tells} was not told")
        elif self.told is not None and abs(self.told.start.timestamp() - self.struck) > fault.near_s:
            found.append(f"told {self.told.start.timestamp() - self.struck:+.1f} s from the strike")
        if self.recovered_s is None:
            found.append(f"not watched again within {PATIENCE_S:.0f} s")
        missed_s = dark(rows, self.struck, self.over)
        if not fault.dark and missed_s > fault.brief_s:
            found.append(f"without pictures for {missed_s:.1f} s, {fault.brief_s:.1f} s would do")
        return found

    def _dishonest(self, rows: Sequence[CoverageRow], more: Sequence[Window]) -> list[str]:
        found = gaps(rows)
        reasons = frozenset(CAUSES[cause] for cause in self.fault.causes) or frozenset({"(none)"})
        windows = [
            self.start,
            Window(start=self.struck - self.fault.early_s, end=self.over + _AFTER_S, reasons=reasons),
        ]
        for row, seconds in unexplained(rows, [*windows, *more]):
            at_s = row.start.timestamp() - self.struck
            found.append(f"unexplained {row.state} at {at_s:+.1f} s for {seconds:.2f} s: {row.reason or 'no reason'}")
        false_s = claimed(rows, self.struck + _GRACE_S, self.mended)
        if self.fault.dark and false_s > _GRACE_S / 2:
            found.append(f"{false_s:.1f} s are called watched though nothing came")
        return found
