"""Clips are made once a session."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clips import Recipe, make


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Callable[..., Path]:
    """`clip("name.mp4", b_frames=3, ...)`: the clip of that recipe."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def get(name: str, **recipe) -> Path:
        key = f"{name} {recipe}"
        if key not in made:
            place = folder / str(len(made))
            place.mkdir()
            made[key] = make(place / name, Recipe(**recipe))
        return made[key]

    return get
