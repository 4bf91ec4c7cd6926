import pytest

from tests.workers.cameras.fleets import Run


@pytest.fixture
def fleet(memory, tmp_path):
    running = []

    def start(*names, changes=None, name="vidette", vision=None, **settings):
        running.append(Run(memory(name, vision, media=str(tmp_path), **settings), *names, changes=changes))
        return running[-1]

    yield start
    for run in running:
        run.end()
