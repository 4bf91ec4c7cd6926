"""The broker keeps its connections and says nothing for half a minute, while films and a camera are being watched."""

import time
from itertools import pairwise

import pytest

from app.simulation.camera import Camera, missing
from tests.cluster.cluster import QUEUES, check
from tests.live.test_same_events import NEAR_S, SAMPLE, street
from vidette.families import CAMERA
from vidette.models import FastState
from vidette.queries import CoverageIn, Events

__all__ = ["street"]

SILENT_S = 30.0
NAME = "street"


@pytest.fixture
def camera(street):
    """It shows a street once, from when it is first looked at."""
    if lacking := missing():
        pytest.skip(lacking)
    with Camera([street], once=True) as server:
        yield server


@pytest.fixture
def at_the_camera(cluster, camera):
    """`at_the_camera(place)`: a cluster beside it that watches the camera, with one process for each kind of job."""

    def watching(place):
        stream = {"name": NAME, "source": camera.address, "idle": "full", "overload": "hold"}
        beside = cluster(beside=place, streams=[stream], sample=SAMPLE)
        for queue in QUEUES:
            beside.worker(queue, at_once=1)
        beside.beat()
        beside.until(lambda: beside.commits() > 0, "the camera to be watched")
        return beside

    return watching


def seen(events, at):
    """What happened, by type, with seconds of the clip."""
    return sorted((row.type, at(row)) for row in events if row.type not in CAMERA)


def told(held):
    """The rules of all alerts, and of each whether the desk was told of it."""
    received = {alert["id"] for _, alert in held["received"]}
    return sorted((row.rule, row.id in received) for row in held["alerts"])


def test_silent_for_half_a_minute_it_loses_nothing(cluster, films, street, inline, request, at_the_camera, camera):
    place = cluster()
    place.start()
    beside = at_the_camera(place)
    place.watch(*films)
    place.until(lambda: place.commits() >= 3, "the first commits")
    place.server.pause()
    resumes_at = time.monotonic() + SILENT_S
    try:
        undisturbed, file = request.getfixturevalue("undisturbed"), inline(street, sample=SAMPLE)  # meanwhile
        place.until(lambda: time.monotonic() > resumes_at, "half a minute to pass")
        assert not place.finished(len(films))
    finally:
        place.server.resume()
    check(place, place.finish(len(films)), undisturbed)
    began, over = camera.wait("began").at, camera.wait("played").at
    rows = lambda: beside.store.read(CoverageIn())  # noqa: E731  each time anew
    beside.until(lambda: rows() and rows()[-1].end.timestamp() > over and beside.told(), "the camera's end")
    during = [row for row in rows() if row.end.timestamp() > began + 1 and row.start.timestamp() < over - 1]
    assert {row.state for row in during} == {FastState.WATCHED}, rows()
    assert all(one.end_s == next_.start_s for one, next_ in pairwise(rows())), rows()
    found = seen(beside.store.read(Events(limit=1000)), lambda row: row.start.timestamp() - began)
    wanted = seen(file["events"], lambda row: row.start_s)
    assert [type_ for type_, _ in found] == [type_ for type_, _ in wanted], (found, wanted)
    assert [at for _, at in found] == pytest.approx([at for _, at in wanted], abs=NEAR_S)
    assert told(beside.held()) == told(file)
