"""LoRA adapters change what a model says, one after the other; what fits nowhere is refused."""

import json

import pytest

from vidette.errors import ConfigError

pytestmark = [pytest.mark.needs_models, pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:.*bitsandbytes")]


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    """`adapter(seed)`: a folder with LoRA weights for the language part of tiny SmolVLM, drawn by chance."""
    peft = pytest.importorskip("peft")
    import torch
    from transformers import AutoModelForImageTextToText

    def made(seed: int):
        folder = tmp_path_factory.mktemp("adapter")
        torch.manual_seed(seed)
        wish = peft.LoraConfig(r=4, target_modules=r".*text_model.*(q_proj|v_proj)$", init_lora_weights=False)
        base = AutoModelForImageTextToText.from_pretrained(tiny_model("smolvlm"))
        peft.get_peft_model(base, wish).save_pretrained(folder)
        return folder

    return made


def test_adapters_add_up(adapter, loaded, pictures, question, scores):
    one, two = adapter(1), adapter(2)
    rows = []
    for adapters in ((), (one,), (one, two), (two, one)):
        model = loaded("smolvlm", adapters=adapters)
        rows.append(scores(model, [model.prepare(question(model, pictures(1)))]))
    plain, first, both, turned = rows
    assert (plain - first).abs().max() > 1e-3
    assert (first - both).abs().max() > 1e-3
    assert (both - turned).abs().max() < 1e-3


def test_on_quantised_weights_too(adapter, loaded, pictures, question, scores):
    pytest.importorskip("bitsandbytes")
    rows = []
    for adapters in ((), (adapter(1), adapter(2))):
        model = loaded("smolvlm", adapters=adapters, quantise="4bit")
        rows.append(scores(model, [model.prepare(question(model, pictures(1)))]))
    assert (rows[0] - rows[1]).abs().max() > 1e-3


def test_no_adapter_there(loaded, tmp_path):
    pytest.importorskip("peft")
    with pytest.raises(ConfigError, match=r"no adapter_config\.json"):
        loaded("smolvlm", adapters=(tmp_path,))
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.bin").touch()
    with pytest.raises(ConfigError, match="pickled"):
        loaded("smolvlm", adapters=(tmp_path,))


def test_an_adapter_of_another_model(adapter, loaded):
    folder = adapter(1)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"target_modules": ["nowhere_proj"]}))
    with pytest.raises(ConfigError, match="does not fit the model"):
        loaded("smolvlm", adapters=(folder,))


@pytest.mark.parametrize("change", [{"r": 8}, {"target_modules": r".*text_model.*(k_proj)$"}])
def test_weights_that_fit_elsewhere(adapter, loaded, change):
    folder = adapter(1)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | change))
    with pytest.raises(ConfigError, match="does not fit the model"):
        loaded("smolvlm", adapters=(folder,))
