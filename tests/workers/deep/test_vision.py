"""Who does not ask the model needs to know only which one it is."""

import subprocess
import sys

import pytest

from agent.perception.vlm.local.vision import run_of
from ingest.media import MemoryMedia
from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.deep.vision import vision_of

pytestmark = pytest.mark.needs_models

ELSEWHERE = """
import sys
for name in ("torch", "transformers", "llguidance", "PIL", "torchvision", "accelerate", "safetensors"):
    sys.modules[name] = None
from ingest.media import MemoryMedia
from vidette.errors import ConfigError
from vidette.settings import Settings
from workers.deep.vision import vision_of
settings = Settings(vlm={"backend": "transformers", "path": sys.argv[1]})
print(vision_of(settings, MemoryMedia(), asked=False).run.id)
try:
    vision_of(settings, MemoryMedia())
except ConfigError as error:
    print(error)
"""


def test_where_others_ask_it_a_model_needs_no_libraries_and_is_the_same_run(tiny_model):
    folder = str(tiny_model("smolvlm"))
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, folder], capture_output=True, text=True, timeout=120, check=True
    )
    here, refused = ran.stdout.splitlines()
    asked = vision_of(Settings(vlm={"backend": "transformers", "path": folder}), MemoryMedia())
    assert here == asked.run.id == run_of(asked._wish).id
    assert "pip install 'vidette[vlm]'" in refused


def test_its_folder_is_needed_everywhere(tmp_path):
    settings = Settings(vlm={"backend": "transformers", "path": str(tmp_path / "gone")})
    with pytest.raises(ConfigError, match="gone"):
        vision_of(settings, MemoryMedia(), asked=False)
