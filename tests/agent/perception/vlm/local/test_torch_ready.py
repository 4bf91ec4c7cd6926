"""Where a library is absent or broken, one line says what to install: each in a process of its own."""

import subprocess
import sys

import pytest

from tests.tiny_models import BUILDERS

pytestmark = pytest.mark.needs_models

BEGIN = """
import importlib.abc, importlib.machinery, sys
from pathlib import Path

class Breaks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, name, error):
        self.name, self.error = name, error
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise self.error

def absent(name):
    sys.modules[name] = None

def broken(name, error):
    sys.meta_path.insert(0, Breaks(name, error))

"""
LOAD = """
from agent.perception.vlm.local.loading import LoadWish, load
from vidette.errors import ConfigError
try:
    print("loaded", load(LoadWish(path=Path(sys.argv[1]), device="cpu", quantise=sys.argv[2])).family.name)
except ConfigError as error:
    print(error)
"""
NMS = "broken('torchvision', RuntimeError('operator torchvision::nms does not exist'))"


def said(before: str, folder, quantise: str = "none") -> str:
    run = subprocess.run(
        [sys.executable, "-c", BEGIN + before + LOAD, str(folder), quantise],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not run.returncode, run.stderr
    assert run.stdout.count("\n") == 1
    return run.stdout


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_without_the_extra(name, tiny_model):
    line = said(f"absent({name!r})", tiny_model("llava"))
    assert "not installed" in line
    assert "pip install 'vidette[vlm]'" in line


def test_a_torch_that_does_not_load(tiny_model):
    line = said("broken('torch', OSError('libcudart.so.13: cannot open'))", tiny_model("llava"))
    assert line.startswith("torch is installed but cannot be loaded (libcudart.so.13: cannot open)")


def test_a_torchvision_of_another_torch(tiny_model):
    """It would break every class of transformers, under the name of whichever was asked for."""
    line = said(NMS, tiny_model("llava"))
    assert "does not work beside torch" in line
    assert "torchvision::nms does not exist" in line
    assert "pip uninstall torchvision" in line


def test_without_torchvision_a_family_with_videos_says_so(tiny_model):
    line = said("absent('torchvision')", tiny_model("qwen2.5-vl"))
    assert line.startswith("Qwen2.5-VL needs torchvision")
    assert "pip install 'vidette[vlm]'" in line


def test_without_torchvision_a_family_of_pictures_loads(tiny_model):
    assert said("absent('torchvision')", tiny_model("llava")) == "loaded LLaVA-1.5\n"


def test_quantised_without_its_extra(tiny_model):
    line = said("absent('bitsandbytes')", tiny_model("llava"), "4bit")
    assert "pip install 'vidette[quantised]'" in line


def test_nothing_heavy_is_loaded_to_say_what_there_is():
    code = (
        "import sys, agent.perception.vlm.families, agent.perception.vlm.local.loading\n"
        "assert not {'torch', 'transformers', 'PIL', 'numpy.testing'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


FILMED = {"SmolVLM, SmolVLM2", "Qwen2-VL", "Qwen2.5-VL", "Qwen3-VL", "InternVL", "LLaVA-OneVision", "LLaVA-NeXT-Video"}
EVERY = """
absent('torchvision')
from agent.perception.vlm.local.loading import LoadWish, load
from vidette.errors import ConfigError
for folder in sys.argv[1:]:
    try:
        print("loaded", load(LoadWish(path=Path(folder), device="cpu")).family.name)
    except ConfigError as error:
        print(error)
"""


def test_every_family_without_torchvision(tiny_model):
    """Those that the table says take videos need it, the others do not."""
    folders = [str(tiny_model(family)) for family in BUILDERS]
    run = subprocess.run(
        [sys.executable, "-c", BEGIN + EVERY, *folders], capture_output=True, text=True, timeout=300, check=True
    )
    lines = run.stdout.splitlines()
    needing = [line.split(" needs torchvision")[0] for line in lines if "needs torchvision" in line]
    assert set(needing) == FILMED | {"Video-LLaVA"}
    assert sum(line.startswith("loaded ") for line in lines) == len(folders) - len(needing)
