"""`vidette models`: every family, how it is reached, and that none was run with real weights."""

import json
import subprocess
import sys

import pytest

from agent.perception.vlm.families import FAMILIES, FIRST
from app import cli

NAMED = """LLaVA-1.5, LLaVA-NeXT 1.6, LLaVA-NeXT-Video, LLaVA-OneVision, Video-LLaVA, Qwen2-VL, Qwen2.5-VL, Qwen3-VL, PaliGemma,
Idefics3, SmolVLM, InternVL, Kosmos-2, Fuyu, BLIP-2, Llama 3.2 Vision, DeepSeek-VL, DeepSeek-VL hybrid, Gemma 3, Florence-2,
Yi-VL, CogVLM, moondream2, NVLM, VILA, LongVILA"""


def test_the_table_names_every_family(capsys):
    assert cli.main(["models"]) == 0
    out = capsys.readouterr().out
    for name in NAMED.split(","):
        assert name.strip() in out
    assert out.count("not run with real weights") == len(FAMILIES)


def test_rows(capsys):
    assert cli.main(["models", "--json"]) == 0
    rows = {row["family"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(rows) == len(FAMILIES)
    assert all({"reached", "images", "video", "masks", "licence", "tried"} <= set(row) for row in rows.values())
    assert all("not run with real weights" in row["tried"] for row in rows.values())
    assert rows["Florence-2"]["masks"]
    assert rows["CogVLM"]["reached"] == "server"
    assert "boxes" not in rows["LLaVA-1.5"]
    assert rows["Yi-VL"]["reached"] == "converted"


def test_it_needs_nothing_heavy():
    code = "import sys; from app.cli import main; main(['models']); assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_first_models_are_of_families_of_the_table():
    for first in FIRST:
        assert any(first.model.startswith(name.strip()) for one in FAMILIES for name in one.name.split(","))


def test_a_folder_that_cannot_be_converted(capsys, tmp_path):
    assert cli.main(["models", "convert", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "no config.json" in capsys.readouterr().err


@pytest.mark.needs_models
@pytest.mark.usefixtures("_torch")
def test_a_folder_that_can(capsys, tmp_path):
    from tests.agent.perception.vlm.local.test_conversion import KINDS, Original

    folder = Original(KINDS[0]).write(tmp_path / "old")
    assert cli.main(["models", "convert", str(folder), str(tmp_path / "new")]) == 0
    assert f"--vlm {tmp_path / 'new'}" in capsys.readouterr().err
    assert (tmp_path / "new" / "chat_template.jinja").is_file()
