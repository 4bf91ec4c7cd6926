"""How far streams have spoken, and what that tells of time to conditions over several of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rules.known import Known, runs_of
from rules.tree import Ask, Leaf
from vidette.alerts import Case
from vidette.families import CAMERA, PICTURE, SYSTEM
from vidette.matches import Heard
from vidette.models import EventType, FastState
from vidette.ports import Reader
from vidette.queries import CoverageIn, Filter
from vidette.streams import Stream

SILENT_MS = 30_000
"""A stream that has said nothing for so long does not hold up the others: the clock on the wall speaks for it."""
SYSTEM_STREAM = "system"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = 100_000
_FOREVER = float("inf")
_ALWAYS = 2**62


def ms_of(at: datetime) -> int:
    """An instant as whole milliseconds since 1970."""
    return round((at - _EPOCH) / timedelta(milliseconds=1))


def instant_of(ms: int) -> datetime:
    """The instant of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def heard_of(case: Case, now: datetime) -> Heard:
    """How far the stream of a case has spoken."""
    stream = case.stream
    known_s = stream.duration_s if stream.kind != "live" and stream.duration_s else None
    return Heard(
        stream=stream.name,
        stream_id=stream.id,
        live=stream.kind == "live",
        start=ms_of(stream.start),
        reach=ms_of(stream.at(case.watermark_s)),
        over=None if known_s is None else ms_of(stream.at(max(known_s, case.watermark_s))),
        final=case.final,
        at=ms_of(now),
        zones=tuple(zone.name for zone in stream.zones),
        lines=tuple(line.name for line in stream.lines),
    )


def concerns(leaf: Leaf | Ask, stream: str) -> bool:
    """Whether a stream of that name may say what the leaf asks for."""
    if leaf.streams:
        return stream in leaf.streams
    types = leaf.types if isinstance(leaf, Leaf) else frozenset[EventType]()
    return bool(types & SYSTEM) if stream == SYSTEM_STREAM else not (types and types <= SYSTEM)


def _asked(leaf: Leaf | Ask, streams: Sequence[Heard]) -> list[Heard]:
    """The streams that the leaf asks; of a place those that have it, where any does."""
    there = [one for one in streams if concerns(leaf, one.stream)]
    if isinstance(leaf, Ask) or leaf.streams or not (leaf.zones or leaf.lines):
        return there
    placed = [one for one in there if not leaf.zones.isdisjoint(one.zones) or not leaf.lines.isdisjoint(one.lines)]
    return placed or there


_LOOKED_AT = frozenset({FastState.WATCHED})
_FED = _LOOKED_AT | {FastState.BLIND}
_RUN = frozenset(FastState) - {FastState.NOT_RUNNING}


def _seen_in(leaf: Leaf | Ask) -> frozenset[FastState]:
    """The states of a stream in which what the leaf asks for is told: that a signal is lost, while there is none."""
    types = leaf.types if isinstance(leaf, Leaf) else frozenset[EventType]()
    if not types or not types <= CAMERA | SYSTEM:
        return _LOOKED_AT
    return _FED if types & PICTURE else _RUN


@dataclass(frozen=True, slots=True)
class Witness:
    """Some of the streams at one moment of the wall clock (`now`, milliseconds since 1970).

    `told_in` are the states of streams in which what is asked of them is told; `machine`: only what happens to the
    machine is asked for, of which there may be nothing yet.
    """

    streams: tuple[Heard, ...]
    now: int
    told_in: frozenset[FastState] = _LOOKED_AT
    machine: bool = False

    def of(self, leaves: Iterable[Leaf | Ask]) -> "Witness":
        """Those that any of the leaves concerns."""
        all_ = tuple(leaves)
        asked = {one.stream: one for leaf in all_ for one in _asked(leaf, self.streams)}
        return Witness(
            tuple(asked[name] for name in sorted(asked)),
            self.now,
            told_in=frozenset[FastState](FastState).intersection(*map(_seen_in, all_)),
            machine=bool(all_)
            and all(isinstance(leaf, Leaf) and bool(leaf.types) and leaf.types <= SYSTEM for leaf in all_),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the streams."""
        return tuple(one.stream for one in self.streams)

    @property
    def running(self) -> tuple[Heard, ...]:
        """Those that will say more, and said something lately."""
        return tuple(one for one in self.streams if not one.final and self.now - one.at < SILENT_MS)

    @property
    def reach(self) -> float:
        """Up to where all that run have spoken; where none does, what lives waits for the clock and files are over."""
        waits = [one.reach for one in self.running]
        if not waits and self._living:
            waits = [self._clock]
        return min(waits, default=_FOREVER)

    @property
    def _living(self) -> tuple[Heard, ...]:
        return tuple(one for one in self.streams if one.live and not one.final)

    @property
    def _clock(self) -> int:
        """The clock on the wall; cameras may be ahead of it."""
        return max(self.now, *(one.reach for one in self._living))

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return all(one.final for one in self.streams)

    def case(self, leaves: Iterable[Leaf | Ask]) -> Case:
        """Nothing but time, of the first stream that the leaves concern."""
        heard = self.of(leaves).streams[0]
        watermark_s = (heard.reach - heard.start) / 1000
        return Case(stream=_stream_of(heard), look="fast", watermark_s=watermark_s, final=heard.final)

    def known(self, read: Reader | None, since: float) -> Known:
        """What they tell of the time from `since` on; without `read` not when they were watched."""
        runs = self._runs(read, since) if read else ()
        return Known(runs=runs, open=tuple(self._open()), now=self.reach)

    def _open(self) -> Iterable[tuple[float, float]]:
        yield from ((one.reach, _over(one)) for one in self.running)
        if self._living:
            yield self._clock, _FOREVER

    def _runs(self, read: Reader, since: float) -> tuple[tuple[int, int], ...]:
        if not self.streams:
            return ((round(since), _ALWAYS),) if self.machine else ()
        looking = [one for one in self.streams if one.stream != SYSTEM_STREAM]
        if not looking:  # the machine itself: it is always there while it speaks
            first = max(since, min(one.start for one in self.streams))
            return runs_of([(first, min(self.reach, self.now))], ())
        watched, gaps = _looked(looking, read, since, self.told_in)
        gaps += [(one.reach, _over(one)) for one in self.running if one.stream != SYSTEM_STREAM]
        return runs_of(watched, gaps)


def _looked(
    streams: Sequence[Heard], read: Reader, since: float, told_in: frozenset[FastState]
) -> tuple[list[tuple[float, float]], ...]:
    """When streams were in one of these states, and when they were there and in none."""
    first = instant_of(int(max(since, 0)))
    where = Filter(streams=tuple(one.stream_id for one in streams), since=first)
    watched: list[tuple[float, float]] = []
    gaps: list[tuple[float, float]] = []
    for row in read(CoverageIn(where=where, limit=_ROWS)):
        spans = watched if row.state in told_in else gaps
        spans.append((ms_of(row.start), ms_of(row.end)))
    return watched, gaps


def _over(one: Heard) -> float:
    return _FOREVER if one.over is None else one.over


def _stream_of(heard: Heard) -> Stream:
    """As much of a stream as is known of one that was heard."""
    return Stream(
        id=heard.stream_id,
        name=heard.stream,
        kind="live" if heard.live else "file",
        uri="",
        start=instant_of(heard.start),
    )
