"""docs/cluster.md followed word by word, without containers, to an answer about a video."""

import pytest

from tests.newcomer import QUESTION, ROOT, Newcomer, blocks, section

PAGE = (ROOT / "docs" / "cluster.md").read_text()


@pytest.fixture
def newcomer(tmp_path):
    machine = Newcomer(tmp_path)
    yield machine
    machine.leave()


@pytest.mark.integration
def test_without_containers(newcomer):
    text = section(PAGE, "Without containers")
    (settings,) = blocks(text, "yaml")
    commands = "".join(blocks(text, "bash"))
    assert QUESTION in commands
    expected = newcomer.alone()
    (newcomer.project / "vidette.yml").write_text(newcomer.here(settings))
    assert expected in newcomer.follow(commands)
