"""Tables are built when they are first used: by whom, and by how many at once, makes no difference."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pydantic import ValidationError

from vidette.bounded import Model, Share
from vidette.settings import Settings

THREADS = 8


def made() -> type[Model]:
    class Inner(Model):
        share: Share = 0.5

    class Outer(Model):
        inner: Inner = Inner()
        many: tuple[Inner, ...] = ()

    return Outer


def test_a_table_is_not_built_before_it_is_used():
    table = made()
    assert not table.__pydantic_complete__
    assert table().model_dump() == {"inner": {"share": 0.5}, "many": ()}
    assert table.__pydantic_complete__


@pytest.mark.parametrize("use", ["validate", "dump", "schema"])
def test_threads_that_use_a_table_first_all_find_it_whole(use):
    for _ in range(20):
        table, ready = made(), Barrier(THREADS)

        def one(_: int, table: type[Model] = table, ready: Barrier = ready) -> object:
            ready.wait(30)
            if use == "validate":
                return table.model_validate({"many": [{"share": 1}]}).model_dump_json()
            return table().model_dump_json() if use == "dump" else str(table.model_json_schema())

        with ThreadPoolExecutor(THREADS) as pool:
            assert len(set(pool.map(one, range(THREADS)))) == 1


def test_a_part_refuses_what_it_does_not_know_wherever_it_is_built():
    table = made()
    with pytest.raises(ValidationError, match=r"inner\.other"):
        table.model_validate({"inner": {"other": 1}})
    with pytest.raises(ValidationError, match=r"many\.0\.share"):
        table.model_validate({"many": [{"share": 2}]})


def test_defaults_are_what_they_are_after_a_way_as_json():
    """60 would be 60.0 then, and an id that is made of it another one."""
    settings = Settings()
    again = Settings.model_validate_json(settings.model_dump_json(by_alias=True))
    assert repr(again) == repr(settings)
