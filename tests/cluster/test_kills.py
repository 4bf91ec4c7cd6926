"""kill -9 of every kind of worker in the middle of its work: nothing is lost, nothing is told twice."""

import signal
from contextlib import suppress

import psutil
import pytest

from tests.cluster.cluster import QUEUES, check, luck
from tests.vlm_server import running

KILLS = 10


def a_child(program, chance) -> None:
    """SIGKILL to one process below it; it is to see to it."""
    below = sorted(program.below(), key=lambda one: one.pid)
    with suppress(psutil.NoSuchProcess):
        if below:
            chance.choice(below).send_signal(signal.SIGKILL)


def all_of_it(program, _chance) -> None:
    """SIGKILL to the worker and all below it; somebody starts it anew."""
    program.start()


def disturb(place, programs, films, chance) -> None:
    """Ten kills, spread over the work."""
    kinds = [(name, how) for how in (a_child, all_of_it) for name in programs if name != "beat"]
    kinds += [("beat", all_of_it)] * 2
    chance.shuffle(kinds)
    kinds = (kinds * 2)[:KILLS]
    for name, how in kinds:
        some = place.commits() + chance.randint(1, 3)
        place.until(lambda some=some: place.commits() >= some or place.finished(films), "the next commits")
        how(programs[name], chance)


@pytest.mark.parametrize("seed", [3])
def test_workers_of_each_kind_killed_ten_times_leave_what_one_process_leaves(cluster, films, undisturbed, seed):
    place, chance = cluster(), luck(seed)
    programs = place.start(*QUEUES)
    place.watch(*films)
    disturb(place, programs, len(films), chance)
    check(place, place.finish(len(films)), undisturbed)


def test_workers_that_look_are_killed_too(cluster, films, inline, tmp_path):
    with running(tmp_path / "asked.jsonl", then="slow") as model:
        vlm = {"backend": "openai", "url": model.url, "model": "m", "together_s": 0}
        wanted = inline(*films[1:], vlm=vlm)
        place, chance = cluster(vlm=vlm), luck(5)
        programs = place.start(*QUEUES, "vision")
        place.watch(*films[1:])
        for _ in range(4):
            some = place.commits() + chance.randint(1, 3)
            place.until(lambda some=some: place.commits() >= some or place.finished(2), "the next commits")
            chance.choice([a_child, all_of_it])(programs["vision"], chance)
        check(place, place.finish(2), wanted)
