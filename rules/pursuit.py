"""Rules over time put to a case, or to time that passes: what fits is remembered, weighed anew, and compared with what was said.

Whatever changed, nothing that began before it is found or lost by it: conditions look back only. So matches that begin
from there on are weighed, of what fits as far back as the rule looks, and held against those that were said. One that
began before and goes on may have lost its begin in this; it is the one that was said to go on.
"""

import math
from collections.abc import Mapping, Sequence

from rules import sentence
from rules.comparison import Comparison
from rules.course import Course, Remembered
from rules.fitting import Fitting
from rules.hearing import Hearing
from rules.known import Known
from rules.miss import Miss, misses
from rules.pattern import Weighing
from rules.rule import Rule
from rules.sending import Sending
from rules.tree import All, AnyOf, Ask, Condition, InOrder, Leaf
from rules.witness import Witness, concerns, instant_of
from vidette import codec
from vidette.alerts import Verdict
from vidette.errors import StoreError
from vidette.ids import milliseconds
from vidette.matches import Match, PatternChange, PatternState, Said, Shed
from vidette.models import FastState
from vidette.remembering import LeafMatches, SaidOfRule

_PATIENCE_MS = 1000
"""A rule that waits for time alone is not asked more often."""

_LATE_MS = 86_400_000
"""What a live stream showed is looked at again for a late fact for a day."""
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_MINUTES = 60
"""Minutes of which a rule remembers that it said what nearly came true; of those before them it says no more."""
_BEFORE_MS = 1000
"""What began before the time that is weighed must be seen to have."""


class Pursuit:
    """One rule over time: weighed once, with what a case changes of what fits it."""

    def __init__(
        self, rule: Rule, state: PatternState | None, witness: Witness, hearing: Hearing, sending: Sending
    ) -> None:
        self.rule = rule
        self._fresh = state is None
        self._before = _remembered(state)
        self._witness = witness.of(rule.leaves)
        self._hearing = hearing
        self._read = hearing.read
        self._sending = sending
        self._misses_from = self._before.misses_from
        self._known: dict[tuple[tuple[str, ...], frozenset[FastState], bool], Known] = {}

    def run(self, fittings: Sequence[Fitting]) -> PatternChange:
        """What is to be remembered; alerts go to the hearing."""
        since = self._since(fittings)
        look_back = since - milliseconds(self.rule.horizon_s) - _BEFORE_MS
        given = self._given(fittings, look_back)
        weighing = self._weighing(given, look_back)
        found = weighing.of(self.rule.when)
        stored = {one.id: one for one in self._read(self._asked(since))} if not self._fresh else {}
        if _mixes(self.rule.when):
            found = self._decided(found, stored, look_back, weighing.later)
        missed = self._missed(fittings, given, since, weighing.later)
        return self._compared(found, stored, since, weighing.later, missed)

    def _weighing(self, given: Mapping[int, Sequence[Match]], look_back: int) -> Weighing:
        return Weighing(given, lambda leaves, looked: self._of(leaves, looked, look_back))

    def _missed(
        self, fittings: Sequence[Fitting], given: Mapping[int, Sequence[Match]], since: int, later: list[float]
    ) -> tuple[int, ...]:
        """Say what nearly came true, once all have told of it; -> the minutes of which it was said.

        A miss is looked at once more with all that was around it, before it is said.
        """
        if self._hearing.told_enough:
            return self._before.missed
        if self._fresh:
            self._misses_from = self._first_miss()
        known = self._all_known(since)
        near = self._misses(given, since, since)
        later += [one.at for one in near if not known.told(one.at)]
        settled = [one for one in near if known.told(one.at)]
        if settled and not self._fresh:
            look_back = min(one.first.start for one in settled) - milliseconds(self.rule.horizon_s) - _BEFORE_MS
            self._known.clear()
            again = self._misses(self._given(fittings, look_back), look_back, since)
            settled = [one for one in again if known.told(one.at)]
        return self._say(settled)

    def _first_miss(self) -> int:
        """Of a rule that is new, what other streams told before is not weighed yet: what they lacked is not said."""
        asked = any(concerns(leaf, name) for name in self._hearing.others for leaf in self.rule.leaves)
        return max((one.reach for one in self._witness.streams), default=0) if asked else 0

    def _misses(self, given: Mapping[int, Sequence[Match]], look_back: int, since: int) -> list[Miss]:
        """Those that are settled from `since` on, in minutes of which nothing was said, in the hours of the rule."""
        said, active = self._before.missed, self.rule.active
        oldest = said[0] if len(said) == _MINUTES else -1
        return [
            one
            for one in misses(self.rule.when, self._weighing(given, look_back))
            if one.at >= max(since, self._misses_from)
            and (minute := one.at // _MINUTE_MS) > oldest
            and minute not in said
            and (active is None or active.holds(instant_of(one.first.start)))
        ]

    def _say(self, settled: Sequence[Miss]) -> tuple[int, ...]:
        """The first of each minute."""
        said = self._before.missed
        for one in sorted(settled, key=lambda one: (one.at, one.first.id)):
            minute = one.at // _MINUTE_MS
            if minute not in said:
                said = (*said, minute)
                first, start = one.first, sentence.clock(instant_of(one.first.start), self.rule.tz)
                why = f"{one.had}, {start}, but {one.lacked}"
                about, stream = next(iter(first.events), first.id), next(iter(first.streams), "")
                self._hearing.decide(self.rule, about, Verdict.NOT_RAISED, instant_of(one.at), (why,), stream=stream)
        return tuple(sorted(said)[-_MINUTES:])

    def _decided(
        self, found: list[Match], stored: Mapping[str, Said], look_back: int, later: list[float]
    ) -> list[Match]:
        """Those that were said, or begin before anything that a stream has still to tell of: they may begin otherwise."""
        known = self._all_known(look_back)
        open_ = {one.id for one in found if one.id not in stored and not known.told(one.start)}
        later += [one.start for one in found if one.id in open_]
        return [one for one in found if one.id not in open_]

    def _all_known(self, look_back: int) -> Known:
        return self._of(frozenset(leaf.number for leaf in self.rule.leaves), False, look_back)

    def _since(self, fittings: Sequence[Fitting]) -> int:
        if self._fresh:
            return 0
        undecided = () if self._before.undecided is None else (self._before.undecided,)
        return min((*(one.since for one in fittings), *undecided), default=0)

    def _asked(self, since: int) -> SaidOfRule:
        return SaidOfRule(rule=self.rule.id, version=self.rule.version, since=since)

    def _given(self, fittings: Sequence[Fitting], look_back: int) -> dict[int, list[Match]]:
        """What fits each leaf, changes of the case included; of what goes on, how far that is known."""
        fits: dict[tuple[int, str], Match | None] = {}
        if not self._fresh:
            asked = LeafMatches(rule=self.rule.id, version=self.rule.version, since=look_back)
            fits.update(((one.leaf, one.id), one.match) for one in self._read(asked))
        fits.update(((one.found.leaf, one.found.id), one.found.match) for one in fittings)
        reach = {one.stream: one.reach for one in self._witness.streams}
        out: dict[int, list[Match]] = {}
        for (leaf, _), match in fits.items():
            if match is not None:
                out.setdefault(leaf, []).append(as_seen(match, reach))
        return out

    def _of(self, leaves: frozenset[int], looked: bool, look_back: int) -> Known:
        witness = self._witness.of(self.rule.leaves[number] for number in sorted(leaves))
        key = (witness.names, witness.told_in, looked)
        if key not in self._known:
            self._known[key] = witness.known(self._read if looked else None, look_back)
        return self._known[key]

    def _compared(
        self,
        found: list[Match],
        stored: dict[str, Said],
        since: int,
        later: list[float],
        missed: tuple[int, ...],
    ) -> PatternChange:
        """Tell how what is found differs from what was said."""
        comparison = Comparison(found, stored, since)

        def has_more(alert: str) -> bool:
            return alert in comparison.alerts.values() or self._elsewhere(alert, stored)

        course = Course(self.rule, self._before, self._witness, self._hearing, self._sending, has_more=has_more)
        said = comparison.tell(course)
        told, sent = course.close(later)
        shed = self._shed()
        after = Remembered(
            told=told,
            sent=sent,
            undecided=_first(later),
            shed=shed.before if shed else self._before.shed,
            missed=missed,
            misses_from=self._misses_from,
        )
        return self._change(after, said, shed)

    def _shed(self) -> Shed | None:
        """Once an hour, what lies so far back that no late fact is looked for any more: of streams that live."""
        live = [one for one in self._witness.streams if one.live]
        reach = max((one.reach for one in live), default=0)
        before = reach - milliseconds(self.rule.horizon_s) - _LATE_MS
        if before < self._before.shed + _HOUR_MS:
            return None
        return Shed(streams=tuple(one.stream for one in live), before=before)

    def _elsewhere(self, alert: str, stored: dict[str, Said]) -> bool:
        """Whether a match that was not weighed now has the alert."""
        asked = SaidOfRule(rule=self.rule.id, version=self.rule.version, alert=alert)
        return any(one.id not in stored for one in self._read(asked))

    def _change(self, after: Remembered, said: list[Said], shed: Shed | None) -> PatternChange:
        wake = after.undecided
        if wake is not None and math.isfinite(self._witness.reach):
            wake = max(wake, int(self._witness.reach) + _PATIENCE_MS)
        state = PatternState(
            rule=self.rule.id, version=self.rule.version, state=codec.encode(after).decode(), wake=wake
        )
        return PatternChange(state=state, said=tuple(said), shed=shed)


def _mixes(node: Condition) -> bool:
    """Whether what one stream tells may change what follows of another's."""
    match node:
        case Leaf() | Ask():
            return False
        case AnyOf(parts=parts):
            return any(map(_mixes, parts))
        case All(same=same) | InOrder(same=same):
            return same not in ("thing", "stream")
        case _:
            return True


def as_seen(match: Match, reach: dict[str, int]) -> Match:
    """Of a match that goes on, how far that is known: as far as its stream has spoken, by name."""
    if match.end is not None:
        return match
    seen = reach.get(match.streams[0])
    return match if seen is None else _seen_to(match, max(seen, match.start))


def _seen_to(match: Match, seen: int) -> Match:
    return Match(
        id=match.id,
        start=match.start,
        end=None,
        seen=seen,
        subject=match.subject,
        streams=match.streams,
        zones=match.zones,
        events=match.events,
    )


def _first(later: list[float]) -> int | None:
    first = min(later, default=math.inf)
    return int(first) if math.isfinite(first) else None


def _remembered(state: PatternState | None) -> Remembered:
    """Nothing, where another version of Vidette wrote it in another form."""
    try:
        return codec.decode(Remembered, state.state) if state else Remembered()
    except StoreError:
        return Remembered()
