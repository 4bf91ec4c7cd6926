"""A checkpoint of the original LLaVA code says the same once it is converted: tiny ones, laid out as theirs are."""

import json

import pytest

from vidette.errors import ConfigError

pytestmark = [pytest.mark.needs_models, pytest.mark.usefixtures("_torch")]
KINDS = ["mlp2x_gelu_Norm", "mlp2x_gelu"]


class Original:
    """The parts of the original model, put together as its code does."""

    def __init__(self, kind: str):
        import torch
        from torch import nn
        from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

        from tests.tiny_llava import CLIP, TEXT

        torch.manual_seed(5)
        norm = [nn.LayerNorm(32)] if kind.endswith("_Norm") else []
        self.kind = kind
        self.llama = LlamaForCausalLM(LlamaConfig(**TEXT | {"vocab_size": 265})).eval()
        self.vision = CLIPVisionModel(CLIPVisionConfig(**CLIP)).eval()
        self.projector = nn.Sequential(
            nn.Linear(32, 32), *norm, nn.GELU(), nn.Linear(32, 32), *norm and [nn.LayerNorm(32)]
        )
        for part in (self.llama, self.vision, self.projector):
            for weights in part.parameters():
                weights.data.normal_(std=0.2)

    def write(self, folder, *, pickled=True):
        """Two files of the language model, the vision tower in `vit/`."""
        import torch
        from safetensors.torch import save_file
        from transformers import CLIPImageProcessor

        from tests.tiny_llava import SQUARE
        from tests.tiny_tokens import tokenizer

        tower = folder / "vit" / "clip-tiny"
        tower.mkdir(parents=True)
        own = {f"model.mm_projector.{name}": tensor for name, tensor in self.projector.state_dict().items()}
        own |= {f"model.vision_tower.vision_tower.vision_model.{k}": v * 0 for k, v in self.vision.state_dict().items()}
        own["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(4)
        vision = {f"vision_model.{name}": tensor for name, tensor in self.vision.state_dict().items()}
        vision["vision_model.embeddings.position_ids"] = torch.arange(5)
        for place, tensors in enumerate((self.llama.state_dict(), own)):
            if pickled:
                torch.save(tensors, folder / f"pytorch_model-0000{place + 1}-of-00002.bin")
            else:
                save_file(tensors, folder / f"model-0000{place + 1}-of-00002.safetensors")
        torch.save(vision, tower / "pytorch_model.bin")
        self.vision.config.save_pretrained(tower)
        CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=SQUARE).save_pretrained(tower)
        tokenizer("###").save_pretrained(folder)
        said = {"mm_projector_type": self.kind, "mm_vision_tower": "./vit/clip-tiny", "mm_vision_select_layer": -2}
        said |= {"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava", "image_aspect_ratio": "pad"}
        (folder / "config.json").write_text(json.dumps(self.llama.config.to_dict() | said))
        return folder

    def logits(self, input_ids, pixels, picture: int):
        """Of the last token: the words' embeddings, with the projected patches where the picture stands."""
        import torch

        with torch.no_grad():
            shown = self.vision(pixels, output_hidden_states=True).hidden_states[-2][:, 1:]
            words = self.llama.model.embed_tokens(input_ids.where(input_ids != picture, 0))
            words[input_ids == picture] = self.projector(shown).flatten(0, 1)
            return self.llama(inputs_embeds=words).logits[:, -1]


@pytest.fixture(params=KINDS)
def original(request):
    return Original(request.param)


def loaded(folder):
    from agent.perception.vlm.local.loading import LoadWish, load

    return load(LoadWish(path=folder, device="cpu"))


@pytest.mark.parametrize("pickled", [True, False])
def test_it_says_the_same(original, pickled, tmp_path, pictures, question, scores):
    from agent.perception.vlm.local.conversion import convert

    count = convert(original.write(tmp_path / "old", pickled=pickled), tmp_path / "new")
    model = loaded(tmp_path / "new")
    assert count == len(model.model.state_dict())
    for shown in (pictures(1), pictures(2)):
        prepared = model.prepare(question(model, shown))
        ids, pixels = (prepared.inputs.tensors[key] for key in ("input_ids", "pixel_values"))
        expected = original.logits(ids, pixels, model.processor.image_token_id)
        found = scores(model, [prepared])
        assert (found[:, : expected.shape[1]] - expected).abs().max() < 1e-4
        assert found.argmax() < expected.shape[1]  # never the token that was added


def test_what_it_became(tmp_path):
    from agent.perception.vlm.local.conversion import convert

    for kind, name in zip(KINDS, ("Yi-VL", "LLaVA-1.5"), strict=True):
        convert(Original(kind).write(tmp_path / kind), tmp_path / f"new-{kind}")
        model = loaded(tmp_path / f"new-{kind}")
        assert model.family.name == name
        assert model.style.template.system == "parts"
    yi = loaded(tmp_path / f"new-{KINDS[0]}")
    assert yi.tokenizer.convert_tokens_to_ids("###") in yi.ends


def test_turns_are_those_it_was_trained_on(tmp_path, pictures):
    from agent.perception.vlm.local.asked import Asked
    from agent.perception.vlm.local.conversion import convert

    convert(Original(KINDS[0]).write(tmp_path / "old"), tmp_path / "new")
    model = loaded(tmp_path / "new")
    prepared = model.prepare(Asked(parts=(0, "Who?"), images=tuple(pictures(1)), system="Watch."))
    said = model.tokenizer.decode(prepared.inputs.tensors["input_ids"][0])
    assert said == "Watch.\n\n### Human: " + "<image>" * 4 + "\nWho?\n### Assistant:"


def test_a_picture_is_padded_to_a_square(tmp_path, pictures):
    """As the original does where its config says `pad`: nothing at the sides is cut off."""
    from agent.perception.vlm.local.conversion import convert

    convert(Original(KINDS[0]).write(tmp_path / "old"), tmp_path / "new")
    assert loaded(tmp_path / "new").processor.image_processor.do_pad


def refused(source, out) -> str:
    from agent.perception.vlm.local.conversion import convert

    with pytest.raises(ConfigError) as caught:
        convert(source, out)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_loading_the_original_says_what_to_do(tmp_path):
    folder = Original(KINDS[0]).write(tmp_path / "old")
    with pytest.raises(ConfigError, match="vidette models convert"):
        loaded(folder)


def test_what_cannot_be_converted(tmp_path, tiny_model):
    assert "no checkpoint of the original" in refused(tiny_model("llava"), tmp_path / "new")
    folder = Original(KINDS[0]).write(tmp_path / "old")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert "not empty" in refused(folder, tmp_path / "full")
    (folder / "vit").rename(folder / "elsewhere")
    assert "no vision tower" in refused(folder, tmp_path / "new")


def test_a_tower_outside_of_the_folder_is_not_read(tmp_path):
    folder = Original(KINDS[0]).write(tmp_path / "old")
    (folder / "vit" / "clip-tiny").rename(tmp_path / "tower")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"mm_vision_tower": "../tower"}))
    assert "no vision tower" in refused(folder, tmp_path / "new")


def test_a_weight_without_a_place(tmp_path):
    import torch

    folder = Original(KINDS[0]).write(tmp_path / "old")
    torch.save({"model.resampler.query": torch.zeros(3)}, folder / "pytorch_model-00003-of-00003.bin")
    assert "no place for the weight 'model.resampler.query'" in refused(folder, tmp_path / "new")


class Runs:
    """What a pickle runs when it is read."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (type(self.marker).touch, (self.marker,))


def test_code_in_a_pickle_does_not_run(tmp_path):
    import torch

    folder = Original(KINDS[0]).write(tmp_path / "old")
    marker = tmp_path / "ran"
    torch.save({"model.norm.weight": Runs(marker)}, folder / "pytorch_model-00001-of-00002.bin")
    assert "cannot be read" in refused(folder, tmp_path / "new")
    assert not marker.exists()
