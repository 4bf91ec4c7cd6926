"""The broker dies, or is away for a while: what was seen waits on the disk, and all goes on in its order."""

import shutil

from tests.cluster.cluster import CLUSTER, check

AWAY_S = 4.0 * CLUSTER["lease_s"]


def test_killed_and_started_again_it_loses_nothing(cluster, films, undisturbed):
    place = cluster()
    place.start()
    place.watch(*films)
    for some in (3, 12):
        place.until(lambda some=some: place.commits() >= some, "the first commits")
        place.server.kill()
        place.server.start()
    check(place, place.finish(len(films)), undisturbed)


def test_away_for_longer_than_a_lease_it_loses_nothing(cluster, films, undisturbed):
    place = cluster()
    place.start()
    place.watch(*films)
    place.until(lambda: place.commits() >= 3, "the first commits")
    place.server.kill()
    place.let_pass(AWAY_S)
    place.server.start()
    check(place, place.finish(len(films)), undisturbed)


def test_started_again_with_nothing_in_it_what_was_wanted_is_asked_for_again(cluster, films, undisturbed):
    place = cluster()
    place.start()
    watch = place.watch(*films)
    place.until(lambda: place.commits() >= 3, "the first commits")
    place.server.kill()
    shutil.rmtree(place.server.folder / "appendonlydir")
    place.server.start()
    check(place, place.finish(len(films)), undisturbed)
    assert watch.wait(60) == 0, place.tell()
