"""Models of random weights in the shapes of real ones: as fast or slow as those, and they say nothing.

The numbers are of the published config.json files (Qwen/Qwen2.5-VL-3B-Instruct, -7B-Instruct); `smol` is a small one of
our own in the form of SmolVLM, `tiny` one for tests. Tokens are bytes, so that no tokenizer need be fetched: text has
some four times the tokens that it has with a real one, pictures have as many.
"""

from typing import Any

from agent.perception.vlm.families import family_of
from agent.perception.vlm.local.chat import chat_of
from agent.perception.vlm.local.generation import Loaded
from agent.perception.vlm.local.torch_ready import libraries
from tests.tiny_models import BUILDERS

_QWEN_VISION = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "window_size": 112,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
_QWEN_TEXT = {
    "num_key_value_heads": 2,
    "max_position_embeddings": 128_000,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0, "mrope_section": [16, 24, 24]},
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
_QWEN: dict[str, tuple[dict[str, Any], bool]] = {
    "qwen2.5-vl-3b": (
        {
            "hidden_size": 2048,
            "intermediate_size": 11_008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "vocab_size": 151_936,
        },
        True,
    ),
    "qwen2.5-vl-7b": (
        {
            "hidden_size": 3584,
            "intermediate_size": 18_944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "vocab_size": 152_064,
        },
        False,
    ),
}
SHAPES = ("tiny", "smol", *_QWEN)


def made(shape: str, device: str) -> Loaded:
    """A model of a shape on a device: bfloat16 on a GPU, float32 elsewhere."""
    ready = libraries()
    torch = ready.torch
    model_class, config, processor = _parts(shape)
    torch.manual_seed(7)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = model_class._from_config(config, dtype=dtype).eval()
    finally:
        torch.set_default_dtype(usual)
    model.generation_config.update(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    return Loaded(
        family=family_of(config.model_type),
        libraries=ready,
        model=model,
        processor=processor,
        style=chat_of(processor, "images"),
    )


def parameters(model: Loaded) -> int:
    """How many weights it has."""
    return sum(weights.numel() for weights in model.model.parameters())


def _parts(shape: str) -> tuple[Any, Any, Any]:
    if shape == "tiny":
        return BUILDERS["smolvlm"]()
    if shape == "smol":
        return _smol()
    return _qwen(*_QWEN[shape])


def _smol() -> tuple[Any, Any, Any]:
    model_class, config, processor = BUILDERS["smolvlm"]()
    config.vision_config.update(
        {"hidden_size": 192, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 6}
    )
    config.text_config.update(
        {
            "hidden_size": 192,
            "intermediate_size": 512,
            "num_hidden_layers": 8,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "head_dim": 32,
            "max_position_embeddings": 16_384,
        }
    )
    return model_class, config, processor


def _qwen(text: dict[str, Any], tied: bool) -> tuple[Any, Any, Any]:
    from transformers import Qwen2_5_VLConfig, Qwen2VLImageProcessor

    model_class, tiny, processor = BUILDERS["qwen2.5-vl"]()
    processor.image_processor = Qwen2VLImageProcessor(patch_size=14, merge_size=2, temporal_patch_size=2)
    ids = {name: getattr(tiny, name) for name in ("image_token_id", "video_token_id", "vision_start_token_id")}
    config = Qwen2_5_VLConfig(
        text_config={**_QWEN_TEXT, **text},
        vision_config={**_QWEN_VISION, "out_hidden_size": text["hidden_size"]},
        tie_word_embeddings=tied,
        **ids,
    )
    return model_class, config, processor
