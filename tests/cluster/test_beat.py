"""Beat dies: whoever takes its place finds what nobody does."""

from tests.cluster.cluster import check


def test_killed_beat_is_replaced_by_the_one_that_waits(cluster, films, undisturbed):
    place = cluster()
    programs = place.start()
    waiting = place.beat("waiting")
    place.watch(*films)
    place.until(lambda: place.commits() >= 4, "the first commits")
    programs["beat"].kill()
    programs["ingest"].start()  # its films have nobody now, and only a beat sees it
    check(place, place.finish(len(films)), undisturbed)
    assert waiting.alive, place.tell()
