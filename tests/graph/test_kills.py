"""kill -9 while a store is written: what was said to be settled is there, whole, and the rest goes on from it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from graph.embedded import EmbeddedStore
from vidette.queries import Count, CoverageIn, Events, LastCommit, Segments, Tracks, WholeGraph

LAST = 60
# Each observation says one event, closes the one before, follows a track and has a carry of its own.
WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from graph.embedded import EmbeddedStore
from vidette.models import *
from vidette.streams import Stream

stream = Stream(id="yard", name="yard", kind="file", uri="x.mp4", start=datetime(2026, 3, 1, tzinfo=UTC))
run = Run(id="fast", model="fast", revision="1")

def said(number, end, suffix=""):
    return Assertion(id=f"e{number}{suffix}", stream_id="yard", look="fast", run_id="fast", type=EventType.LOITERING,
        start_s=float(number), end_s=end, confidence=0.5, caption=f"number{number} stays", of=f"e{number}",
        state=State.OPEN if end is None else State.CLOSED, roles=(Role(role="subject", track_id=f"t{number}"),))

def observation(number):
    box = (0.1, 0.1, 0.2, 0.2)
    track = Track(id=f"t{number}", stream_id="yard", label=Label.PERSON, start_s=number, end_s=None, confidence=0.5,
        path=tuple(PathPoint(pts_s=number + at / 8, box=box) for at in range(8)))
    closed = (said(number - 1, float(number), "b"),) if number else ()
    return Observation(id=f"o{number}", stream_id="yard", look="fast", run=run, sequence=number, start_s=number,
        end_s=number + 1, watermark_s=number + 1, tracks=(track,), assertions=(said(number, None), *closed),
        segments=(Segment(id=f"s{number}", stream_id="yard", start_s=number, end_s=number + 1, caption=f"second {number}"),),
        coverage=(Coverage(stream_id="yard", start_s=number, end_s=number + 1, state=FastState.WATCHED,
            deep=DeepState.OFF, reason=str(number % 3)),), carry=bytes([number]) * 30_000)

store = EmbeddedStore(Path(sys.argv[1]))
commit = store.open_stream(stream)
for number in range(commit.sequence + 1 if commit else 0, int(sys.argv[2])):
    store.settle(observation(number))
    print(number, flush=True)
print("done", flush=True)
sys.stdin.readline()
"""


def killed(db: Path, after: int) -> int:
    """Write until `after` is settled, kill the writer while it goes on; -> the last that it said is settled."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(db), str(LAST)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = -1
        for line in writer.stdout:
            told = told if line == "done\n" else int(line)
            if told >= after or line == "done\n":
                break
        writer.kill()
        rest = [int(line) for line in writer.stdout if line.strip().isdigit()]
    return max([told, *rest])


def held(db: Path) -> list[object]:
    store = EmbeddedStore(db)
    asked = (Events(limit=999), Tracks(limit=999), Segments(limit=999), CoverageIn(limit=999), WholeGraph(limit=9999))
    out: list[object] = [store.read(one) for one in asked]
    out.append(store.read(LastCommit(stream_id="yard")))
    store.close()
    return out


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    db = tmp_path_factory.mktemp("whole") / "v.db"
    assert killed(db, LAST) == LAST - 1
    return held(db)


def test_nothing_settled_is_lost_and_the_rest_goes_on(tmp_path: Path, undisturbed: list[object]) -> None:
    db = tmp_path / "v.db"
    for after in (0, 7, 23, 24, 41):
        told = killed(db, after)
        store = EmbeddedStore(db)
        commit = store.read(LastCommit(stream_id="yard"))
        assert commit is not None
        assert commit.sequence >= told
        assert commit.carry == bytes([commit.sequence]) * 30_000
        assert store.read(Count(of="events")) == store.read(Count(of="tracks")) == commit.sequence + 1
        store.close()
        with sqlite3.connect(db) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        plain.close()
    killed(db, LAST)
    assert held(db) == undisturbed
