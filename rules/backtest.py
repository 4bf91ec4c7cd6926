"""Rules put to stored history: the same engine, in the order of time, with a memory of its own; nothing is written."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rules.backtest_alerts import Firing
from rules.backtest_memory import Memory
from rules.engine import Engine
from rules.rule import rule_of
from vidette.alerts import Case
from vidette.models import Commit, EventRow, Stream, StreamRow
from vidette.ports import Reader
from vidette.queries import Events, Filter, LastCommit, StreamOf, Streams
from vidette.rule_settings import RuleSettings, SinkSettings

STEP_S = 300.0
"""Seconds of event time that are judged as one case of each stream."""
_PAGE = 4000
_REACHING = 100_000
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

    @property
    def end(self) -> datetime:
        """The instant after the last one of which anything is known."""
        return self.stream.at(self.end_s) + timedelta(milliseconds=1)

    def case(self, upto: datetime, begun: Sequence[EventRow], memory: Memory) -> Case | None:
        """What is new of it at that instant; None before its first and after its last moment."""
        reach_s = (upto - self.stream.start).total_seconds()
        if reach_s <= 0:
            return None
        watermark_s = min(reach_s, self.end_s)
        memory.reach(self.stream.name, watermark_s)
        final = self.final and reach_s >= self.end_s
        self._commit(memory, watermark_s, final)
        ended = [one for one in self.open.values() if one.end_s is not None and one.end_s <= watermark_s]
        for event in ended:
            del self.open[event.id]
        self.open.update((one.id, one) for one in begun if one.end_s is None or one.end_s > watermark_s)
        events = tuple(memory.known(event) for event in sorted((*ended, *begun), key=_timely))
        return Case(stream=self.stream, look="fast", watermark_s=watermark_s, final=final, events=events)

    def _commit(self, memory: Memory, watermark_s: float, final: bool) -> None:
        memory.commits[self.stream.id] = Commit(
            stream_id=self.stream.id, sequence=0, watermark_s=watermark_s, carry=b"", final=final, run_id=""
        )


class _Play:
    """One run over history."""

    def __init__(self, rules: Sequence[RuleSettings], read: Reader, reels: list[_Reel], tz: tzinfo) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)
        named = {sink for rule in rules for sink in (*rule.sinks, *rule.escalate_to)} or {"back-test"}
        sinks = [SinkSettings(id=sink, kind="console") for sink in sorted(named)]
        self._engine = Engine(rules, sinks, tz=tz, max_age_s=_EVER, now=lambda: self._now)
        self._read = read
        self._memory = Memory(read)
        self._look_back_s = look_back_s(rules, tz)
        self._reels = reels

    def run(self, begin: datetime, until: datetime) -> Iterator[Firing]:
        """Every alert, forgotten once nothing will change it."""
        shed = begin
        for step, events in self._steps(begin, until):
            self._judge(step, events)
            if step - shed > timedelta(seconds=_SHED_S):
                shed = step
                yield from self._memory.shed(step - timedelta(seconds=_SHED_S), self._look_back_s)
        self._judge(until, ())
        yield from self._memory.shed()

    def _judge(self, upto: datetime, events: Sequence[EventRow]) -> None:
        self._now = upto
        by_stream: dict[str, list[EventRow]] = {}
        for event in events:
            by_stream.setdefault(event.stream, []).append(event)
        for reel in self._reels:
            case = reel.case(upto, by_stream.get(reel.stream.name, ()), self._memory)
            if case is not None:
                self._memory.write(self._engine.judge(case, self._memory), upto)

    def _steps(self, begin: datetime, until: datetime) -> Iterator[tuple[datetime, list[EventRow]]]:
        """The ends of steps in which something began, and what did."""
        step, held = timedelta(seconds=STEP_S), list[EventRow]()
        upto = begin + step
        for page in self._pages(begin, until):
            going_on = [event for reel in self._reels for event in reel.open.values()]
            self._memory.at_hand((*page, *held, *going_on))
            for event in page:
                if event.start >= upto:
                    if held:
                        yield upto, held
                    held, upto = [], begin + step * ((event.start - begin) // step + 1)
                held.append(event)
        if held:
            yield min(upto, until), held

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


def _timely(event: EventRow) -> tuple[datetime, str]:
    return event.start, event.id
