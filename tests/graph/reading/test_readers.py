"""Every query has who answers it, and what answers is there."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import vidette
from graph.reading.readers import READERS, reader_of
from vidette.errors import StoreError
from vidette.queries import Query

MODULES = [import_module(f"vidette.{one.name}") for one in iter_modules(vidette.__path__)]
QUERIES = {
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Query) and value is not Query
}


@pytest.mark.parametrize("kind", sorted(QUERIES, key=lambda kind: kind.__name__))
def test_every_query_has_a_reader(kind):
    assert reader_of(kind).__name__ == READERS[kind.__name__].partition(":")[2]


def test_every_reader_is_of_a_query():
    assert {kind.__name__ for kind in QUERIES} == set(READERS)
    assert len(QUERIES) == len(READERS)  # no two of one name


def test_what_is_no_query_of_this_store_is_refused():
    class Events(Query[int]):
        """Of that name, but not ours."""

    class Unheard(Query[int]):
        """Of no known name."""

    for kind in (Events, Unheard):
        with pytest.raises(StoreError, match=f"{kind.__name__} is no query of this store"):
            reader_of(kind)
