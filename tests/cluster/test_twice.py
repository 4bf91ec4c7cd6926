"""Every message of every kind is delivered twice, at once, to workers that do both at the same time."""

import json
from uuid import uuid4

from tests.cluster.cluster import check
from workers.queue.routing import PRIORITIES, waiting_key


def waiting(place, queue) -> list[str]:
    """Keys of the lists in which messages of a queue wait, one a priority."""
    return [waiting_key(queue, priority) for priority in PRIORITIES]


def count(place, queue) -> int:
    """How many wait."""
    return sum(place.redis.llen(key) for key in waiting(place, queue))


class Echo:
    """Puts everything that waits there a second time, under a delivery of its own."""

    def __init__(self, place, *queues) -> None:
        self.place, self.queues, self.count, self.known = place, queues, 0, set()

    def __call__(self) -> None:
        for queue in self.queues:
            for key in waiting(self.place, queue):
                for text in self.place.redis.lrange(key, 0, -1):
                    self._again(key, json.loads(text))

    def _again(self, key, message) -> None:
        properties = message["properties"]
        if properties["delivery_tag"] in self.known:
            return
        self.known.add(properties["delivery_tag"])
        properties["delivery_tag"] = str(uuid4())
        self.known.add(properties["delivery_tag"])
        self.place.redis.rpush(key, json.dumps(message))
        self.count += 1


def test_what_is_delivered_twice_at_once_is_done_once(cluster, films, undisturbed):
    place = cluster()
    beat = place.beat()
    echo = Echo(place, "ingest", "settle", "deliver")
    place.watch(*films)
    place.until(lambda: count(place, "ingest"), "watches to be asked for")
    echo()
    place.worker("ingest", at_once=6)
    place.until(lambda: count(place, "settle") >= 4, "observations to wait")
    echo()
    for number in range(2):
        place.worker("settle", "deliver", name=f"both-{number}")
    place.until(lambda: echo() or place.finished(len(films)), "all to be watched and told of")
    assert echo.count >= 10
    assert beat.alive
    check(place, place.held(), undisturbed)
