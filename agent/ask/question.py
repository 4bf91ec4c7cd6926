"""From a whole question to a plan: politeness off, then comparison, relations, conditions, measures, and what is left."""

import re
from dataclasses import dataclass, field, replace

from agent.ask.clauses import gap, negated, related, universal
from agent.ask.colours import coloured, without_colours
from agent.ask.compare import compared
from agent.ask.conditions import conditioned
from agent.ask.footage import Footage
from agent.ask.fragment import counting, read_fragment
from agent.ask.measures import Measure, measured, measuring
from agent.ask.names import Known, find_names, normal
from agent.ask.plan import make_plan
from agent.ask.rewording import reworded
from agent.ask.scan import NotUnderstood
from agent.ask.times import read_times
from agent.ask.watching import whether_up
from agent.ask.words import Mark
from vidette.answers import Plan

_NO_WORDS = frozenset({"the", "on", "in", "at", "during", "and", "camera", "cam"})
_DEEPEST = 5
_WORDS = 80
_MOST_CLAUSES = 120
_POLITE = re.compile(
    r"^(?:(?:hello|hi|hey|please|well|ok|okay|so|now|vidette|kindly)\b ?)+"
    r"|^(?:(?:could|can|would|will) you )?(?:please |kindly )?(?:tell|show|give|inform) (?:me|us) (?:please )?(?:if|whether|about )?(?=.)"
    r"|^(?:could|can|would|will) you (?:please |kindly )?(?=count|list|find|describe|summari[sz]e|say)"
    r"|^(?:i|we)(?: would|'d)? (?:like|want|need) to (?:know|see|learn|find out)(?: if| whether| about)?"
    r"|^do you (?:happen to )?know(?: if| whether)?|^i(?: am|'m) (?:wondering|asking)(?: if| whether)?"
    r"|^(?:say|guess),? (?:if|whether) |(?: please| thanks| thank you)+$"
)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans questions over what has a name and was filmed; `read` keeps what clauses came to, and bounds their number."""

    known: Known
    everything: Footage
    read: dict[str, Plan | NotUnderstood] = field(default_factory=dict)

    def plan(self, question: str) -> Plan:
        """The plan of a question as it was typed. Raises NotUnderstood."""
        text = self.text(question)
        return self.whole(f"what happened {text}" if self._only_places(text) else text, 0)

    def text(self, question: str) -> str:
        """A question as it was typed, as the grammar has it. Raises NotUnderstood where it is too long."""
        text = normal(question)
        if text.count(" ") >= _WORDS:
            raise NotUnderstood(f"the question is too long to be understood; ask in at most {_WORDS} words")
        return reworded(_plain(text), (normal(name) for name in self.known.names()))

    def _only_places(self, text: str) -> bool:
        """Whether nothing but a name or a time is said ("the yard?", "last night?"): what happened there is meant."""
        named = find_names(text, self.known)
        if named.problem:
            return False
        rest, window = read_times(named.text, self.footage(named.streams))
        given = bool(named.streams or named.zones or named.lines) or window.bounded
        return given and not window.problem and all(word in _NO_WORDS for word in rest.split())

    def whole(self, text: str, depth: int) -> Plan:
        """The plan of a question or of a clause of one. Raises NotUnderstood."""
        if depth > _DEEPEST or len(self.read) > _MOST_CLAUSES:
            raise NotUnderstood("that is too many clauses in one question")
        if text not in self.read:
            try:
                self.read[text] = self._clauses(text, depth)
            except NotUnderstood as error:
                self.read[text] = error
        found = self.read[text]
        if isinstance(found, NotUnderstood):
            raise NotUnderstood(str(found), name=found.name, word=found.word)
        return found

    def _clauses(self, text: str, depth: int) -> Plan:
        def clause(part: str) -> Plan:
            return self.whole(part, depth + 1)

        for shape in (whether_up, compared, gap, negated, universal, related, conditioned):
            found = shape(text, clause, self.known, self.everything)
            if found is not None:
                return found
        return self.measure(text)

    def measure(self, text: str) -> Plan:
        """The plan of a clause with no other in it."""
        found = measured(text)
        return self.simple(text) if found is None else self._measure(*found)

    def _measure(self, rest: str, measure: Measure) -> Plan:
        if not rest:
            return measuring(None, measure)
        try:
            plan = self.simple(rest)
        except NotUnderstood:
            given = read_fragment(rest, self.known, self.everything)
            if given.parts and any(said.word != Mark("filler") for said in given.parts.words):
                raise
            plan = counting(given)  # "the busiest hour on Tuesday": of all that was seen
        return measuring(plan, measure)

    def simple(self, text: str) -> Plan:
        """The plan of words with names and times."""
        named = find_names(text, self.known)
        if named.problem:
            raise NotUnderstood(named.problem)
        rest, window = read_times(named.text, self.footage(named.streams))
        if window.problem:
            raise NotUnderstood(window.problem)
        rest, colours = without_colours(rest, self.known)
        if colours and not rest:
            raise NotUnderstood("say of what colours are asked, as in 'how many red cars were there'")
        return coloured(make_plan(named, rest, window), colours)

    def footage(self, streams: tuple[str, ...]) -> Footage:
        """The footage of these streams, or of all."""
        if not streams:
            return self.everything
        return replace(self.everything, streams=tuple(s for s in self.known.streams if s.name in streams))


def _plain(text: str) -> str:
    """The question without what only makes it polite."""
    for _ in range(4):
        shorter = _POLITE.sub("", text).strip()
        if shorter == text or not shorter:
            break
        whether = re.search(r"\b(?:whether|if)$", text[: len(text) - len(shorter)].strip())
        text = f"did {shorter}" if whether and not re.match(r"(?:did|was|were|is|are|has)\b", shorter) else shorter
    return text
