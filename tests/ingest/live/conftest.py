"""Films are made once a session."""

import pytest

from tests.filming import RECIPES, filmed


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    return {name: filmed(folder / name, 20, **recipe) for name, recipe in RECIPES.items()}
