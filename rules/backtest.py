"""Rules put to stored history: the same engine, in the order of time, with a memory of its own; nothing is written."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from operator import itemgetter

from rules.backtest_alerts import Firing
from rules.backtest_memory import Memory
from rules.engine import Engine
from rules.hearing import Hearing
from rules.panel import Panel
from rules.policy import policy_of
from rules.rule import rule_of
from rules.sending import Sending
from rules.tree import Ask
from rules.witness import SILENT_MS, ms_of
from vidette.alerts import Case
from vidette.looks import Verdicts
from vidette.models import Commit
from vidette.ports import Reader
from vidette.queries import Events, Filter, LastCommit, StreamOf, Streams
from vidette.rows import EventRow, StreamRow, VerdictRow
from vidette.rule_settings import RuleSettings, SinkSettings
from vidette.streams import Stream

STEP_S = 1800.0
"""Seconds of event time that are judged as one case of each stream."""
_PAGE = 4000
_REACHING = 100_000
_ANSWERS = 1_000_000
_LONGEST_S = 7 * 86_400.0
_SHED_S = 6 * 3600.0
_EVER = 1e9


def backtest(
    rules: Sequence[RuleSettings],
    read: Reader,
    *,
    tz: tzinfo,
    since: datetime | None = None,
    until: datetime | None = None,
    streams: Sequence[str] = (),
) -> Iterator[Firing]:
    """What the rules would have raised in [since, until) on these streams (none: all), in the order of time.

    History is played from so long before `since` that rules over time know what they would have
    known. Each alert comes as it was in the end. Memory does not grow with the length of the history.
    """
    reels = _reels(read, streams)
    first, last, _ = extent(read, streams)
    since, until = since or first, until or last
    for firing in _Play(rules, read, reels, tz).run(since - timedelta(seconds=look_back_s(rules, tz)), until):
        if since <= firing.alert.at < until:
            yield firing


def extent(read: Reader, streams: Sequence[str] = ()) -> tuple[datetime, datetime, int]:
    """When the history of these streams (none: all) begins and ends, and how many they are; an empty one is now."""
    reels = _reels(read, streams)
    if not reels:
        now = datetime.now(UTC)
        return now, now, 0
    return min(reel.stream.start for reel in reels), max(reel.end for reel in reels), len(reels)


def look_back_s(rules: Iterable[RuleSettings], tz: tzinfo) -> float:
    """How far back what the rules say may depend on what was, in seconds; at most a week."""
    made = (rule_of(rule, tz) for rule in rules)
    return min(_LONGEST_S, max((rule.horizon_s + rule.cooldown_s for rule in made), default=0.0))


def _reels(read: Reader, streams: Sequence[str]) -> "list[_Reel]":
    return [_Reel(row, read) for row in read(Streams(names=tuple(streams)))]


class _Reel:
    """One stream while it is played: how far, and what of it goes on."""

    def __init__(self, row: StreamRow, read: Reader) -> None:
        stream = read(StreamOf(name=row.id))
        assert stream is not None, "the store lists what it holds"
        commit = read(LastCommit(stream_id=row.id))
        self.stream: Stream = stream
        self.end_s = commit.watermark_s if commit else max(row.reach_s, row.duration_s or 0.0)
        self.final = commit.final if commit else True
        self.open: dict[str, EventRow] = {}
        self._over = False

    @property
    def end(self) -> datetime:
        """The instant after the last one of which anything is known."""
        return self.stream.at(self.end_s) + timedelta(milliseconds=1)

    def runs(self, upto: datetime) -> bool:
        """Whether it says anything between the last moment and this one."""
        return self.stream.start < upto and not self._over

    def case(self, upto: datetime, new: "Sequence[EventRow | VerdictRow]", memory: Memory) -> Case:
        """What is new of it at that instant."""
        reach_s = (upto - self.stream.start).total_seconds()
        watermark_s = min(reach_s, self.end_s)
        memory.reach(self.stream, watermark_s)
        self._over = reach_s >= self.end_s
        final = self.final and self._over
        self._commit(memory, watermark_s, final)
        begun = [one for one in new if isinstance(one, EventRow)]
        ended = [one for one in self.open.values() if one.end_s is not None and one.end_s <= watermark_s]
        for event in ended:
            del self.open[event.id]
        self.open.update((one.id, one) for one in begun if one.end_s is None or one.end_s > watermark_s)
        events = tuple(memory.known(event) for event in sorted((*ended, *begun), key=_timely))
        return Case(
            stream=self.stream,
            look="fast",
            watermark_s=watermark_s,
            final=final,
            events=events,
            verdicts=tuple(one for one in new if isinstance(one, VerdictRow)),
        )

    def _commit(self, memory: Memory, watermark_s: float, final: bool) -> None:
        memory.commits[self.stream.id] = Commit(
            stream_id=self.stream.id, sequence=0, watermark_s=watermark_s, carry=b"", final=final, run_id=""
        )


class _Hearing(Hearing):
    """Of what is not raised nothing is asked."""

    @property
    def told_enough(self) -> bool:
        return True


class _Play:
    """One run over history."""

    def __init__(self, rules: Sequence[RuleSettings], read: Reader, reels: list[_Reel], tz: tzinfo) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)
        rules = [rule.model_copy(update={"shadow": False}) for rule in rules]  # a trial, told as if it were none
        named = {sink for rule in rules for sink in (*rule.sinks, *rule.escalate_to)} or {"back-test"}
        sinks = [SinkSettings(id=sink, kind="console") for sink in sorted(named)]
        made = [rule_of(rule, tz) for rule in rules]
        plain = [rule for rule, one in zip(rules, made, strict=True) if one.leaf]
        self._engine = Engine(plain, sinks, tz=tz, max_age_s=_EVER, now=lambda: self._now)
        self._panel = Panel(rule for rule in made if rule.leaf is None)
        self._policy = policy_of(sinks, max_age_s=_EVER, tz=tz)
        self._read = read
        self._memory = Memory(read)
        self._look_back_s = look_back_s(rules, tz)
        self._reels = reels
        self._asks = any(isinstance(leaf, Ask) for rule in made for leaf in rule.leaves)
        self._new: list[EventRow | VerdictRow] = []

    def run(self, begin: datetime, until: datetime) -> Iterator[Firing]:
        """Every alert, forgotten once nothing will change it."""
        shed = begin
        for step in self._steps(begin, until):
            self._judge(step)
            if step - shed > timedelta(seconds=_SHED_S):
                shed = step
                yield from self._memory.shed(step - timedelta(seconds=_SHED_S), self._look_back_s)
        self._judge(until)
        self._wait(until)
        yield from self._memory.shed()

    def _judge(self, upto: datetime) -> None:
        """One case of each stream that runs, of what is new since the last one; all of them at one moment."""
        self._now = upto
        new, self._new = _by_stream(self._new), []
        running = [reel for reel in self._reels if reel.runs(upto)]
        cases = [reel.case(upto, new.get(reel.stream.name, ()), self._memory) for reel in running]
        for case in cases:
            self._memory.write(self._engine.judge(case, self._memory), upto)
        if cases and self._panel.rules:
            hearings = [_Hearing(case, self._memory, upto) for case in cases]
            over_time = self._panel.judge_together(hearings, Sending(hearings[0], self._policy))
            self._memory.write(hearings[0].judgement(), upto)
            self._memory.write(over_time, upto)

    def _wait(self, until: datetime) -> None:
        """What rules over several streams say once nobody waits for those that have gone silent."""
        self._now = until + timedelta(milliseconds=2 * SILENT_MS)
        witness, due = self._panel.due(self._memory, ms_of(self._now))
        if due:
            hearing = _Hearing(witness.case(self._panel.rules[due[0]].leaves), self._memory, self._now)
            over_time = self._panel.tick(due, witness, hearing, Sending(hearing, self._policy))
            self._memory.write(hearing.judgement(), until)
            self._memory.write(over_time, until)

    def _steps(self, begin: datetime, until: datetime) -> Iterator[datetime]:
        """The ends of steps in which something is new, when it has been gathered."""
        step = timedelta(seconds=STEP_S)
        upto = begin + step
        both: Iterator[tuple[datetime, EventRow | VerdictRow]] = merge(
            self._begun(begin, until), self._answered(begin, until), key=itemgetter(0)
        )
        for at, item in both:
            if at >= upto:
                if self._new:
                    yield upto
                upto = begin + step * ((at - begin) // step + 1)
            self._new.append(item)
        if self._new:
            yield min(upto, until)

    def _begun(self, begin: datetime, until: datetime) -> Iterator[tuple[datetime, EventRow]]:
        """Events by when they began."""
        for page in self._pages(begin, until):
            going_on = (event for reel in self._reels for event in reel.open.values())
            waiting = (one for one in self._new if isinstance(one, EventRow))
            self._memory.at_hand((*page, *waiting, *going_on))
            yield from ((event.start, event) for event in page)

    def _answered(self, begin: datetime, until: datetime) -> Iterator[tuple[datetime, VerdictRow]]:
        """Answers to closed questions by the end of what they are about, where rules ask any."""
        day, streams = timedelta(days=1), tuple(reel.stream.id for reel in self._reels)
        while self._asks and begin < until:
            where = Filter(streams=streams, since=begin, until=min(begin + day, until))
            found = self._read(Verdicts(where=where, limit=_ANSWERS))
            yield from sorted(((one.end, one) for one in found if begin <= one.end < begin + day), key=itemgetter(0))
            begin += day

    def _pages(self, begin: datetime, until: datetime) -> Iterator[list[EventRow]]:
        """Every event of these streams that was not taken back, in the order of time; first those that reach in."""
        streams = tuple(reel.stream.id for reel in self._reels)
        reaching = Filter(streams=streams, since=begin, until=begin + timedelta(milliseconds=1))
        page = self._read(Events(where=reaching, limit=_REACHING))
        since, limit, seen = begin, _PAGE, frozenset(event.id for event in page)
        yield page
        while True:
            where = Filter(streams=streams, since=since, until=until, starts_inside=True)
            found = self._read(Events(where=where, limit=limit))
            yield [event for event in found if event.id not in seen]
            if len(found) < limit:
                return
            last = found[-1].start
            # of one millisecond there may be more than a page: then a longer one is asked for
            limit = limit * 2 if last == since else _PAGE
            seen |= frozenset(event.id for event in found if event.start == last)
            since = last


def _by_stream(rows: "Iterable[EventRow | VerdictRow]") -> "dict[str, list[EventRow | VerdictRow]]":
    found: dict[str, list[EventRow | VerdictRow]] = {}
    for row in rows:
        found.setdefault(row.stream, []).append(row)
    return found


def _timely(event: EventRow) -> tuple[datetime, str]:
    return event.start, event.id
