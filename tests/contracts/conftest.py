"""Graph stores hold a yard; runners are held to their contract on what the flow's tests stand on."""

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.graph_stores import STORES
from tests.yard import YARD
from vidette.ports import GraphStore

_spec = spec_from_file_location("flow_fixtures", Path(__file__).parents[1] / "workers" / "conftest.py")
_flow = module_from_spec(_spec)
_spec.loader.exec_module(_flow)

clip, other_clip, media, memory, spec_of = _flow.clip, _flow.other_clip, _flow.media, _flow.memory, _flow.spec_of
held, _watched, both = _flow.held, _flow._watched, _flow.both
on_celery = _flow.on_celery


@pytest.fixture(params=list(STORES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    store = STORES[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture
def store(opened: GraphStore) -> GraphStore:
    assert opened.open_stream(YARD) is None
    return opened
