"""The answers of models on which an alert stands: what they said, and the pictures that they named."""

from collections.abc import Sequence
from datetime import timedelta

from rules import sentence
from rules.condition import answered, says_yes
from rules.rule import Rule
from rules.tree import Ask
from rules.witness import instant_of
from vidette.looks import Verdicts
from vidette.matches import Match
from vidette.models import Evidence
from vidette.ports import Reader
from vidette.queries import Filter
from vidette.rows import VerdictRow

_READ, _TOLD = 256, 4
_MS = timedelta(milliseconds=1)


def answers_for(rule: Rule, match: Match, read: Reader) -> tuple[VerdictRow, ...]:
    """The latest that said yes to what the rule asks, of the time on which the match stands; oldest first."""
    asks = [leaf for leaf in rule.leaves if isinstance(leaf, Ask)]
    if not asks:
        return ()
    since = instant_of(match.start) - timedelta(seconds=rule.horizon_s)
    until = instant_of(match.start if match.end is None else match.end) + _MS
    window = Filter(streams=match.streams, since=since, until=until)
    found = read(Verdicts(where=window, answers=("yes",), limit=_READ))
    return tuple([one for one in found if any(says_yes(ask, one) for ask in asks)][-_TOLD:])


def why_of(rule: Rule, answers: Sequence[VerdictRow]) -> tuple[str, ...]:
    """A sentence each."""
    return tuple(
        f"{answered(ask, one).said} on {sentence.quoted_name(one.stream)}, {sentence.clock(one.start, rule.tz)}"
        for one in answers
        for ask in rule.leaves
        if isinstance(ask, Ask) and says_yes(ask, one)
    )


def pictures_of(answers: Sequence[VerdictRow]) -> list[Evidence]:
    """What models named as showing it, the latest first."""
    return [one.evidence for one in reversed(answers) if one.evidence is not None]
