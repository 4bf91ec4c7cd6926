"""The judge: every rule put to each settled observation, in its transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import lru_cache, partial

from rules import recall
from rules.describing import describe
from rules.docket import Docket
from rules.escalation import remind
from rules.hearing import Hearing
from rules.index import Index, index_of
from rules.occurrence import Memory
from rules.panel import Panel
from rules.policy import policy_of
from rules.rule import Rule, rule_of
from rules.ruling import Ruling
from rules.sending import Sending
from rules.storm import sum_up
from rules.tree import Leaf
from rules.witness import ms_of
from vidette import codec
from vidette.alerting import RuleStates
from vidette.alerts import Case, Judgement, RuleState
from vidette.errors import StoreError
from vidette.ports import Reader
from vidette.queries import StreamOf
from vidette.remembering import HeardOf
from vidette.rule_settings import AlertSettings, RuleSettings, SinkSettings
from vidette.streams import Stream

_IDLE = codec.encode(Memory()).decode()
_AT_REST = _IDLE.partition(',"sent_s"')[0]


class Engine:
    """A Judge: rules and sinks in, what follows from a case out; pure, but for `now`.

    `tz` is the clock of rules that name none; alerts of live streams that are older than `max_age_s`
    when they are noticed are kept but not sent. `alerts` and `near` (the streams beside each) say what else holds for
    all alerts; without them there are no silences, storms and incidents. What a rule remembers is read from and written to
    the case's transaction; nothing is kept here.
    """

    def __init__(
        self,
        rules: Sequence[RuleSettings],
        sinks: Sequence[SinkSettings],
        *,
        tz: tzinfo,
        max_age_s: float,
        now: Callable[[], datetime],
        alerts: AlertSettings | None = None,
        near: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._rules = tuple(rule_of(one, tz) for one in rules)
        self._by_id = {rule.id: rule for rule in self._rules}
        self._placed = any(
            leaf.zones or leaf.lines for rule in self._rules for leaf in rule.leaves if isinstance(leaf, Leaf)
        )
        self._panel = Panel(rule for rule in self._rules if rule.leaf is None)
        self._policy = policy_of(sinks, max_age_s=max_age_s, tz=tz, alerts=alerts, near=near)
        self._now = now
        self._indexed = lru_cache(maxsize=1024)(partial(index_of, self._rules))

    def judge(self, case: Case, read: Reader) -> Judgement:
        """Rules that came true, changed or did not."""
        index = self._index(case.stream, read)
        if not index.rules:
            return Judgement()
        kept = {one.rule: one for one in read(RuleStates(stream_id=case.stream.id))}
        hearing = Hearing(case, read, self._now())
        new = [rule for rule in index.rules if _is_new(rule, kept)]
        fresh = recall.living([rule for rule in new if rule.leaf], hearing)
        sending = Sending(hearing, self._policy)
        given = index.given(case.events)
        states = []
        for rule in index.rules:
            before = kept.get(rule.id)
            if rule.leaf is None:
                continue
            if rule.id not in fresh and rule.id not in given and before is not None and _at_rest(before):
                continue
            memory = Memory(occurrences=tuple(fresh[rule.id])) if rule.id in fresh else _memory(before)
            after = Ruling(rule, memory, hearing, sending).judge(given.get(rule.id, ()))
            state = codec.encode(after).decode()
            if rule.id in fresh or before is None or state != before.state:
                states.append(RuleState(rule=rule.id, version=rule.version, stream_id=case.stream.id, state=state))
        over_time = self._panel.judge(hearing, sending, frozenset(rule.id for rule in new))
        states += [_marked(rule, case) for rule in new if rule.leaf is None]
        describe(index.rules, hearing, sending)
        return _joined(hearing.judgement(states), over_time)

    def tick(self, read: Reader, *, ending: bool = False) -> Judgement:
        """What follows from time that passes; `ending`: nobody will ask for a while."""
        now = self._now()
        witness, due = self._panel.due(read, ms_of(now))
        over_time, docket = Judgement(), Docket(read, now)
        if due:
            docket = hearing = Hearing(witness.case(self._by_id[due[0]].leaves), read, now)
            over_time = self._panel.tick(due, witness, hearing, Sending(hearing, self._policy))
        remind(docket, self._policy, self._by_id)
        sum_up(docket, self._policy, ending=ending)
        return _joined(docket.judgement(), over_time)

    def new_rules(self, read: Reader, stream_id: str) -> tuple[str, ...]:
        """Rules that have judged nothing of a stream yet, or not as they are now: time for `GraphStore.rejudge`."""
        stream = read(StreamOf(name=stream_id))
        if stream is None:
            return ()
        kept = {one.rule: one for one in read(RuleStates(stream_id=stream_id))}
        return tuple(rule.id for rule in self._index(stream, read).rules if _is_new(rule, kept))

    def _index(self, stream: Stream, read: Reader) -> Index:
        heard = read(HeardOf()) if self._placed else ()
        others = frozenset(place for one in heard if one.stream != stream.name for place in (*one.zones, *one.lines))
        places = frozenset(zone.name for zone in stream.zones) | {line.name for line in stream.lines}
        return self._indexed(stream.name, places, others - places)


def _joined(judgement: Judgement, over_time: Judgement) -> Judgement:
    return replace(judgement, heard=over_time.heard, patterns=over_time.patterns, leaves=over_time.leaves)


def _marked(rule: Rule, case: Case) -> RuleState:
    """That a rule over time has judged a stream; what it remembers is of all streams together."""
    return RuleState(rule=rule.id, version=rule.version, stream_id=case.stream.id, state=_IDLE)


def _is_new(rule: Rule, kept: dict[str, RuleState]) -> bool:
    return rule.id not in kept or kept[rule.id].version != rule.version


def _at_rest(kept: RuleState) -> bool:
    """Whether it waits for nothing, so that time alone changes nothing; told without reading what it remembers."""
    return kept.state.startswith(_AT_REST)


def _memory(kept: RuleState | None) -> Memory:
    """What was remembered; nothing, where another version of Vidette wrote it in another form."""
    try:
        return codec.decode(Memory, kept.state) if kept else Memory()
    except StoreError:
        return Memory()
