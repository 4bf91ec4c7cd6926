"""How fast `ask` answers over a large memory: `make bench`, as a part of questions.py.

Each kind of question is asked in several rounds, with cameras, zones, labels and hours drawn from one seed; p50 and
p95 of the time that passed and of what this thread computed, in ms, by kind and over all. The file is read as it is
after it was written: nothing is warmed up but what the rounds before left in the page cache.
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import memory_made as made

from agent.ask.ask import ask
from graph.embedded import EmbeddedStore
from vidette.queries import Streams

KINDS = {
    "count by label": "How many {things} entered?",
    "count by label and camera": "How many {things} entered on {camera}?",
    "count by label and hour": "How many {things} entered between {hour} and {next}?",
    "count in view": "How many {things} were seen between {hour} and {next}?",
    "count in view, all time": "How many {things} were seen?",
    "count in a zone": "How many {things} entered the {zone}?",
    "exists in an hour": "Did any {thing} enter on {camera} between {hour} and {next}?",
    "list of an hour": "Which {things} entered the {zone} on {camera} between {hour} and {next}?",
    "list of all": "Show all {things}",
    "describe an hour": "What happened on {camera} between {hour} and {next}?",
    "first": "When did the first {thing} enter the {zone}?",
    "last": "When was the last {thing}?",
    "last of a kind": "When did the last truck enter on {camera}?",
    "where": "Where was the last {thing} on {camera}?",
    "most by camera": "Which camera saw the most {things}?",
    "most by zone": "Which zone had the most {things}?",
    "busiest hour": "What was the busiest hour?",
    "busiest hour of a camera": "What was the busiest hour for {things} on {camera}?",
    "fewest by camera": "Which camera had the fewest {things}?",
    "average an hour": "How many {things} entered per hour on average?",
    "average stay": "What was the average stay of {things} in the {zone} on {camera}?",
    "longest": "Which {thing} stayed the longest on {camera}?",
    "longest of an hour": "Which {thing} stayed the longest between {hour} and {next}?",
    "peak": "How many {things} were in view at the same time on {camera} between {hour} and {next}?",
    "how long in all": "How long were {things} in the {zone} on {camera}?",
    "compare": "Were there more {things} on {camera} than on {other}?",
    "compare hours": "Did more {things} enter between {hour} and {next} than between {next} and {later}?",
    "before": "Which {things} entered before the first truck stopped?",
    "within after": "Which {things} entered {camera} within 10 seconds after a truck stopped?",
    "while": "Which {things} entered while a truck was in the {zone} on {camera}?",
    "while, in an hour": "How many {things} entered while a truck was in the {zone} between {hour} and {next}?",
    "stayed longer": "Which {things} stayed longer than 14 seconds on {camera}?",
    "did both": "Which {things} entered the {zone} and stopped between {hour} and {next}?",
    "did both, all time": "How many {things} entered the {zone} and stopped?",
    "never": "Which {things} never entered the {zone} between {hour} and {next}?",
    "never, all time": "How many {things} never entered the {zone}?",
    "words": "What happened near an umbrella?",
    "captions": 'Search for "white van near a ladder" on {camera}',
    "coverage": "How much was watched?",
    "coverage of an hour": "Was everything watched on {camera} between {hour} and {next}?",
    "streams": "Which cameras are there?",
    "nothing of it": "Was there a fire between {hour} and {next}?",
}
_NOUNS = {"people": "person", "vehicles": "vehicle", "animals": "animal", "bicycles": "bicycle"}
Times = dict[str, list[tuple[float, float]]]


def questions(rounds: int, end: datetime) -> Iterator[tuple[str, str]]:
    """Kind and text of each question, in rounds over all kinds."""
    chance = random.Random(0)
    names = [stream.name for stream in made.cameras()]
    hours = max(1, int((end - made.START).total_seconds() // 3600) - 3)
    for _ in range(rounds):
        for kind, text in KINDS.items():
            plural, singular = chance.choice(list(_NOUNS.items()))
            camera, other = chance.sample(names, 2)
            at = made.START + timedelta(hours=chance.randrange(hours))
            clock = [f"{at + timedelta(hours=n):%Y-%m-%d %H:%M}" for n in range(3)]
            yield (
                kind,
                text.format(
                    things=plural, thing=singular, camera=camera, other=other, zone=chance.choice(made.ZONES),
                    hour=clock[0], next=clock[1], later=clock[2],
                ),
            )  # fmt: skip


def large(db: Path, rounds: int, *, answers: bool = False) -> None:
    """Ask every kind of question of a store that `memory.fill` made, and print how long it took."""
    store = EmbeddedStore(db)
    streams = store.read(Streams())
    end = max(stream.start + timedelta(seconds=stream.reach_s) for stream in streams)
    taken: Times = {}
    for kind, text in questions(rounds, end):
        wall, cpu = time.perf_counter(), time.thread_time()
        answer = ask(text, store, now=end, tz=UTC)
        taken.setdefault(kind, []).append((time.perf_counter() - wall, time.thread_time() - cpu))
        if answers and len(taken[kind]) == 1:
            print(f"{kind}: {text}\n    {answer.answer[:300]}")
    print(f"\n{sum(stream.events for stream in streams):,} events, {len(streams)} streams, {rounds} of each kind")
    told(taken)
    store.close()


def told(taken: Times) -> None:
    """Print p50 and p95, those of the slowest kind first, then over all questions."""
    print(f"{'ms':28}{'wall p50':>10}{'p95':>10}{'CPU p50':>10}{'p95':>10}")
    rows = sorted(taken.items(), key=lambda item: -_share([wall for wall, _ in item[1]], 0.95))
    for kind, times in [*rows, ("all", [one for some in taken.values() for one in some])]:
        wall, cpu = ([one[at] for one in times] for at in (0, 1))
        cells = (_share(wall, 0.5), _share(wall, 0.95), _share(cpu, 0.5), _share(cpu, 0.95))
        print(f"{kind:28}" + "".join(f"{1000 * cell:>10.1f}" for cell in cells))


def _share(times: list[float], part: float) -> float:
    """The value that `part` of the times do not exceed."""
    return sorted(times)[min(len(times) - 1, int(part * len(times)))]
