import pytest

from tests.workers.watches.way import Way


@pytest.fixture
def way(tmp_path):
    made = Way(tmp_path / "spool")
    yield made
    made.store.close()
