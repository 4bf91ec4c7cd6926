"""How well `ask` answers: `make bench`.

1. The questions of tests/agent/ask/questions.py over their scripted store: right ones by kind, of those the grammar was
   written for and of those held out. Right is the kind of the plan, the value, unknown or not, and the cited events.
2. Where ../shared/captions/uca_val.json is there: it is imported as `vidette import` does, every caption is asked as a
   question, and its own event (or one of the same stream with the same words) is looked for among the first 1 and 5.
   All captions, unless that would take longer than --limit seconds, then a fixed sample of 1000.
3. How long an answer takes over a large memory, by kind of question: a store of --events (as memory.py fills it), or
   the one in --large, which is only read.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from memory import fill
from questions_large import large

from agent.ask.ask import LONGEST, ask
from app.importing import take_in
from graph.embedded import EmbeddedStore
from tests.agent.ask.questions import HELD_OUT, TUNED, Question
from tests.agent.ask.scoring import wrong
from tests.agent.ask.world import build
from vidette.ports import GraphStore
from vidette.queries import Events
from vidette.rows import EventRow

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "captions" / "uca_val.json"
SAMPLE = 1000


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--faults", action="store_true", help="say what is wrong with each wrong answer")
    options.add_argument("--captions", type=Path, default=CAPTIONS, help="captions to import and ask")
    options.add_argument("--limit", type=float, default=120.0, help="seconds for all captions; else a sample")
    options.add_argument("--events", type=int, default=100_000, help="events of the large memory; 0 for none")
    options.add_argument("--large", type=Path, help="a store that memory.py filled, to ask instead")
    options.add_argument("--rounds", type=int, default=10, help="questions of each kind asked of it")
    given = options.parse_args()
    the_set(faults=given.faults)
    if given.captions.is_file():
        captions(given.captions, given.limit)
    else:
        print(f"no captions at {given.captions}: not asked")
    if given.large or given.events:
        over_many(given.large, given.events, given.rounds)


def over_many(db: Path | None, events: int, rounds: int) -> None:
    """Answers over a large memory, made where none is given."""
    with tempfile.TemporaryDirectory() as folder:
        if db is None:
            db = Path(folder) / "large.db"
            fill(db, events)
        large(db, rounds)


def the_set(*, faults: bool) -> None:
    """Right answers by kind of question."""
    store = EmbeddedStore(":memory:")
    names = build(store)
    print(f"{'questions':14}{'written for':>14}{'held out':>14}")
    totals = [0, 0, 0, 0]
    for kind in TUNED:
        cells = []
        for at, some in enumerate((TUNED[kind], HELD_OUT[kind])):
            found = [wrong(question, store, names) for question in some]
            right = sum(not fault for fault in found)
            totals[2 * at] += right
            totals[2 * at + 1] += len(some)
            cells.append(f"{right}/{len(some)}")
            if faults:
                print(*(f"  {fault}" for fault in found if fault), sep="\n")
        print(f"{kind:14}{cells[0]:>14}{cells[1]:>14}")
    shares = [f"{100 * totals[at] / totals[at + 1]:.1f} %" for at in (0, 2)]
    print(f"{'all':14}{shares[0]:>14}{shares[1]:>14}")
    print(f"{100 * (totals[0] + totals[2]) / (totals[1] + totals[3]):.1f} % of {totals[1] + totals[3]} questions")
    times(
        "the set",
        _timed(store, [question for some in (TUNED, HELD_OUT) for kind in some.values() for question in kind]),
    )
    store.close()


def _timed(store: GraphStore, questions: Iterable[Question]) -> list[float]:
    out = []
    for text, *_ in questions:
        began = time.perf_counter()
        ask(text, store, now=datetime(2026, 3, 11, 17, tzinfo=UTC), tz=UTC)
        out.append(time.perf_counter() - began)
    return out


def captions(file: Path, limit_s: float) -> None:
    """Each caption asked as a question: its own event first, or among the first five."""
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "captions.db")
        began = time.perf_counter()
        count, streams, _ = take_in(store, file, None, datetime(2026, 1, 1, tzinfo=UTC))
        print(f"\n{count} captions of {streams} streams imported in {time.perf_counter() - began:.1f} s")
        rows = store.read(Events(limit=1_000_000, brief=True))
        _ask_each(store, _chosen(store, rows, limit_s))
        store.close()


def _chosen(store: GraphStore, rows: list[EventRow], limit_s: float) -> list[EventRow]:
    """All rows, or a fixed sample where all would take too long."""
    drawn = random.Random(0).sample(rows, min(len(rows), SAMPLE))
    began = time.perf_counter()
    for row in drawn[:20]:
        _answer(store, row)
    expected = (time.perf_counter() - began) / 20 * len(rows)
    print(f"asked: {'all' if expected <= limit_s else f'a sample of {len(drawn)} (seed 0)'}")
    return rows if expected <= limit_s else drawn


def _answer(store: GraphStore, row: EventRow) -> list[EventRow]:
    answer = ask(row.caption[:LONGEST], store, now=datetime(2026, 1, 2, tzinfo=UTC), tz=UTC)
    return [found for found in answer.rows if isinstance(found, EventRow)]


def _ask_each(store: GraphStore, rows: list[EventRow]) -> None:
    taken, first, five = [], 0, 0
    for row in rows:
        began = time.perf_counter()
        found = _answer(store, row)
        taken.append(time.perf_counter() - began)
        same = [other.id == row.id or (other.stream == row.stream and other.caption == row.caption) for other in found]
        first += any(same[:1])
        five += any(same[:5])
    print(
        f"own event first: {100 * first / len(rows):.1f} %, among the first five: {100 * five / len(rows):.1f} % of {len(rows)}"
    )
    times("each", taken)


def times(what: str, taken: list[float]) -> None:
    """Median and 95th percentile."""
    ranked = sorted(taken)
    p50, p95 = (1000 * ranked[int(share * (len(ranked) - 1))] for share in (0.5, 0.95))
    print(f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


if __name__ == "__main__":
    main()
