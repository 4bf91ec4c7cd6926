"""Whatever is wrong with a model's folder is one line; what loads is loaded as the device asks."""

import json
import shutil
from types import SimpleNamespace

import pytest

from vidette.errors import ConfigError

pytestmark = [pytest.mark.needs_models, pytest.mark.usefixtures("_torch")]


@pytest.fixture
def folder(tiny_model, tmp_path):
    """A copy of a tiny model that a test may spoil."""
    return shutil.copytree(tiny_model("llava"), tmp_path / "model")


def refused(path, **wish) -> str:
    from agent.perception.vlm.local.loading import LoadWish, load

    with pytest.raises(ConfigError) as caught:
        load(LoadWish(path=path, **wish))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_no_folder(tmp_path):
    assert "no folder" in refused(tmp_path / "nothing")
    (tmp_path / "file").touch()
    assert "no folder" in refused(tmp_path / "file")


def test_no_config(tmp_path):
    assert "no config.json" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"{}", b'{"model_type": 3}', b"[" * 9000])
def test_a_config_that_is_none(folder, content):
    (folder / "config.json").write_bytes(content)
    assert "config.json" in refused(folder)


def test_an_unknown_family(folder):
    edit(folder / "config.json", model_type="bert")
    said = refused(folder)
    assert "'bert'" in said
    assert "qwen2_5_vl" in said


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    assert "model.safetensors' are missing" in refused(folder)


def test_a_missing_shard(folder):
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    assert "model-00001-of-00002.safetensors" in refused(folder)


@pytest.mark.parametrize("content", ["{}", '{"weight_map": {}}', '{"weight_map": 3}', "nonsense"])
def test_an_index_that_is_none(folder, content):
    (folder / "model.safetensors.index.json").write_text(content)
    assert "index.json" in refused(folder)


def test_an_index_that_points_out_of_its_folder(folder):
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../other.safetensors"}}')
    assert "../other.safetensors" in refused(folder)


def test_pickled_weights_are_not_read(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "pickled ('pytorch_model.bin')" in refused(folder)


@pytest.mark.parametrize("damage", ["cut", "header", "empty"])
def test_damaged_weights(folder, damage):
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes({"cut": whole[: len(whole) // 2], "header": b"\xff" * 100, "empty": b""}[damage])
    assert "cannot be loaded" in refused(folder)


def test_weights_that_are_left_out_are_not_made_up(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    left_out = next(name for name in weights if "multi_modal_projector" in name)
    del weights[left_out]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "not in the folder" in refused(folder)


def test_weights_of_another_shape(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 64
    (folder / "config.json").write_text(json.dumps(config))
    assert "cannot be loaded" in refused(folder)


def test_a_folder_without_its_processor(folder):
    for name in ("processor_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    assert "processor" in refused(folder)


def test_a_folder_without_its_template(folder):
    (folder / "chat_template.jinja").unlink()
    assert "no chat template" in refused(folder)


def test_a_template_without_pictures(folder):
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m['role'] }}{% endfor %}")
    assert "shows no pictures" in refused(folder)


def test_a_device_that_is_not_here(folder):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert "no device 'cuda' here; there is cpu" in refused(folder, device="cuda")


def test_on_a_cpu_all_is_float32_and_attention_is_fused(loaded):
    import torch

    model = loaded("qwen2.5-vl").model
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize(
    ("device", "wide", "expected"),
    [
        ("cpu", True, "float32"),
        ("cuda", True, "bfloat16"),
        ("cuda:1", True, "bfloat16"),
        ("cuda:0", False, "float16"),
        ("mps", True, "float16"),
    ],
)
def test_numbers_are_what_the_device_is_good_at(device, wide, expected, tmp_path):
    """Of GPUs that are not here; `wide`: whether it has bfloat16 in hardware."""
    import torch

    from agent.perception.vlm.local.loading import LoadWish, _dtype

    gpu = SimpleNamespace(is_bf16_supported=lambda *, including_emulation: wide or including_emulation)
    there = SimpleNamespace(cuda=gpu, **{name: getattr(torch, name) for name in ("float32", "float16", "bfloat16")})
    assert _dtype(LoadWish(path=tmp_path), device, there) == getattr(torch, expected)
    assert _dtype(LoadWish(path=tmp_path, dtype="float32"), device, there) == torch.float32


def test_half_precision_where_asked(loaded, pictures, question):
    import torch

    model = loaded("smolvlm", dtype="bfloat16")
    prepared = model.prepare(question(model, pictures(1)))
    assert prepared.inputs.tensors["pixel_values"].dtype == torch.bfloat16
    assert len(model.generate([prepared])) == 1


@pytest.mark.parametrize(("bits", "kind"), [("4bit", "Linear4bit"), ("8bit", "Linear8bitLt")])
@pytest.mark.parametrize("family", ["smolvlm", "qwen2.5-vl"])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:MatMul8bitLt", "ignore:.*bitsandbytes")
def test_quantised(bits, kind, family, loaded, pictures, question):
    pytest.importorskip("bitsandbytes")
    model = loaded(family, quantise=bits)
    assert sum(type(part).__name__ == kind for part in model.model.modules()) > 10
    assert len(model.generate([model.prepare(question(model, pictures(1)))])) == 1


def test_code_of_a_folder_runs_only_when_named(tiny_model, tmp_path):
    """A family of its own, whose folder brings its classes; the marker shows whether they ran."""
    from safetensors.torch import save_file
    from transformers import LlavaForConditionalGeneration

    from agent.perception.vlm.local.loading import LoadWish, load

    folder = shutil.copytree(tiny_model("llava"), tmp_path / "own")
    weights = LlavaForConditionalGeneration.from_pretrained(folder).state_dict()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})  # a known family's have older names
    marker = tmp_path / "ran"
    (folder / "own_model.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlavaConfig, LlavaForConditionalGeneration\n"
        f"Path({str(marker)!r}).touch()\n"
        "class OwnConfig(LlavaConfig):\n    model_type = 'own'\n"
        "class OwnModel(LlavaForConditionalGeneration):\n    config_class = OwnConfig\n"
    )
    classes = {"AutoConfig": "own_model.OwnConfig", "AutoModelForImageTextToText": "own_model.OwnModel"}
    edit(folder / "config.json", model_type="own", auto_map=classes)
    assert "name 'own' in `trust_remote_code`" in refused(folder)
    assert "name 'own' in `trust_remote_code`" in refused(folder, trust_remote_code=("other",))
    assert not marker.exists()
    model = load(LoadWish(path=folder, trust_remote_code=("own",)))
    assert marker.exists()
    assert model.family.reached == "trust_remote_code"
    assert type(model.model).__name__ == "OwnModel"


def test_code_beside_a_known_family_never_runs(folder, tmp_path):
    from agent.perception.vlm.local.loading import LoadWish, load

    marker = tmp_path / "ran"
    (folder / "own_model.py").write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\n")
    edit(folder / "config.json", auto_map={"AutoConfig": "own_model.OwnConfig", "AutoModel": "own_model.OwnModel"})
    assert load(LoadWish(path=folder, trust_remote_code=("llava",))).family.name == "LLaVA-1.5"
    assert not marker.exists()
