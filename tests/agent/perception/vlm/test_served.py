"""Watches over servers that do wrong: whatever they do, each segment ends examined or failed, and nothing is lost.

The servers are processes of their own: ours, which enforces the schema and does wrong as it is told (tests.vlm_server).
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.perception.deep import deep_look, failed_id, look_id
from agent.perception.vlm.breaker import FAILURES, Breaker
from agent.perception.vlm.server import Patience
from app import cli
from graph.embedded import EmbeddedStore
from tests.app.conftest import draw
from tests.vlm_server import FAULTS, running
from vidette.models import DeepState
from vidette.queries import AssertionsOf, CoverageIn, Entities, Events, Filter, Segments, Settled, Tracks

ROOT = Path(__file__).resolve().parents[4]
ALL = 100_000
PATIENCE_S = 120.0
SETTINGS = """
segments: {max_s: 0.8}
vlm: {backend: openai, url: "URL", model: tiny, profile: vllm, timeout_s: 1, deadline_s: 20, retries: 1, concurrency: 2, together_s: 0MORE}
"""
FALLBACK = ", fallback: second, others: [{name: second, backend: openai, url: 'URL', model: other, profile: vllm}]"
GOOD_AT_LAST = {"slow"}


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("yard") / "yard.mp4", 13, [(1, 4), (5, 8), (9, 12)])


class Place:
    """A database, and watches of the yard into it."""

    def __init__(self, folder: Path, clip: Path) -> None:
        self.folder, self.db, self.clip = folder, folder / "v.db", clip

    def command(self, server, more: str = "") -> list[str]:
        path = self.folder / "v.yml"
        path.write_text(SETTINGS.replace("URL", server.url, 1).replace("MORE", more))
        source = [str(self.clip), "--name", "yard", "--start-time", "2026-05-01T12:00:00Z"]
        return ["watch", *source, "--db", str(self.db), "--config", str(path), "-q"]

    def watch(self, server, more: str = "") -> None:
        """To its end, in this process."""
        assert cli.main(self.command(server, more)) == 0

    def read(self, query):
        store = EmbeddedStore(self.db)
        try:
            return store.read(query)
        finally:
            store.close()

    def ends(self) -> list[DeepState]:
        """How the deep look at each segment with pictures ended: the state of the middle of its time."""
        rows, found = self.read(CoverageIn()), []
        for segment in self.read(Segments(limit=ALL)):
            if segment.keyframes:
                middle = (segment.start_s + segment.end_s) / 2
                found += [row.deep for row in rows if row.start_s <= middle < row.end_s]
        return found

    def held(self) -> dict[str, list]:
        """What memory says, but for what looks cost."""
        events = self.read(Events(where=Filter(retracted=True), limit=ALL))
        return {
            "events": events,
            "says": [sorted(one.id for one in self.read(AssertionsOf(event_id=event.id))) for event in events],
            "tracks": self.read(Tracks(limit=ALL)),
            "entities": sorted(self.read(Entities(limit=ALL)), key=lambda row: row.id),
            "segments": self.read(Segments(limit=ALL)),
            "coverage": self.read(CoverageIn()),
        }


@pytest.fixture
def place(tmp_path, yard):
    return Place(tmp_path, yard)


@pytest.fixture(scope="module")
def undisturbed(yard, tmp_path_factory):
    """What is held after a watch with a good server, and what that was asked."""
    folder = tmp_path_factory.mktemp("undisturbed")
    place = Place(folder, yard)
    with running(folder / "asked.jsonl") as server:
        place.watch(server)
        asked = server.asked()
    assert set(place.ends()) == {DeepState.EXAMINED}
    assert DeepState.PENDING not in {row.deep for row in place.read(CoverageIn())}
    assert len(asked) == len(set(asked)) == len(place.ends()) >= 8
    assert {row["fault"] for row in server.rows()} == {"ok"}
    return place.held(), asked


def test_what_it_says_is_of_the_pictures_that_it_was_sent(undisturbed):
    held, _ = undisturbed
    captions = [row.caption for row in held["segments"] if row.keyframes]
    assert all(" pictures: " in one for one in captions)
    assert len(set(captions)) >= len(captions) // 2


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_costs_no_segment(fault, place, undisturbed):
    with running(place.folder / "asked.jsonl", faults=f"ok,{fault},ok") as server:
        place.watch(server)
        faults = [row["fault"] for row in server.rows() if not row["ended"]]
    assert faults.count(fault) == 1
    assert len(faults) == len(undisturbed[1]) + (fault not in GOOD_AT_LAST)
    assert set(place.ends()) == {DeepState.EXAMINED}
    if fault not in GOOD_AT_LAST:
        assert place.held() == undisturbed[0]


@pytest.mark.parametrize("fault", ["broken", "hang", "cut", "html", "wrong", "length"])
def test_a_server_that_never_answers_well_leaves_failed_looks_which_are_owed(fault, place, undisturbed):
    held, asked = undisturbed
    with running(place.folder / "bad.jsonl", then=fault) as server:
        place.watch(server)
        tries = len(server.asked())
    assert set(place.ends()) == {DeepState.FAILED}
    assert 0 < tries <= 2 * len(asked)
    if fault in {
        "busy",
        "broken",
        "hang",
        "cut",
        "dropped",
        "html",
    }:  # it fails, so it is left alone; two ask at a time
        assert tries <= 2 * (FAILURES + 1)
    with running(place.folder / "good.jsonl") as server:
        place.watch(server)
        assert sorted(server.asked()) == sorted(asked)
    assert place.held() == held


@pytest.mark.parametrize("seed", range(2))
def test_with_any_mix_of_faults_each_segment_ends_examined_or_failed(seed, place, undisturbed):
    held, asked = undisturbed
    with running(place.folder / "bad.jsonl", chance=0.6, seed=seed) as server:
        place.watch(server)
        faults = {row["fault"] for row in server.rows()}
    ends = place.ends()
    assert len(faults) > 4
    assert len(ends) == len(asked)
    assert set(ends) <= {DeepState.EXAMINED, DeepState.FAILED}
    assert DeepState.PENDING not in {row.deep for row in place.read(CoverageIn())}
    with running(place.folder / "good.jsonl") as server:
        place.watch(server)
        # One that took too long on a busy machine is asked again.
        assert len(set(server.asked())) == ends.count(DeepState.FAILED)
    assert set(place.ends()) == {DeepState.EXAMINED}
    assert [row.id for row in place.held()["segments"]] == [row.id for row in held["segments"]]


def test_the_second_server_answers_for_the_first_which_still_owes_it(place, undisturbed):
    held, asked = undisturbed
    with running(place.folder / "bad.jsonl", then="broken") as bad, running(place.folder / "good.jsonl") as good:
        place.watch(bad, FALLBACK.replace("URL", good.url))
        assert len(bad.asked()) <= 2 * (FAILURES + 1)
        assert len(good.asked()) == len(asked)
    assert set(place.ends()) == {DeepState.EXAMINED}
    with running(place.folder / "later.jsonl") as later:
        place.watch(later)
        assert sorted(later.asked()) == sorted(asked)
    assert place.held()["coverage"] == held["coverage"]


def test_its_breaker_opens_over_a_bad_hour_and_closes_after_it(asking, request_, tmp_path):
    now = [0.0]
    breaker = Breaker(failures=3, open_s=30, clock=lambda: now[0])
    patience = Patience(timeout_s=20, deadline_s=60, retries=0)
    with running(tmp_path / "asked.jsonl", faults="ok,broken,html,dropped,cut") as server:
        model = asking(server, patience=patience, breaker=breaker, profile="vllm")

        def looks(many):
            return [deep_look(model, request_).coverage[0].deep.value for _ in range(many)]

        assert looks(6) == ["examined", *["failed"] * 5]
        assert len(server.asked()) == 4  # the last two found it open
        now[0] += 30
        assert looks(2) == ["failed", "failed"]  # tried with one question, which was cut
        assert len(server.asked()) == 5
        now[0] += 30
        assert looks(3) == ["examined"] * 3
        assert len(server.asked()) == 8


def until(true, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def settled(place: Place, run_id: str, made=look_id) -> int:
    """How many segments of the yard a run examined, in a memory that another process writes."""
    if not place.db.is_file():
        return 0
    ids = tuple(made(row.id, run_id) for row in place.read(Segments(limit=ALL)))
    return len(place.read(Settled(ids=ids)))


def killed(place: Place, server, true) -> None:
    """A watch in a process of its own, which is killed as soon as it is true."""
    command = [sys.executable, "-m", "app.cli", *place.command(server)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        until(lambda: true() or process.poll() is not None, "the time to kill")
        through = process.poll() is not None
        if not through:
            os.killpg(process.pid, signal.SIGKILL)
    assert not through, "the watch was through before it was killed"


@pytest.fixture(scope="module")
def run_id(undisturbed):
    """Of the model that all servers here claim to be."""
    (run,) = {run.id for event in undisturbed[0]["events"] for run in event.runs if run.model == "tiny"}
    return run


def test_a_watch_killed_amid_its_looks_does_only_those_that_are_missing(place, undisturbed, run_id):
    held, asked = undisturbed
    with running(place.folder / "bad.jsonl", faults="ok,ok,ok,ok", then="hang") as server:
        killed(place, server, lambda: settled(place, run_id) >= 3 and "hang" in {one["fault"] for one in server.rows()})
        begun = server.asked()
    done = settled(place, run_id)
    assert 3 <= done <= 4
    assert settled(place, run_id, failed_id) == 0
    with running(place.folder / "good.jsonl") as server:
        place.watch(server)
        again = server.asked()
    assert len(again) == len(asked) - done
    assert set(again) | set(begun[:4]) == set(asked)
    assert place.held() == held


def test_killed_again_and_again_nothing_is_asked_twice_that_was_settled(place, undisturbed, run_id):
    held, asked = undisturbed
    done = 0
    for turn, many in enumerate((1, 3, 2)):
        log = place.folder / f"{turn}.jsonl"
        with running(log, faults=",".join(["ok"] * many), then="hang") as server:
            killed(place, server, lambda done=done, many=many: settled(place, run_id) >= done + many)
            begun = server.asked()
        assert len(set(begun[:many])) == many
        done += many
        assert settled(place, run_id) == done
    with running(place.folder / "good.jsonl") as server:
        place.watch(server)
        assert len(server.asked()) == len(asked) - done
    assert place.held() == held
