"""Undisturbed, a cluster leaves what one process leaves: memory, ledger, alerts, messages."""

import pytest

from tests.cluster.cluster import QUEUES, START, check
from tests.vlm_server import running
from workers.shared.broker import Broker
from workers.shared.presence import counted

NAME = "night_ir_cat.mp4"


def test_many_films_over_several_workers_leave_what_one_process_leaves(cluster, films, undisturbed):
    place = cluster()
    place.start()
    second = place.worker("ingest", name="second")
    watch = place.watch(*films)
    check(place, place.finish(len(films)), undisturbed)
    place.until(lambda: not watch.alive, "who asked for it to be through")
    assert watch.process.returncode == 0, place.tell()
    assert second.stop() == 0, place.tell()


def test_a_long_film_in_spans_leaves_what_one_process_leaves_of_it_whole(cluster, films, inline):
    place = cluster()
    place.start()
    watch = place.watch(films[0], options=["--span", "12"])
    check(place, place.finish(1), inline(films[0]))
    place.until(lambda: not watch.alive, "who asked for it to be through")
    assert watch.process.returncode == 0, place.tell()


def test_a_long_film_that_others_decode_ahead_leaves_what_one_process_leaves(cluster, films, inline):
    place = cluster()
    place.start("settle", "deliver")
    place.worker("ingest", at_once=3)
    place.watch(films[0])
    check(place, place.finish(1), inline(films[0]))
    place.until(lambda: decoded(place) >= 2, "spans to be counted that others decoded")
    place.until(lambda: not list(place.redis.scan_iter("vidette:decod*")), "nothing to be left of them")


def decoded(place) -> int:
    """How many spans were decoded ahead: all that was done by workers who watch, but for the watch."""
    return counted(Broker(place.settings.broker), ("ingest",))["ingest"].done - 1


def test_with_a_vision_model_it_leaves_what_one_process_leaves(cluster, films, inline, tmp_path):
    """What the model was asked in one process was recorded: another question has no answer, and would be a failed look.

    No rules: which of two looks that come in any order raises an alert is not the same each time, in one process neither.
    """
    told = {"backend": "recorded", "path": str(tmp_path / "recorded")}
    with running(tmp_path / "asked.jsonl") as model:
        other = {"name": "model", "backend": "openai", "url": model.url, "model": "m"}
        wanted = inline(*films[1:], rules=[], vlm={**told, "record_from": "model", "others": [other]})
    assert {str(row.deep) for row in wanted["coverage"]} >= {"examined"}
    place = cluster(rules=[], vlm=told)
    place.start(*QUEUES, "vision")
    place.watch(*films[1:])
    check(place, place.finish(2), wanted)


@pytest.mark.real_clips
def test_a_real_film_leaves_what_one_process_leaves(cluster, videos, inline):
    place = cluster()
    place.start()
    place.watch(videos / NAME)
    check(place, place.finish(1), inline(videos / NAME))


def test_films_that_are_watched_already_are_not_watched_again(cluster, films, inline):
    place = cluster()
    place.start()
    assert place.watch(films[2]).wait(120) == 0, place.tell()
    before = place.held()
    again = place.run("again", "watch", str(films[2]), "--start-time", START.isoformat())
    assert again.wait(120) == 0, place.tell()
    assert "watched before" in again.said()
    check(place, place.held(), before)
    check(place, before, inline(films[2]))
