"""The docs say what the code does: generated pages are in step, links lead somewhere, commands exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from app import reference
from app.cli import commands
from vidette.configuration import load, problems
from vidette.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_generated_pages_are_in_step(name):
    assert (ROOT / name).read_text(encoding="utf-8") == reference.pages()[name]


def test_check_tells_when_a_page_is_out_of_step(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert reference.main(["--check"]) == 1
    assert "docs/cli.md is out of step" in capsys.readouterr().err
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def test_the_example_says_the_defaults():
    file = ROOT / "vidette.example.yml"
    assert problems(file, {}) == []
    assert load(file, {}) == Settings()
    text = file.read_text(encoding="utf-8")
    assert all(f"\n{key}:" in text for key in Settings.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
        link = target[0] or target[1]
        assert link.startswith("http") or (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_docs_exist(page):
    with click.Context(commands, info_name="vidette") as ctx:
        for line in re.findall(r"(?m)^(?:\$ )?vidette ([a-z].*)$", page.read_text(encoding="utf-8")):
            words = shlex.split(line.split("#")[0])
            command = commands.get_command(ctx, words[0])
            assert command is not None, line
            options = {option for param in command.params for option in param.opts}
            used = {word.split("=")[0] for word in words[1:] if word.startswith("--")}
            assert used <= options | {"--debug"} or isinstance(command, click.Group), line


def test_every_decision_has_its_five_parts():
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        heads = re.findall(r"(?m)^## (.+)$", page.read_text(encoding="utf-8"))
        assert heads == ["Context", "Decision", "Consequences", "Alternatives", "References"], page


def test_the_changelog_knows_this_version_or_what_is_coming():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text
    assert "### Added" in text
