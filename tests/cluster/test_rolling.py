"""All workers are replaced one after the other under load; the new ones understand what the old ones sent."""

from tests.cluster.cluster import QUEUES, check


def test_workers_replaced_under_load_leave_what_one_process_leaves(cluster, films, undisturbed):
    place = cluster()
    programs = place.start()
    place.watch(*films)
    for number, queue in enumerate([*QUEUES, *QUEUES]):
        some = place.commits() + 2
        place.until(lambda some=some: place.commits() >= some or place.finished(len(films)), "the next commits")
        fresh = place.worker(queue, name=f"{queue}-{number}")
        assert programs[queue].stop() == 0, place.tell()
        programs[queue] = fresh
    check(place, place.finish(len(films)), undisturbed)
