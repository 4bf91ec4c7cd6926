"""Answers about the watching itself: which streams there are, how much of them was watched."""

from agent.ask.covering import whole
from agent.ask.evidence import Asked
from agent.ask.say import lasting, plain
from vidette.answers import Answer, Claim, Gap

_MOST = 10


def about_streams(asked: Asked) -> Answer:
    """Which streams there are, with how far each was watched."""
    streams = asked.clock.footage.streams
    lines = [
        f"{plain(s.name, 60)}: {lasting(s.watched_s)} watched, {s.events} events, {s.tracks} tracks" for s in streams
    ]
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    names = ", ".join(plain(s.name, 60) for s in streams[:_MOST])
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=f"{len(streams)} stream{'s' if len(streams) > 1 else ''}: {names}{' ' + more[0] if more else ''}.",
        claims=tuple(Claim(text=line) for line in lines[:_MOST] + more),
        rows=streams[:100],
        coverage=asked.coverage,
        value=True if asked.plan.kind == "exists" else len(streams),
        unit=None if asked.plan.kind == "exists" else "streams",
    )


def about_coverage(asked: Asked) -> Answer:
    """How much of the time asked was watched, whether all of it, or how much there is."""
    coverage, kind = asked.coverage, asked.plan.kind
    full = whole(coverage)
    yes = full != asked.plan.negated
    share = (
        f"all of it was watched: {lasting(coverage.total_s)}"
        if full
        else f"{lasting(coverage.watched_s)} of {lasting(coverage.total_s)} were watched"
    )
    text = f"{share}, {lasting(coverage.examined_s)} of that examined"
    if kind == "exists":
        part = not full and coverage.watched_s > 0
        text = f"{'only in part' if part else 'yes' if yes else 'no'}, {text}"
    if kind == "how_long":
        text = f"{lasting(coverage.total_s)} of footage; {text}"
    gaps = [_said(asked, gap) for gap in coverage.gaps[:_MOST]]
    more = [f"and {len(coverage.gaps) - _MOST} more gaps"] if len(coverage.gaps) > _MOST else []
    value: float | bool = yes if kind == "exists" else coverage.total_s if kind == "how_long" else coverage.watched_s
    return Answer(
        question=asked.question,
        plan=asked.plan,
        answer=f"{text[:1].upper()}{text[1:]}.",
        claims=tuple(Claim(text=line) for line in gaps + more),
        coverage=coverage,
        value=value if isinstance(value, bool) else round(value, 3),
        unit=None if kind == "exists" else "s",
    )


def _said(asked: Asked, gap: Gap) -> str:
    clock = asked.clock
    stream = clock.on(gap.stream) if gap.stream else ""
    return f"not watched from {clock.at(gap.start, gap.start_s)} to {clock.at(gap.end, gap.end_s)}{stream} ({plain(gap.reason, 80)})"
