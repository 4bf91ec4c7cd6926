import sys
from functools import partial
from pathlib import Path

import pytest

from tests.machines import Machines
from tests.redis_server import emptied
from tests.workers.watches.way import Way
from workers.cameras.child import Child

SCRIPT = Path(__file__).parents[1] / "cameras" / "scripted_camera.py"


@pytest.fixture
def way(tmp_path):
    made = Way(tmp_path / "spool")
    yield made
    made.store.close()


@pytest.fixture
def machines(memory, tmp_path, monkeypatch):
    monkeypatch.setattr("workers.cameras.succession.TAKEN_S", 2.0)
    with emptied() as redis:
        opened = lambda **settings: memory(media=str(tmp_path / "media"), **settings)  # noqa: E731  the folder is known
        made = Machines(redis, opened, partial(Child, command=(sys.executable, str(SCRIPT))))
        yield made
        made.close()
