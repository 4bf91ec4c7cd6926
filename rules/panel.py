"""All rules over time, put to a case or to time that passes."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rules.condition import answer_id, answered, is_asked, says_yes
from rules.fitting import Fitting, Leaves, fittings, leaves_for
from rules.hearing import Hearing
from rules.pursuit import Pursuit
from rules.rule import Rule
from rules.sending import Sending
from rules.witness import Witness, heard_of, ms_of
from vidette.alerts import Case, Judgement, Verdict
from vidette.matches import Heard, LeafMatch, PatternChange, PatternState
from vidette.ports import Reader
from vidette.remembering import HeardOf, Patterns

_LATEST = 2**62


class Panel:
    """Those that a case or a moment concerns are weighed; of the others nothing is read."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._leaves = lru_cache(maxsize=1024)(lambda stream: leaves_for(self.rules.values(), stream))

    def judge(self, hearing: Hearing, sending: Sending, new: frozenset[str]) -> Judgement:
        """What a case changes; `new` are rules that never judged its stream."""
        case, now = hearing.case, ms_of(hearing.now)
        spoken = heard_of(case, hearing.now)
        leaves = self._leaves(spoken.stream)
        _refused(hearing, leaves)
        fits = _by_rule(fittings(case, leaves, hearing.places.zones, hearing.read))
        asked = {rule.id for rule in leaves.rules if rule.id in fits or rule.id in new}
        waiting = self._waiting(hearing.read, _LATEST if case.final else spoken.reach) & {r.id for r in leaves.rules}
        heard = (spoken,) if case.look == "fast" else ()
        if not asked and not waiting:
            return Judgement(heard=heard)
        witness = Witness(_with(hearing.read(HeardOf()), spoken, case), now)
        asked |= {one for one in waiting if case.final or self._due(one, hearing.read, witness)}
        return self._weigh(sorted(asked), fits, witness, hearing, sending, heard)

    def judge_together(self, hearings: Sequence[Hearing], sending: Sending) -> Judgement:
        """What the cases of several streams at one moment change, as if all of them had come at once: for history."""
        first, fits, heard = hearings[0], dict[str, list[Fitting]](), list[Heard]()
        for hearing in hearings:
            heard.append(heard_of(hearing.case, hearing.now))
            leaves = self._leaves(heard[-1].stream)
            for one in fittings(hearing.case, leaves, hearing.places.zones, hearing.read):
                fits.setdefault(one.found.rule, []).append(one)
        known = {one.stream: one for one in (*first.read(HeardOf()), *heard)}
        witness = Witness(tuple(known[name] for name in sorted(known)), ms_of(first.now))
        final = any(one.final for one in heard)
        waiting = self._waiting(first.read, _LATEST if final else max(one.reach for one in heard))
        asked = {name for name in self.rules if name in fits or not self._kept(first.read, [name])}
        asked |= {one for one in waiting if final or self._due(one, first.read, witness)}
        return self._weigh(sorted(asked), fits, witness, first, sending, tuple(heard))

    def due(self, read: Reader, now_ms: int) -> "tuple[Witness, list[str]]":
        """How far streams have spoken at that time of the wall clock, and the rules that have waited for it."""
        waiting = self._waiting(read, now_ms)
        if not waiting:
            return Witness((), now_ms), []
        witness = Witness(tuple(read(HeardOf())), now_ms)
        return witness, sorted(one for one in waiting if self._due(one, read, witness))

    def tick(self, asked: Sequence[str], witness: Witness, hearing: Hearing, sending: Sending) -> Judgement:
        """What time alone changes for these rules."""
        return self._weigh(asked, {}, witness, hearing, sending, ())

    def _weigh(
        self,
        asked: Sequence[str],
        fits: dict[str, list[Fitting]],
        witness: Witness,
        hearing: Hearing,
        sending: Sending,
        heard: tuple[Heard, ...],
    ) -> Judgement:
        kept = self._kept(hearing.read, asked)
        patterns: list[PatternChange] = []
        leaves: list[LeafMatch] = []
        for name in asked:
            changed = fits.get(name, [])
            pursuit = Pursuit(self.rules[name], kept.get(name), witness, hearing, sending)
            patterns.append(pursuit.run(changed))
            leaves += [one.found for one in changed]
        return Judgement(heard=heard, patterns=tuple(patterns), leaves=tuple(leaves))

    def _kept(self, read: Reader, asked: Sequence[str]) -> dict[str, PatternState]:
        found = read(Patterns(rules=tuple(asked))) if asked else []
        return {one.rule: one for one in found if one.version == self.rules[one.rule].version}

    def _waiting(self, read: Reader, until: int) -> set[str]:
        found = read(Patterns(due=until)) if self.rules else ()
        return {one.rule for one in found if one.rule in self.rules and self.rules[one.rule].version == one.version}

    def _due(self, name: str, read: Reader, witness: Witness) -> bool:
        """Whether all streams that run have come to where it waits for them."""
        rule = self.rules[name]
        reach = witness.of(rule.leaves).reach
        return reach < _LATEST and any((one.wake or 0) <= reach for one in self._kept(read, [name]).values())


def _refused(hearing: Hearing, leaves: Leaves) -> None:
    """Why answers raise nothing."""
    for verdict in hearing.case.verdicts:
        for rule, ask in leaves.asks:
            if is_asked(ask, verdict) and not hearing.told_enough and not says_yes(ask, verdict):
                why = (answered(ask, verdict).said,)
                hearing.decide(rule, answer_id(verdict), Verdict.NOT_RAISED, verdict.start, why)


def _by_rule(found: Iterable[Fitting]) -> dict[str, list[Fitting]]:
    out: dict[str, list[Fitting]] = {}
    for one in found:
        out.setdefault(one.found.rule, []).append(one)
    return out


def _with(stored: Sequence[Heard], spoken: Heard, case: Case) -> tuple[Heard, ...]:
    """What was heard before, and what this case says; a deep look says nothing of how far its stream has come."""
    known = {one.stream: one for one in stored}
    if case.look == "fast" or spoken.stream not in known:
        known[spoken.stream] = spoken
    return tuple(known[name] for name in sorted(known))
