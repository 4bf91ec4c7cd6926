"""Our folders have plain names; nobody else who is installed here may own one of them."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_owns_our_name(name):
    assert set(packages_distributions().get(name, [])) <= {"vidette"}


@pytest.mark.parametrize("name", PACKAGES)
def test_the_name_imports_our_folder(name):
    module = __import__(name)
    assert Path(next(iter(module.__path__))).resolve() == ROOT / name


def test_every_folder_with_code_is_packaged_and_checked():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(PACKAGES)
    assert set(PROJECT["tool"]["mypy"]["packages"]) == folders
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == folders
    assert set(PROJECT["tool"]["coverage"]["run"]["source"]) == folders
