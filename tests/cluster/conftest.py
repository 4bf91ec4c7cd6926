"""Clusters for tests, and what an undisturbed watch in one process leaves of the same films."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster, Place, closing, said
from tests.cluster.desk import Desk
from tests.cluster.films import film
from tests.redis_server import RedisServer

SECONDS = (50, 45, 40)


@pytest.fixture(scope="session")
def films(tmp_path_factory) -> list[Path]:
    """Three films of different places."""
    folder = tmp_path_factory.mktemp("films")
    return [film(folder / f"place{seed}.mp4", seconds, seed) for seed, seconds in enumerate(SECONDS, 1)]


@pytest.fixture(scope="session")
def media(tmp_path_factory) -> Path:
    """One folder of pictures for all: they have content addresses."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def inline(tmp_path_factory, media):
    """`inline(*films, **settings)`: what one process makes of them, all that it remembers and tells."""

    def leaves(*films: Path, options=(), **settings) -> dict:
        folder = tmp_path_factory.mktemp("inline")
        desk = Desk(folder)
        with closing(Place(folder, said(folder / "v.db", media, desk, **settings), desk)) as place:
            watch = place.watch(*films, options=options)
            assert watch.wait(240) == 0, place.tell()
            assert place.finished(len(films)), place.tell()
            return place.held()

    return leaves


@pytest.fixture(scope="session")
def undisturbed(inline, films) -> dict:
    """Of the three films, without a vision model."""
    held = inline(*films)
    assert {row.rule for row in held["alerts"]} == {"passing", "parked"}
    assert len(held["received"]) >= 10
    return held


@pytest.fixture
def cluster(tmp_path, media):
    """`cluster(**settings)`: a broker, a memory and a desk; programs are started by the test.

    `beside`: another cluster, on whose broker it has a database of its own.
    """
    with ExitStack() as stack:

        def server() -> RedisServer:
            (tmp_path / "redis").mkdir()
            return stack.enter_context(RedisServer(tmp_path / "redis", aof=True))

        def made(db: str = "", beside: Cluster | None = None, **settings) -> Cluster:
            folder = tmp_path / "beside" if beside else tmp_path
            folder.mkdir(exist_ok=True)
            desk = Desk(folder)
            all_of_it = said(db or folder / "v.db", media, desk, **settings)
            place = Cluster(folder, all_of_it, desk, beside.server if beside else server(), database=int(bool(beside)))
            stack.enter_context(closing(place))
            return place

        yield made
