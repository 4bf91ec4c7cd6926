"""What beat does next, decided from what it sees of Redis and memory: pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from workers.jobs import Watch
from workers.queue.priority import priority_of
from workers.shared.registry import Wanted

LEASE = "beat"
"""Whoever has this one beats."""
FRUITLESS = 3
"""A watch that was begun so often with no commit in between is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is at one moment.

    `leased`: streams that somebody watches. `marked`: what was sent a moment ago, `watch:{stream id}` and `deliver:{sink}`.
    `watches`, `deliveries`: jobs that nobody took; of watches how many of each priority. `sinks`: those that something is due for. `settled`: the sequence of the last
    commit (-1: none) of streams that were begun as often as FRUITLESS says; one that is left out is not known.
    """

    wanted: Sequence[Wanted]
    leased: AbstractSet[str] = frozenset()
    marked: AbstractSet[str] = frozenset()
    watches: Mapping[int, int] = field(default_factory=dict)
    deliveries: int = 0
    sinks: Collection[str] = ()
    settled: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Send the watch of a stream that nobody watches."""

    wanted: Wanted

    @property
    def name(self) -> str:
        """What tells it from others."""
        return mark_of_watch(self.wanted.stream_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Nobody gets on with this stream."""

    wanted: Wanted

    @property
    def name(self) -> str:
        """What tells it from others."""
        return f"give up {self.wanted.stream_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Have somebody send what is due to a sink."""

    sink: str

    @property
    def name(self) -> str:
        """What tells it from others."""
        return mark_of_sink(self.sink)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A camera of the settings that nobody asked for yet."""

    job: Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A camera that is wanted no more, or at another address; who watches it lets it go."""

    stream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """A camera that is gone from the settings, and nobody watches it any more: that it is over is kept for a week."""

    stream_id: str


Action = Begin | GiveUp | Tell


def due(seen: Seen, *, calm_s: float, grace_s: float) -> Iterator[Action]:
    """What is to be done now.

    `calm_s`: for so long Redis has been seen to answer. Before it was `grace_s`, a lease that is not there tells nothing:
    its holder may not have had the time to take it again.

    No more is sent than nobody has taken yet: where no worker listens, one of each waits, not one more each time.
    """
    if calm_s >= grace_s:
        yield from _watches(seen)
    free = [sink for sink in seen.sinks if mark_of_sink(sink) not in seen.marked]
    yield from (Tell(sink=sink) for sink in free[: max(0, len(seen.sinks) - seen.deliveries)])


def _watches(seen: Seen) -> Iterator[Action]:
    alive = []
    for one in seen.wanted:
        if one.state != "wanted" or one.stream_id in seen.leased:
            continue
        if one.tries < FRUITLESS or seen.settled.get(one.stream_id, one.sequence) != one.sequence:
            alive.append(one)
        elif one.stream_id in seen.settled and mark_of_watch(one.stream_id) not in seen.marked:
            yield GiveUp(wanted=one)
    for rank in sorted({priority_of(one.job) for one in alive}):
        yield from _begun([one for one in alive if priority_of(one.job) == rank], seen, rank)


def _begun(orphans: Sequence[Wanted], seen: Seen, rank: int) -> Iterator[Begin]:
    """Of one priority: while such a one waits, no worker has room for more of them.

    Those that were begun before go first: their message was taken, so it is not what waits.
    """
    room = max(0, len(orphans) - seen.watches.get(rank, 0))
    unsent = [one for one in orphans if mark_of_watch(one.stream_id) not in seen.marked]
    yield from (Begin(wanted=one) for one in sorted(unsent, key=lambda one: one.tries == 0)[:room])


def reconciled(
    cameras: Mapping[str, Watch],
    wanted: Mapping[str, Wanted],
    *,
    ours: AbstractSet[str],
    leased: AbstractSet[str],
    anew: bool,
    calm: bool = True,
) -> Iterator[Want | Stop | Forget]:
    """What brings the watches that are wanted nearer to the cameras of the settings, both by stream id.

    `ours` are the cameras that the settings had before: nobody else's watch is stopped. `anew`: the settings were taken just
    now, so that one that failed may be tried again; one that was given up may not, until somebody looked into it. Unless
    `calm`, a lease that is not there tells nothing: as in `due`.
    """
    held = leased if calm else ours | wanted.keys()
    for stream_id, job in cameras.items():
        one = wanted.get(stream_id)
        if one is None or one.state == "done" or (one.state == "failed" and anew):
            yield Want(job=job)
        elif one.state == "stopping":
            yield from () if stream_id in held else (Want(job=job),)
        elif one.job.spec.url != job.spec.url:
            yield Stop(stream_id=stream_id) if one.state == "wanted" else Want(job=job)
    for stream_id in sorted(ours - cameras.keys()):
        one = wanted.get(stream_id)
        if one is not None and one.state == "wanted":
            yield Stop(stream_id=stream_id)
        elif stream_id not in held:
            yield Forget(stream_id=stream_id)


def mark_of_watch(stream_id: str) -> str:
    """The marker that its watch was sent."""
    return f"watch:{stream_id}"


def mark_of_sink(sink: str) -> str:
    """The marker that somebody was asked to send what is due to it."""
    return f"deliver:{sink}"


class Calm:
    """For how long Redis has answered without a break, as far as we know; times are seconds of one clock."""

    def __init__(self, *, slow_s: float) -> None:
        """An answer that took longer than `slow_s` is a break."""
        self._slow_s = slow_s
        self._since = float("-inf")

    def answered(self, asked: float, now: float, uptime_s: float) -> None:
        """Asked then, it answered now, and said that it has been running for so long."""
        self._since = max(self._since, now if now - asked > self._slow_s else now - uptime_s)

    def away(self, now: float) -> None:
        """It does not answer."""
        self._since = now

    def seconds(self, now: float) -> float:
        """So long; all the time that it runs where there was no break since we began."""
        return now - self._since
